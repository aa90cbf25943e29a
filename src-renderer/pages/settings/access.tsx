import { Button, Code, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import type { Output } from '../../../src-shared/contract/index.ts';
import { CopyText } from '../../components/copy-text.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { WherePrinted } from '../../features/auth/where-printed.tsx';
import { PasswordForm } from '../../features/settings/password-form.tsx';
import { desktop } from '../../lib/desktop-bridge.ts';
import { signOut } from '../../lib/transport.ts';
import { useLive } from '../../store/live.ts';
import { notify, notifyError, useAction, useCall } from '../../store/queries.ts';
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

/** What people call a browser, from what it calls itself; the more specific names come first in the lists. */
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
        <Table verticalSpacing={4} className={classes.flush}>
          <Table.Tbody>
            {sessions.map(({ id, agent, address, seenAt }) => (
              <Table.Tr key={id}>
                <Table.Td title={agent}>{browserName(agent)}</Table.Td>
                <Table.Td className={classes.wide}>{address}</Table.Td>
                <Table.Td>{id === own ? HERE : <RelativeTime time={seenAt} />}</Table.Td>
                <Table.Td ta="right">
                  {id !== own && (
                    <Button variant="default" size="compact-sm" onClick={() => end.mutate({ session: id })}>
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
          onClick={() => end.mutate({ keep: own }, { onSuccess: () => notify('All other browsers were signed out.') })}
        >
          Sign out all others
        </Button>
        {!desktop && (
          <Button variant="default" onClick={() => signOut().catch(notifyError)}>
            Sign out
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
      title: `Revoke token ${token.name}?`,
      children: 'Scripts that use it lose access immediately.',
      labels: { confirm: 'Revoke token', cancel: 'Cancel' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate({ id: token.id }),
    });
  return (
    <Stack gap="sm">
      <Text c="dimmed">Scripts use a token to call the API: “Authorization: Bearer …”.</Text>
      {tokens.length > 0 && (
        <Table verticalSpacing={4} className={classes.flush}>
          <Table.Tbody>
            {tokens.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{token.name}</Table.Td>
                <Table.Td>
                  {token.usedAt === null ? (
                    'Never used'
                  ) : (
                    <>
                      Used <RelativeTime time={token.usedAt} />
                    </>
                  )}
                </Table.Td>
                <Table.Td ta="right">
                  <Button variant="default" size="compact-sm" onClick={() => askRemove(token)}>
                    Revoke
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {create.data && (
        <Stack gap="xs">
          <Text>Copy the token now. It won't be shown again.</Text>
          <Code block>{create.data.token}</Code>
          <Group>
            <CopyText text={() => create.data.token}>Copy token</CopyText>
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
            label="Token name"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={create.isPending} disabled={!name.trim()}>
            Create token
          </Button>
        </Group>
      </form>
    </Stack>
  );
}

/** Who can get in. */
export function AccessSection() {
  const access = useCall('access.get', {});
  if (access.error) return <ErrorAlert error={access.error} retry={access.refetch} />;
  if (!access.data) return <Loading lines={6} />;
  return (
    <div className={classes.form}>
      <Section title="Password">
        {!access.data.password && (
          <Text c="dimmed" mb="sm">
            {desktop ? (
              "No password is set. This window doesn't need one. To sign in a browser, use Open in browser in the Help menu."
            ) : (
              <>
                No password is set. Until then, browsers sign in only with the address that <Code>flotilla serve</Code>{' '}
                prints. <WherePrinted />
              </>
            )}
          </Text>
        )}
        <PasswordForm />
      </Section>
      <Section title="Signed-in browsers">
        <Sessions sessions={access.data.sessions} />
      </Section>
      <Section title="API tokens">
        <Tokens tokens={access.data.tokens} />
      </Section>
    </div>
  );
}
