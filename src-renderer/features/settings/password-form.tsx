import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Password } from '../../../src-shared/contract/session.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { call } from '../../lib/transport.ts';
import { useLive } from '../../store/live.ts';
import { notify, queries } from '../../store/queries.ts';

/** Sets the password, or changes it with the old one. */
export function PasswordForm() {
  const about = useLive((live) => live.about);
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const changing = about?.password === true;
  const parsed = Password.safeParse(password);
  const tooShort = password !== '' && !parsed.success ? 'Use at least 8 characters.' : null;
  const differs = again !== '' && again !== password ? "Passwords don't match." : null;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await call('access.setPassword', {
        password,
        ...(changing && { old }),
        ...(about?.session && { keep: about.session }),
      });
      if (about) useLive.setState({ about: { ...about, password: true } });
      await queries.invalidateQueries({ queryKey: ['access.get'] });
      for (const clear of [setOld, setPassword, setAgain]) clear('');
      notify(changing ? 'Password changed. All other browsers were signed out.' : 'Password set.');
    } catch (error) {
      setError(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={360}>
        {changing && (
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            value={old}
            error={error}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label="New password"
          description="At least 8 characters. A sentence is easy to remember and hard to guess."
          autoComplete="new-password"
          value={password}
          error={tooShort ?? (changing ? null : error)}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="Confirm password"
          autoComplete="new-password"
          value={again}
          error={differs}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <Group>
          <Button
            type="submit"
            loading={busy}
            disabled={!parsed.success || again !== password || (changing && old === '')}
          >
            {changing ? 'Change password' : 'Set password'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
