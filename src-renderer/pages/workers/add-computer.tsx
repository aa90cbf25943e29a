import { Button, Code, Group, List, Stack, Text } from '@mantine/core';
import { isLoopback } from '../../../src-shared/loopback.ts';
import { When } from '../../components/bits.tsx';
import { CopyText } from '../../components/copy-text.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import classes from './workers.module.css';

/** How another computer joins: by its own screen, or with a token where it has none. */
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
          {name} does not lead other computers yet. Once it does, it awaits them on the network: encrypted, and only
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
      <List type="ordered" spacing="xs">
        <List.Item>Install Flotilla on the other computer, and choose “Join a master” there.</List.Item>
        <List.Item>
          It finds this master by itself, or takes the address <Code>{address}</Code>.
        </List.Item>
        <List.Item>Compare the six digits that both screens show, then press Approve here.</List.Item>
      </List>
      <Text fw={500}>Without a screen</Text>
      {invite.data ? (
        <>
          <Text>
            Run this on the other computer. It works once, and <When time={invite.data.expiresAt} /> no longer.
          </Text>
          <Code block className={classes.command}>
            {command(invite.data.token)}
          </Code>
          <Group>
            <CopyText text={() => command(invite.data.token)}>Copy the command</CopyText>
          </Group>
        </>
      ) : (
        <Group>
          <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate({})}>
            Make a join token
          </Button>
        </Group>
      )}
    </Stack>
  );
}
