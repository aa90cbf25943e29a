import { Group, Switch, Tabs, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Redirect, useLocation, useParams } from 'wouter';
import { PageBody, PageHead } from '../../components/page.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { NotFoundPage } from '../not-found.tsx';
import { AboutSection } from './about.tsx';
import { AccessSection } from './access.tsx';
import { BackupSection } from './backup.tsx';
import { ComputerSection } from './computer.tsx';
import { DesktopSection } from './desktop.tsx';
import { LibrariesSection } from './libraries.tsx';
import { QualitySection, TracksSection } from './quality.tsx';
import { RoleSection } from './role.tsx';
import { SettingSearch } from './search.tsx';
import { SettingGroups, useAdvanced } from './setting-groups.tsx';
import classes from './settings.module.css';

const SECTIONS = {
  quality: { title: 'Quality', Content: QualitySection },
  tracks: { title: 'Audio and tracks', Content: TracksSection },
  safety: { title: 'Safety', Content: () => <SettingGroups section="safety" /> },
  libraries: { title: 'Libraries', Content: LibrariesSection },
  computer: { title: 'This computer', Content: ComputerSection },
  role: { title: 'Network', Content: RoleSection },
  access: { title: 'Access', Content: AccessSection },
  ...(desktop && { desktop: { title: 'Desktop', Content: DesktopSection } }),
  backup: { title: 'Backup', Content: BackupSection },
  about: { title: 'About', Content: AboutSection },
};
const FIRST = 'quality';

/** Earlier paths of sections, which may be bookmarked. */
const MOVED: Record<string, string> = { general: FIRST, tables: FIRST };

/** All settings, by section or by search. */
export function SettingsPage() {
  const { section = FIRST } = useParams<{ section?: string }>();
  const [, navigate] = useLocation();
  const [query, setQuery] = useState('');
  const [advanced, setAdvanced] = useAdvanced();
  const tabs = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a section change scrolls its tab into view, on phones
  useEffect(() => {
    const tab = tabs.current?.querySelector('[aria-selected="true"]');
    tab?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [section, query]);
  const moved = MOVED[section];
  if (moved) return <Redirect to={`/settings/${moved}`} replace />;
  const known = Object.hasOwn(SECTIONS, section) ? SECTIONS[section as keyof typeof SECTIONS] : undefined;
  if (!known) return <NotFoundPage />;
  return (
    <>
      <PageHead title="Settings" sentence="Changes are saved immediately and apply to new conversions." />
      <PageBody>
        <Group gap="md" mb="md">
          <TextInput
            className={classes.search}
            aria-label="Search settings"
            placeholder="Search settings"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
          <Switch
            label="Show advanced settings"
            checked={advanced}
            onChange={(event) => setAdvanced(event.currentTarget.checked)}
          />
        </Group>
        {query.trim() ? (
          <SettingSearch query={query} titles={SECTIONS} />
        ) : (
          <Tabs value={section} onChange={(next) => navigate(`/settings/${next}`)} keepMounted={false}>
            <Tabs.List ref={tabs} mb="lg" className={classes.tabs}>
              {Object.entries(SECTIONS).map(([key, { title }]) => (
                <Tabs.Tab key={key} value={key}>
                  {title}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value={section} className={classes.panel}>
              <known.Content />
            </Tabs.Panel>
          </Tabs>
        )}
      </PageBody>
    </>
  );
}
