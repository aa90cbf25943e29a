import { Tabs } from '@mantine/core';
import { useLocation, useParams } from 'wouter';
import { PageBody, PageHead } from '../../components/page.tsx';
import { desktop } from '../../desktop.ts';
import { LostPage } from '../lost.tsx';
import { AboutSection } from './about.tsx';
import { AccessSection } from './access.tsx';
import { DesktopSection } from './desktop.tsx';
import { GeneralSection } from './general.tsx';
import { LibrariesSection } from './libraries.tsx';
import { RoleSection } from './role.tsx';
import classes from './settings.module.css';
import { TablesSection } from './tables.tsx';
import { VaultSection } from './vault.tsx';

const SECTIONS = {
  general: { title: 'General', Content: GeneralSection },
  role: { title: 'Role', Content: RoleSection },
  libraries: { title: 'Libraries', Content: LibrariesSection },
  tables: { title: 'Quality tables', Content: TablesSection },
  vault: { title: 'Vault', Content: VaultSection },
  access: { title: 'Access', Content: AccessSection },
  ...(desktop && { desktop: { title: 'Desktop', Content: DesktopSection } }),
  about: { title: 'About', Content: AboutSection },
};

const intoSight = (tab: HTMLElement | null) => tab?.scrollIntoView({ block: 'nearest', inline: 'center' });

/** Everything that can be set, one part at a time. */
export function SettingsPage() {
  const { section = 'general' } = useParams<{ section?: string }>();
  const [, navigate] = useLocation();
  const known = Object.hasOwn(SECTIONS, section) ? SECTIONS[section as keyof typeof SECTIONS] : undefined;
  if (!known) return <LostPage />;
  return (
    <>
      <PageHead title="Settings" sentence="Changes count at once, and for films that are planned from now on." />
      <PageBody>
        <Tabs value={section} onChange={(next) => navigate(`/settings/${next}`)} keepMounted={false}>
          <Tabs.List mb="lg" className={classes.tabs}>
            {Object.entries(SECTIONS).map(([key, { title }]) => (
              <Tabs.Tab key={key} value={key} ref={key === section ? intoSight : undefined}>
                {title}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={section}>
            <known.Content />
          </Tabs.Panel>
        </Tabs>
      </PageBody>
    </>
  );
}
