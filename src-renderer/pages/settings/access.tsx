import {
  Button,
  Code,
  Group,
  SegmentedControl,
  Stack,
  Table,
  Text,
  TextInput,
  useMantineColorScheme,
} from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import type { Output } from '../../../src-shared/contract.ts';
import { Loading, Trouble, When } from '../../components/bits.tsx';
import { CopyText } from '../../components/copy-text.tsx';
import { Section } from '../../components/page.tsx';
import { desktop } from '../../desktop.ts';
import { tell, tellTrouble, useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { signOut } from '../../transport.ts';
import { PasswordForm } from './password-form.tsx';
import classes from './settings.module.css';

/** The desktop's own window signs itself in, and is no browser to its user. */
const HERE = desktop ? 'This window' : 'This browser';

type Access = Output<'access.get'>;

const BROWSERS: [pattern: RegExp, name: string][] = [
  [/Electron/, 'The Flotilla window'],
  [/Edg/, 'Edge'],
  [/Firefox/, 'Firefox'],
  [/Chrom/, 'Chrome'],
  [/Safari/, 'Safari'],
];
const SYSTEMS: [pattern: RegExp, name: string][] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** What people call a browser, from what it calls itself; the more telling names come first in the lists. */
function browserName(agent: string): string {
  const name = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(agent))?.[1];
  return [name(BROWSERS) ?? 'A browser', name(SYSTEMS)].filter(Boolean).join(' on ');
}

function Sessions({ sessions }: { sessions: Access['sessions'] }) {
  const own = useLive((live) => live.about?.session ?? null);
  const end = useAction('access.signOut', ['access.get']);
  return (
    <Stack gap="sm">
      <div className={classes.scroll}>
        <Table verticalSpacing={4}>
          <Table.Tbody>
            {sessions.map(({ id, agent, address, seenAt }) => (
              <Table.Tr key={id}>
                <Table.Td title={agent}>{browserName(agent)}</Table.Td>
                <Table.Td className={classes.wide}>{address}</Table.Td>
                <Table.Td>{id === own ? HERE : <When time={seenAt} />}</Table.Td>
                <Table.Td ta="right">
                  {id !== own && (
                    <Button variant="subtle" onClick={() => end.mutate({ session: id })}>
                      Sign out
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group gap="xs">
        <Button
          variant="default"
          disabled={sessions.every(({ id }) => id === own)}
          onClick={() => end.mutate({ keep: own }, { onSuccess: () => tell('All other browsers are signed out.') })}
        >
          Sign out all others
        </Button>
        {!desktop && (
          <Button variant="default" onClick={() => signOut().catch(tellTrouble)}>
            Sign out here
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Tokens({ tokens }: { tokens: Access['tokens'] }) {
  const [name, setName] = useState('');
  const create = useAction('access.createToken', ['access.get']);
  const remove = useAction('access.removeToken', ['access.get']);
  const askRemove = (token: Access['tokens'][number]) =>
    modals.openConfirmModal({
      title: `Take back the token ${token.name}?`,
      children: 'Scripts that use it are turned away from now on.',
      labels: { confirm: 'Take it back', cancel: 'Keep it' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate({ id: token.id }),
    });
  return (
    <Stack gap="sm">
      <Text c="dimmed">Scripts call the API with a token of their own: “Authorization: Bearer …”.</Text>
      {tokens.length > 0 && (
        <Table verticalSpacing={4}>
          <Table.Tbody>
            {tokens.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{token.name}</Table.Td>
                <Table.Td>
                  {token.usedAt === null ? (
                    'Never used'
                  ) : (
                    <>
                      Used <When time={token.usedAt} />
                    </>
                  )}
                </Table.Td>
                <Table.Td ta="right">
                  <Button variant="subtle" onClick={() => askRemove(token)}>
                    Take back
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {create.data && (
        <Stack gap="xs">
          <Text>Copy the token now; it is never shown again.</Text>
          <Code block>{create.data.token}</Code>
          <Group>
            <CopyText text={() => create.data.token}>Copy the token</CopyText>
          </Group>
        </Stack>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim() }, { onSuccess: () => setName('') });
        }}
      >
        <Group gap="xs" align="flex-end">
          <TextInput
            label="Name of a new token"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={create.isPending} disabled={!name.trim()}>
            Make a token
          </Button>
        </Group>
      </form>
    </Stack>
  );
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      aria-label="Appearance"
      data={[
        { value: 'auto', label: 'As the system' },
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
      ]}
      value={colorScheme}
      onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}
    />
  );
}

/** Who can get in, and how this browser shows things. */
export function AccessSection() {
  const access = useCall('access.get', {});
  if (access.error) return <Trouble error={access.error} retry={access.refetch} />;
  if (!access.data) return <Loading lines={6} />;
  return (
    <div className={classes.form}>
      <Section title="Password">
        {!access.data.password && (
          <Text c="dimmed" mb="sm">
            {desktop ? (
              'None is set yet. This window needs none; a browser is let in by Open in the browser, in the Help menu.'
            ) : (
              <>
                None is set yet: only the address that <Code>flotilla serve</Code> prints lets a browser in.
              </>
            )}
          </Text>
        )}
        <PasswordForm />
      </Section>
      <Section title="Signed-in browsers">
        <Sessions sessions={access.data.sessions} />
      </Section>
      <Section title="Tokens for scripts">
        <Tokens tokens={access.data.tokens} />
      </Section>
      <Section title={`Appearance in ${HERE.toLowerCase()}`}>
        <Appearance />
      </Section>
    </div>
  );
}
