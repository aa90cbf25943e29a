import { useLocalStorage } from '@mantine/hooks';
import type { ReactNode } from 'react';
import {
  SETTING_SECTIONS,
  type SettingSection,
  type SettingText,
} from '../../../src-shared/settings/setting-groups.ts';
import type { SettingKey } from '../../../src-shared/settings/settings.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { useCall } from '../../store/queries.ts';
import { SettingRow } from './setting-row.tsx';
import classes from './settings.module.css';

type Entry = [name: SettingKey, text: SettingText];

/** Whether this browser shows the settings that few people need. */
export const useAdvanced = () => useLocalStorage({ key: 'flotilla-advanced-settings', defaultValue: false });

/** The groups of a section, each setting with its text. */
export function groupsOf(section: SettingSection): { title: string; entries: Entry[] }[] {
  return SETTING_SECTIONS[section].map(({ title, settings }) => ({
    title,
    entries: Object.entries(settings) as Entry[],
  }));
}

/**
 * The settings of a section; those that few people need only if asked for, or if they are changed.
 * @param props `children`: what stands below them, which would move if it were there before them
 */
export function SettingGroups({ section, children }: { section: SettingSection; children?: ReactNode }) {
  const settings = useCall('settings.get', {});
  const [advanced] = useAdvanced();
  if (settings.error) return <ErrorAlert error={settings.error} retry={settings.refetch} />;
  if (!settings.data) return <Loading lines={4} height={56} />;
  const { data } = settings;
  const isShown = ([name, text]: Entry) =>
    advanced || !text.advanced || data.sources[name] !== 'default' || window.location.hash === `#setting-${name}`;
  return (
    <>
      <div className={classes.form}>
        {groupsOf(section).map(({ title, entries }) => {
          const shown = entries.filter(isShown);
          if (shown.length === 0) return null;
          return (
            <Section key={title} title={title}>
              {shown.map(([name, text]) => (
                <SettingRow key={name} name={name} text={text} settings={data} />
              ))}
            </Section>
          );
        })}
      </div>
      {children}
    </>
  );
}
