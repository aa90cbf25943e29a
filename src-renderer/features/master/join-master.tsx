import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconServer } from '@tabler/icons-react';
import { useState } from 'react';
import type { MasterView } from '../../../src-shared/contract/fleet-view.ts';
import list from '../../components/choice-list.module.css';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useLive } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import classes from './join-master.module.css';

/** The masters that are seen on the network, or one whose address is typed. */
export function FindMaster({ join, busy }: { join: (address: string) => void; busy: boolean }) {
  const [address, setAddress] = useState('');
  const { data: found, error, isFetching, refetch } = useCall('master.search', {});
  return (
    <Stack>
      {error ? (
        <ErrorAlert error={error} retry={refetch} />
      ) : isFetching || !found ? (
        <Loading lines={2} />
      ) : found.length === 0 ? (
        <EmptyState icon={IconServer} title="No masters found on this network">
          On the master, turn on “Lead other computers”, or enter its address here.
        </EmptyState>
      ) : (
        <ul className={list.list} aria-label="Masters on this network">
          {found.map(({ id, name, origin, version }) => (
            <li key={`${id} ${origin}`}>
              <button type="button" className={list.item} disabled={busy} onClick={() => join(origin)}>
                <IconServer size={20} stroke={1.75} aria-hidden />
                <span className={list.name}>{name}</span>
                <span className={list.aside}>
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
            placeholder="For example, nas:8091"
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
          Search again
        </Button>
      </Group>
    </Stack>
  );
}

/** The state of the session with a master. */
export const MASTER_STATE_LABELS: Record<MasterView['state'], string> = {
  joining: 'Waiting for the master…',
  pairing: 'Compare these six digits with those on the master, then select Approve there.',
  connecting: 'Connecting…',
  online: 'This computer converts videos for this master.',
  offline: "The master can't be reached. Current work continues, and Flotilla reconnects automatically.",
  refused: "The master isn't accepting this computer. Retrying automatically.",
  stopped: "This computer doesn't work for this master.",
};

/** The state of the session with the chosen master. */
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
      <Text>{problem ?? MASTER_STATE_LABELS[state]}</Text>
      <Group>
        <Button variant="default" loading={busy} onClick={leave}>
          {state === 'online' || state === 'offline' ? 'Leave this master' : 'Choose another master'}
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
      <PageHead title="Join a master" sentence={`${name} converts videos for a master on your network.`} />
      <PageBody form>
        <Stack>
          {master ? (
            <Joined master={master} leave={() => leave.mutate({})} busy={leave.isPending} />
          ) : (
            <FindMaster join={(address) => join.mutate({ address })} busy={join.isPending} />
          )}
          {!master && (
            <Group>
              <Button variant="default" onClick={() => choose.mutate({ role: null })}>
                Back
              </Button>
            </Group>
          )}
        </Stack>
      </PageBody>
    </>
  );
}
