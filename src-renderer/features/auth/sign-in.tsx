import { Button, Code, PasswordInput, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { signIn } from '../../lib/transport.ts';
import { useLive } from '../../store/live.ts';
import { Frame } from './frame.tsx';

/** Asks for the password of the computer with this name. */
export function SignIn({ name }: { name: string }) {
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      useLive.setState({ about: await signIn(password) });
    } catch (failure) {
      setError(messageOf(failure));
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
          error={error}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" fullWidth mt="md" loading={busy} disabled={password === ''}>
          Sign in
        </Button>
      </form>
      <Text size="xs" c="dimmed">
        Forgot it? Run <Code>flotilla forget-password</Code> on {name}. Its next start prints an address that signs you
        in.
      </Text>
    </Frame>
  );
}
