import { Button } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { Output } from '../../../src-shared/contract.ts';
import { AT_START } from '../../../src-shared/setting-groups.ts';
import { SETTING_INFOS, type SettingInfo, type SettingKey } from '../../../src-shared/settings.ts';
import { useAction } from '../../store/calls.ts';
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

interface Props {
  name: SettingKey;
  label: string;
  settings: Output<'settings.get'>;
}

/** One setting of the schema, with what it does and where its value comes from. */
export function SettingRow({ name, label, settings: { values, sources } }: Props) {
  const set = useAction('settings.set', ['settings.get', 'queue.list', 'file.get', 'library.dryRun']);
  const store = (value: unknown) => set.mutate({ values: { [name]: value } });
  const info = INFOS.get(name);
  if (!info) return null;
  const pinned = pinnedBy(name, sources);
  return (
    <div className={classes.field}>
      <SettingField
        info={info}
        label={label}
        value={values[name]}
        locked={pinned !== undefined || info.outside === true}
        store={store}
      />
      <Note info={info} source={sources[name]} pinned={pinned} reset={() => store(null)} />
    </div>
  );
}
