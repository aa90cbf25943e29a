import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { authenticate, useLive } from '../../store/live.ts';
import { Frame } from './frame.tsx';
import { SignIn } from './sign-in.tsx';
import { SignedOut } from './signed-out.tsx';

/** Renders its children when signed in, else the sign-in page. */
export function RequireAuth({ children }: { children: ReactNode }) {
  const connection = useLive((live) => live.connection);
  const about = useLive((live) => live.about);
  const error = useLive((live) => live.error);
  if (!about) {
    // The window signs itself in: until it has, it shows what is about to be filled.
    if (!error) return desktop ? children : null;
    return (
      <Frame title="Flotilla">
        <ErrorAlert error={error} retry={() => void authenticate()} />
        <Text size="xs" c="dimmed">
          Retrying automatically.
        </Text>
      </Frame>
    );
  }
  if (connection !== 'signed-out') return children;
  return about.password ? <SignIn name={about.name} /> : <SignedOut name={about.name} error={error} />;
}
