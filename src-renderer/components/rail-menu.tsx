import { Kbd, Menu, useMantineColorScheme } from '@mantine/core';
import { IconDots, IconFileText, IconHelp, IconKeyboard, IconLogout, type TablerIcon } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { Link } from 'wouter';
import { desktop } from '../lib/desktop-bridge.ts';
import { signOut } from '../lib/transport.ts';
import { notifyError } from '../store/queries.ts';
import { showShortcuts } from './keyboard-shortcuts.tsx';
import classes from './shell.module.css';
import { useNarrow } from './use-narrow.ts';

const THEMES = { auto: 'Like the system', light: 'Light', dark: 'Dark' } as const;

interface MinorPlace {
  path: string;
  label: string;
  icon: TablerIcon;
  aside?: ComponentType;
}

/**
 * What is needed rarely: logs, help, theme, and sign-out.
 * @param places - pages for which the bar of a phone has no room
 */
export function RailMenu({ places }: { places: MinorPlace[] }) {
  const narrow = useNarrow();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position={narrow ? 'top-end' : 'right-end'} width={220} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button type="button" className={`${classes.link} ${classes.menu}`} title="More">
          <IconDots size={20} stroke={1.75} aria-hidden />
          <span className={classes.label}>More</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {narrow &&
          places.map(({ path, label, icon: Icon, aside: Aside }) => (
            <Menu.Item
              key={path}
              component={Link}
              href={path}
              leftSection={<Icon size={16} aria-hidden />}
              rightSection={Aside && <Aside />}
            >
              {label}
            </Menu.Item>
          ))}
        <Menu.Item component={Link} href="/logs" leftSection={<IconFileText size={16} aria-hidden />}>
          Logs
        </Menu.Item>
        <Menu.Item component={Link} href="/help" leftSection={<IconHelp size={16} aria-hidden />}>
          Help
        </Menu.Item>
        {!narrow && (
          <Menu.Item
            leftSection={<IconKeyboard size={16} aria-hidden />}
            rightSection={<Kbd>?</Kbd>}
            onClick={showShortcuts}
          >
            Keyboard shortcuts
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Label>Theme</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as keyof typeof THEMES)}>
          {Object.entries(THEMES).map(([scheme, label]) => (
            <Menu.RadioItem key={scheme} value={scheme}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        {!desktop && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconLogout size={16} aria-hidden />}
              onClick={() => void signOut().catch(notifyError)}
            >
              Sign out
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
