import { SettingGroups } from './setting-groups.tsx';
import classes from './settings.module.css';
import { AudioTableForm, QualityTableForm } from './tables.tsx';

/** What results look like, and how large they get. */
export function QualitySection() {
  return (
    <SettingGroups section="quality">
      <div className={classes.form}>
        <QualityTableForm />
      </div>
    </SettingGroups>
  );
}

/** What becomes of audio and all other tracks. */
export function TracksSection() {
  return (
    <SettingGroups section="tracks">
      <div className={classes.form}>
        <AudioTableForm />
      </div>
    </SettingGroups>
  );
}
