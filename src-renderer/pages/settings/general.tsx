import { SETTING_GROUPS } from '../../../src-shared/setting-groups.ts';
import type { SettingKey } from '../../../src-shared/settings.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { useCall } from '../../store/calls.ts';
import { SettingRow } from './setting-row.tsx';
import classes from './settings.module.css';

/** The settings of the schema, in groups. */
export function GeneralSection() {
  const settings = useCall('settings.get', {});
  if (settings.error) return <Trouble error={settings.error} retry={settings.refetch} />;
  if (!settings.data) return <Loading lines={8} height={56} />;
  const { data } = settings;
  return (
    <div className={classes.form}>
      {SETTING_GROUPS.map(({ title, settings }) => (
        <section key={title} aria-label={title}>
          <h2 className={classes.group}>{title}</h2>
          {Object.entries(settings).map(([name, label]) => (
            <SettingRow key={name} name={name as SettingKey} label={label} settings={data} />
          ))}
        </section>
      ))}
    </div>
  );
}
