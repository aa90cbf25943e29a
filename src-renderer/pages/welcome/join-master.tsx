import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconServer } from '@tabler/icons-react';
import { useState } from 'react';
import type { MasterView } from '../../../src-shared/fleet-view.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import classes from './welcome.module.css';

/** The masters that are seen on the network, or one whose address is typed. */
export function FindMaster({ join, busy }: { join: (address: string) => void; busy: boolean }) {
  const [address, setAddress] = useState('');
  const { data: found, error, isFetching, refetch } = useCall('master.search', {});
  return (
    <Stack>
      {error ? (
        <Trouble error={error} retry={refetch} />
      ) : isFetching || !found ? (
        <Loading lines={2} />
      ) : found.length === 0 ? (
        <Nothing icon={IconServer} title="No master is seen on this network">
          On the computer that leads, turn on “Lead other computers”; or type its address here.
        </Nothing>
      ) : (
        <ul className={classes.folders} aria-label="Masters on this network">
          {found.map(({ id, name, origin, version }) => (
            <li key={`${id} ${origin}`}>
              <button type="button" className={classes.folder} disabled={busy} onClick={() => join(origin)}>
                <IconServer size={20} stroke={1.75} aria-hidden />
                <span className={classes.name}>{name}</span>
                <span className={classes.films}>
                  {new URL(origin).host}, Flotilla {version}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (address.trim()) join(address.trim());
        }}
      >
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            flex={1}
            label="Address of the master"
            placeholder="nas:8091"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} disabled={!address.trim()}>
            Join
          </Button>
        </Group>
      </form>
      <Group>
        <Button variant="default" loading={isFetching} onClick={() => refetch()}>
          Look again
        </Button>
      </Group>
    </Stack>
  );
}

/** How it stands with a master. */
export const MASTER_WORDS: Record<MasterView['state'], string> = {
  joining: 'It is being asked.',
  pairing: 'Compare these six digits with those on the master, and press Approve there.',
  connecting: 'Connecting to it.',
  online: 'This computer converts films for it.',
  offline: 'It cannot be reached at present; this computer goes on with what it has and tries again by itself.',
  refused: 'It does not let this computer work at present; it is tried again by itself.',
  stopped: 'This computer does not work for it.',
};

/** How it stands with the master that was chosen. */
export function Joined({ master, leave, busy }: { master: MasterView; leave: () => void; busy: boolean }) {
  const { name, origin, state, code, problem } = master;
  return (
    <Stack>
      <Text fw={500}>
        {name ?? origin ?? 'The master'}
        {name && origin && (
          <Text span inherit c="dimmed" fw={400}>
            {' '}
            at {origin}
          </Text>
        )}
      </Text>
      {code && (
        <output className={classes.digits} aria-label="Six digits to compare">
          {code.slice(0, 3)} {code.slice(3)}
        </output>
      )}
      <Text>{problem ?? MASTER_WORDS[state]}</Text>
      <Group>
        <Button variant="default" loading={busy} onClick={leave}>
          {state === 'online' || state === 'offline' ? 'Leave this master' : 'Choose another one'}
        </Button>
      </Group>
    </Stack>
  );
}

/** How this computer becomes another one's worker. */
export function JoinMaster() {
  const name = useLive((live) => live.about?.name ?? 'This computer');
  const master = useLive((live) => live.summary?.master);
  const choose = useAction('setup.set', ['setup.get']);
  const join = useAction('master.join');
  const leave = useAction('master.leave');
  return (
    <>
      <PageHead title="Join a master" sentence={`${name} converts films for the computer that leads.`} />
      <PageBody form>
        <Stack>
          {master ? (
            <Joined master={master} leave={() => leave.mutate({})} busy={leave.isPending} />
          ) : (
            <FindMaster join={(address) => join.mutate({ address })} busy={join.isPending} />
          )}
          {!master && (
            <Group>
              <Button variant="subtle" onClick={() => choose.mutate({ role: null })}>
                Back
              </Button>
            </Group>
          )}
        </Stack>
      </PageBody>
    </>
  );
}
