import { Code, Text } from '@mantine/core';
import { desktop } from '../../lib/desktop-bridge.ts';
import { Frame } from './frame.tsx';
import { WherePrinted } from './where-printed.tsx';

/** Says how to sign in where no password is set. */
export function SignedOut({ name, error }: { name: string; error: string | null }) {
  return (
    <Frame title={`Flotilla on ${name}`}>
      {error && <Text c="var(--fl-failed)">{error}</Text>}
      {desktop ? (
        <Text>
          This window is signed out. To sign in again, press{' '}
          <Code>{desktop.platform === 'darwin' ? '⌘R' : 'Ctrl+R'}</Code>.
        </Text>
      ) : (
        <>
          <Text>
            This browser isn't signed in, and no password is set. Open the address that <Code>flotilla serve</Code>{' '}
            printed on {name}, then set a password in Settings, Access.
          </Text>
          <Text c="dimmed">
            <WherePrinted />
          </Text>
        </>
      )}
    </Frame>
  );
}
