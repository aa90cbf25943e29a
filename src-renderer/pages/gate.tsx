import { Button, Code, PasswordInput, Text } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { messageOf } from '../../src-shared/errors.ts';
import { Trouble } from '../components/bits.tsx';
import { Logo } from '../components/logo.tsx';
import { desktop } from '../desktop.ts';
import { knock, useLive } from '../store/live.ts';
import { signIn } from '../transport.ts';
import classes from './gate.module.css';

function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={classes.outside}>
      <div className={classes.card}>
        <span className={classes.logo}>
          <Logo size={40} />
        </span>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

function SignIn({ name }: { name: string }) {
  const [password, setPassword] = useState('');
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      useLive.setState({ about: await signIn(password) });
    } catch (error) {
      setTrouble(messageOf(error));
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <Frame title={`Flotilla on ${name}`}>
      <form onSubmit={submit}>
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          data-autofocus
          autoFocus
          value={password}
          error={trouble}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" fullWidth mt="md" loading={busy} disabled={password === ''}>
          Sign in
        </Button>
      </form>
      <Text size="xs" c="dimmed">
        Forgotten? Run <Code>flotilla forget-password</Code> on {name}; its next start prints an address that lets you
        in.
      </Text>
    </Frame>
  );
}

function NoWayIn({ name, trouble }: { name: string; trouble: string | null }) {
  return (
    <Frame title={`Flotilla on ${name}`}>
      {trouble && <Text c="var(--fl-failed)">{trouble}</Text>}
      {desktop ? (
        <Text>
          This window is signed out. Press <Code>{desktop.platform === 'darwin' ? '⌘R' : 'Ctrl+R'}</Code>, and it signs
          itself in again.
        </Text>
      ) : (
        <Text>
          This browser is not signed in, and no password is set yet. Open the address that <Code>flotilla serve</Code>{' '}
          printed on {name}; then set a password under Settings, Access.
        </Text>
      )}
    </Frame>
  );
}

/** Lets in whoever is signed in; everyone else learns how to get in. */
export function Gate({ children }: { children: ReactNode }) {
  const connection = useLive((live) => live.connection);
  const about = useLive((live) => live.about);
  const trouble = useLive((live) => live.trouble);
  if (!about) {
    // The window signs itself in: until it has, it shows what is about to be filled.
    if (!trouble) return desktop ? children : null;
    return (
      <Frame title="Flotilla">
        <Trouble error={trouble} retry={() => void knock()} />
        <Text size="xs" c="dimmed">
          This page tries again by itself.
        </Text>
      </Frame>
    );
  }
  if (connection !== 'outside') return children;
  return about.password ? <SignIn name={about.name} /> : <NoWayIn name={about.name} trouble={trouble} />;
}
