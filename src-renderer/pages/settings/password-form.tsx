import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Password } from '../../../src-shared/access.ts';
import { messageOf } from '../../../src-shared/errors.ts';
import { tell } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { call } from '../../transport.ts';

/** Sets the password, or changes it for who knows the old one. */
export function PasswordForm() {
  const about = useLive((live) => live.about);
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const changing = about?.password === true;
  const parsed = Password.safeParse(password);
  const tooShort = password !== '' && !parsed.success ? 'At least 8 characters, please.' : null;
  const differs = again !== '' && again !== password ? 'This is not the same.' : null;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      await call('access.setPassword', {
        password,
        ...(changing && { old }),
        ...(about?.session && { keep: about.session }),
      });
      if (about) useLive.setState({ about: { ...about, password: true } });
      for (const clear of [setOld, setPassword, setAgain]) clear('');
      tell(changing ? 'The password is changed; all other browsers are signed out.' : 'The password is set.');
    } catch (error) {
      setTrouble(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={360}>
        {changing && (
          <PasswordInput
            label="Present password"
            autoComplete="current-password"
            value={old}
            error={trouble}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label="New password"
          description="At least 8 characters. A sentence is easy to remember and hard to guess."
          autoComplete="new-password"
          value={password}
          error={tooShort ?? (changing ? null : trouble)}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="Once more"
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
            {changing ? 'Change the password' : 'Set the password'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
