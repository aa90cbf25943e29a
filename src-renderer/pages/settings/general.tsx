import { Button } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { Output } from '../../../src-shared/contract.ts';
import { AT_START, SETTING_GROUPS } from '../../../src-shared/setting-groups.ts';
import { SETTING_INFOS, type SettingInfo, type SettingKey } from '../../../src-shared/settings.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { pinnedBy } from './pinned.ts';
import { SettingField } from './setting-field.tsx';
import classes from './settings.module.css';

const INFOS = new Map<string, SettingInfo>(SETTING_INFOS.map((info) => [info.key, info]));

interface NoteProps {
  info: SettingInfo;
  source: Output<'settings.get'>['sources'][string] | undefined;
  pinned: string | undefined;
  reset: () => void;
}

/** Where a value comes from, when that matters to whoever wants to change it. */
function Note({ info, source, pinned, reset }: NoteProps) {
  if (pinned) {
    return (
      <div className={classes.note}>
        <IconLock size={14} aria-hidden />
        Set by {pinned} where Flotilla was started, and locked here.
      </div>
    );
  }
  if (info.outside) {
    return (
      <div className={classes.note}>
        <IconLock size={14} aria-hidden />
        It names a program that runs, so only who starts Flotilla sets it, with {info.env}.
      </div>
    );
  }
  const later = AT_START.has(info.key) ? 'Counts from the next start on.' : '';
  if (source !== 'stored') return later ? <div className={classes.note}>{later}</div> : null;
  return (
    <div className={classes.note}>
      {later}
      <Button variant="transparent" size="compact-xs" px={0} onClick={reset}>
        Back to the standard
      </Button>
    </div>
  );
}

/** Every setting of the schema, with what it does and where its value comes from. */
export function GeneralSection() {
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get', 'queue.list', 'file.get', 'library.dryRun']);
  if (settings.error) return <Trouble error={settings.error} retry={settings.refetch} />;
  if (!settings.data) return <Loading lines={8} height={56} />;
  const { values, sources } = settings.data;
  const store = (key: SettingKey, value: unknown) => set.mutate({ values: { [key]: value } });
  return (
    <div className={classes.form}>
      {SETTING_GROUPS.map((group) => (
        <section key={group.title} aria-label={group.title}>
          <h2 className={classes.group}>{group.title}</h2>
          {Object.entries(group.settings).map(([key, label]) => {
            const info = INFOS.get(key);
            if (!info) return null;
            const pinned = pinnedBy(info.key, sources);
            return (
              <div key={key} className={classes.field}>
                <SettingField
                  info={info}
                  label={label}
                  value={values[info.key]}
                  locked={pinned !== undefined || info.outside === true}
                  store={(value) => store(info.key, value)}
                />
                <Note info={info} source={sources[key]} pinned={pinned} reset={() => store(info.key, null)} />
              </div>
            );
          })}
        </section>
      ))}
    </div>
  );
}
