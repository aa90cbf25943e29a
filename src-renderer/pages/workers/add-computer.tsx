import { Button, Code, Group, List, Stack, Text } from '@mantine/core';
import { isLoopback } from '../../../src-shared/util/loopback.ts';
import { CopyText } from '../../components/copy-text.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Pairings } from '../../features/workers/pairings.tsx';
import { useAction, useCall } from '../../store/queries.ts';
import classes from './workers.module.css';

/** How another computer joins: on its own screen, or with a token where it has none. */
export function AddComputer() {
  const invite = useAction('invite.create');
  const set = useAction('settings.set', ['hello', 'settings.get']);
  const { data: hello } = useCall('hello', {});
  if (!hello) return null;
  const { name, lanPort } = hello;
  // What this browser calls the master, unless that means the browser's own computer.
  const host = isLoopback(location.hostname) ? hello.address : location.hostname;
  if (lanPort === null)
    return (
      <Stack>
        <Text>
          {name} doesn't accept workers yet. When it does, other computers on the network can join: encrypted, and only
          those that you approve.
        </Text>
        <Group>
          <Button loading={set.isPending} onClick={() => set.mutate({ values: { lead: true } })}>
            Lead other computers
          </Button>
        </Group>
      </Stack>
    );
  const address = `${host}:${lanPort}`;
  const command = (token: string) => `flotilla worker --master ${address} --token ${token}`;
  return (
    <Stack>
      <Pairings />
      <List type="ordered" spacing="xs">
        <List.Item>Install Flotilla on the other computer, and choose “Join a master” there.</List.Item>
        <List.Item>
          It finds this master automatically. If it doesn't, enter the address <Code>{address}</Code>.
        </List.Item>
        <List.Item>Compare the six digits that both screens show, then select Approve here.</List.Item>
      </List>
      <Text fw={500}>Without a screen</Text>
      {invite.data ? (
        <>
          <Text>
            Run this on the other computer. The token works once and expires{' '}
            <RelativeTime time={invite.data.expiresAt} />.
          </Text>
          <Code block className={classes.command}>
            {command(invite.data.token)}
          </Code>
          <Group>
            <CopyText text={() => command(invite.data.token)}>Copy command</CopyText>
          </Group>
        </>
      ) : (
        <Group>
          <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate({})}>
            Create join token
          </Button>
        </Group>
      )}
    </Stack>
  );
}
