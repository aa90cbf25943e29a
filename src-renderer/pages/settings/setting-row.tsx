import { ActionIcon, Anchor, Button, Popover, Text } from '@mantine/core';
import { IconCheck, IconHelp, IconLock } from '@tabler/icons-react';
import { useEffect, useId, useState } from 'react';
import { Link } from 'wouter';
import type { Output } from '../../../src-shared/contract/index.ts';
import { AT_START, type SettingText } from '../../../src-shared/settings/setting-groups.ts';
import { wordsOf } from '../../../src-shared/settings/setting-words.ts';
import { SETTING_INFOS, type SettingInfo, type SettingKey } from '../../../src-shared/settings/settings.ts';
import { lockedBy } from '../../features/settings/setting-source.ts';
import { useAction } from '../../store/queries.ts';
import { SettingField } from './setting-field.tsx';
import classes from './settings.module.css';

/** How long it is shown that a change was saved, in ms. */
const SAVED_MS = 4000;

export const INFO_BY_KEY: ReadonlyMap<string, SettingInfo> = new Map(SETTING_INFOS.map((info) => [info.key, info]));

/** What a term means, for people who meet it for the first time. */
function Explanation({ label, page, children }: { label: string; page: string; children: string }) {
  return (
    <Popover width={320} position="bottom-start" shadow="sm">
      <Popover.Target>
        <ActionIcon size="sm" aria-label={`About ${label}`}>
          <IconHelp size={16} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text>{children}</Text>
        <Anchor component={Link} href={`/help/${page}`}>
          More in the documentation
        </Anchor>
      </Popover.Dropdown>
    </Popover>
  );
}

/** True for a while after something was saved. */
function useSaved(): [saved: boolean, note: () => void] {
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (at === 0) return;
    const timer = setTimeout(() => setAt(0), SAVED_MS);
    return () => clearTimeout(timer);
  }, [at]);
  return [at > 0, () => setAt(Date.now())];
}

/** Why a setting cannot be changed here; undefined when it can. */
function lockOf({ key, env, outside }: SettingInfo, sources: Output<'settings.get'>['sources']): string | undefined {
  const pinned = lockedBy(key, sources);
  if (pinned) return `Locked: set by ${pinned} at startup.`;
  return outside ? `For security, you can set this only at startup, with ${env}.` : undefined;
}

const intoSight = (row: HTMLElement | null) => row?.scrollIntoView({ block: 'center' });

interface Props {
  name: SettingKey;
  text: SettingText;
  settings: Output<'settings.get'>;
}

/** One setting of the schema: what it does, its control, its default, and where its value comes from. */
export function SettingRow({ name, text, settings: { values, sources } }: Props) {
  const id = useId();
  const set = useAction('settings.set', ['settings.get', 'queue.list', 'file.get', 'library.dryRun']);
  const [saved, noteSaved] = useSaved();
  const info = INFO_BY_KEY.get(name);
  if (!info) return null;
  const store = (value: unknown) => set.mutate({ values: { [name]: value } }, { onSuccess: noteSaved });
  const lock = lockOf(info, sources);
  const changed = JSON.stringify(values[name]) !== JSON.stringify(info.standard);
  return (
    <div
      id={`setting-${name}`}
      // A reason that this setting decides about leads here. Without a prefix, `nodeName` would be a property of the window.
      ref={window.location.hash === `#setting-${name}` ? intoSight : undefined}
      className={classes.field}
      data-wide={info.type === 'list' || text.editor === 'folder' || undefined}
    >
      <div className={classes.about}>
        <div className={classes.label}>
          <label htmlFor={id}>{text.label}</label>
          {text.explain && (
            <Explanation label={text.label} page={text.page ?? 'encoding'}>
              {text.explain}
            </Explanation>
          )}
        </div>
        <div id={`${id}-help`} className={classes.help}>
          {text.help ?? info.help}.{AT_START.has(name) && ' Takes effect after a restart.'}
        </div>
      </div>
      <div className={classes.control}>
        {lock ? (
          <output id={id} className={classes.locked}>
            {wordsOf(text, values[name])}
          </output>
        ) : (
          <SettingField {...{ id, info, text, store }} describedBy={`${id}-help ${id}-note`} value={values[name]} />
        )}
        <div id={`${id}-note`} className={classes.note}>
          {lock ? (
            <>
              <IconLock size={14} aria-hidden />
              {lock}
            </>
          ) : (
            <>
              Default: {wordsOf(text, info.standard)}
              {changed && sources[name] === 'stored' && (
                <Button variant="transparent" size="compact-xs" px={0} onClick={() => store(null)}>
                  Reset to default
                </Button>
              )}
            </>
          )}
          <span role="status" className={classes.saved}>
            {saved && (
              <>
                <IconCheck size={14} aria-hidden />
                Saved
              </>
            )}
          </span>
        </div>
      </div>
    </div>
  );
}
