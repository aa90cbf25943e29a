import { Anchor, Text } from '@mantine/core';
import { Link } from 'wouter';
import {
  SETTING_SECTIONS,
  type SettingSection,
  type SettingText,
} from '../../../src-shared/settings/setting-groups.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { useCall } from '../../store/queries.ts';
import { groupsOf } from './setting-groups.tsx';
import { INFO_BY_KEY, SettingRow } from './setting-row.tsx';
import classes from './settings.module.css';

/** Parts of the settings with a form of their own, by the words that people look for. */
const TOPICS: [section: string, label: string, words: string][] = [
  ['quality', 'CRF by resolution and source codec', 'quality table lookup crf'],
  ['tracks', 'Opus bit rate by channel count', 'audio table lookup bitrate sound'],
  ['libraries', 'Library folders', 'library folder media scan add remove'],
  ['computer', 'Working hours', 'working hours schedule week night time jobs'],
  ['computer', 'Bandwidth limit', 'bandwidth network speed MB/s limit'],
  ['computer', 'Pause rules', 'pause battery full-screen idle temperature hot in use'],
  ['role', 'Lead other computers', 'lead master workers computers role join'],
  ['access', 'Password', 'password sign in access security'],
  ['access', 'Signed-in browsers', 'browser session sign out'],
  ['access', 'API tokens', 'api token script key'],
  ['backup', 'Backup and restore', 'backup restore database download upload export import'],
  ['about', 'Versions and system check', 'about version ffmpeg doctor check help documentation'],
];

const hits = (text: string, words: readonly string[]) => {
  const low = text.toLowerCase();
  // A search for a proxy means proxies too.
  return words.every((word) => low.includes(word) || low.includes(word.replace(/y$/, 'ies')));
};

function searchText(name: string, { label, help, explain, choices }: SettingText): string {
  const info = INFO_BY_KEY.get(name);
  return [name, label, help, explain, info?.help, info?.env, info?.flag, ...(choices ?? []).flat()].join(' ');
}

interface Props {
  query: string;
  titles: Record<string, { title: string }>;
}

/** Every setting that has all words of a query, wherever it stands. */
export function SettingSearch({ query, titles }: Props) {
  const settings = useCall('settings.get', {});
  if (settings.error) return <ErrorAlert error={settings.error} retry={settings.refetch} />;
  if (!settings.data) return <Loading lines={4} height={56} />;
  const { data } = settings;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = (Object.keys(SETTING_SECTIONS) as SettingSection[]).map((section) => ({
    section,
    entries: groupsOf(section)
      .flatMap(({ entries }) => entries)
      .filter(([name, text]) => hits(searchText(name, text), words)),
  }));
  const topics = TOPICS.filter(([section, label, more]) => titles[section] && hits(`${label} ${more}`, words));
  const found = sections.some(({ entries }) => entries.length > 0) || topics.length > 0;
  return (
    <div className={classes.form}>
      {!found && (
        <Text c="dimmed" role="status">
          No settings match.
        </Text>
      )}
      {topics.length > 0 && (
        <ul className={classes.topics} aria-label="Sections">
          {topics.map(([section, label]) => (
            <li key={label}>
              <Anchor component={Link} href={`/settings/${section}`}>
                {label}
              </Anchor>{' '}
              <Text span c="dimmed">
                in {titles[section]?.title}
              </Text>
            </li>
          ))}
        </ul>
      )}
      {sections.map(
        ({ section, entries }) =>
          entries.length > 0 && (
            <Section key={section} title={titles[section]?.title ?? section}>
              {entries.map(([name, text]) => (
                <SettingRow key={name} name={name} text={text} settings={data} />
              ))}
            </Section>
          ),
      )}
    </div>
  );
}
