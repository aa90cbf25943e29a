import { Button, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { Link } from 'wouter';
import type { Live } from '../../../src-shared/contract.ts';
import { count } from '../../../src-shared/format.ts';
import { Loading, Trouble } from '../../components/bits.tsx';
import { Section } from '../../components/page.tsx';
import { useAction, useCall } from '../../store/calls.ts';
import { useLive } from '../../store/live.ts';
import { useLeave } from '../this-computer/leave.ts';
import { FindMaster, Joined } from '../welcome/join-master.tsx';
import { pinnedBy } from './pinned.ts';

/** What happens to other computers and their films when this one leads no more. */
function consequences({ workers }: Live, port: number): string {
  const others = workers.filter(({ local }) => !local);
  const films = others.reduce((n, { running }) => n + running.length, 0);
  const parts = [
    films > 0 && `${count(films, 'film')} that they work on ${films === 1 ? 'goes' : 'go'} back to the queue`,
    `port ${port} closes`,
    others.length > 0 && 'they stay approved, and come back by themselves once this computer leads again',
  ].filter(Boolean);
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. Libraries, queue and vault stay as they are; this computer converts on.`;
}

function LeadPart({ live }: { live: Live }) {
  const hello = useCall('hello', {});
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get', 'hello']);
  const choose = useAction('setup.set', ['setup.get']);
  const error = hello.error ?? settings.error;
  if (error) return <Trouble error={error} retry={() => void Promise.all([hello.refetch(), settings.refetch()])} />;
  if (!hello.data || !settings.data) return <Loading lines={2} />;
  const { lanPort, name } = hello.data;
  const pinned = pinnedBy('lead', settings.data.sources);
  const lead = (on: boolean) =>
    set.mutate({ values: { lead: on } }, { onSuccess: () => choose.mutate({ role: on ? 'lead' : 'alone' }) });
  const askStop = (port: number) =>
    modals.openConfirmModal({
      title: 'Stop leading other computers?',
      children: consequences(live, port),
      labels: { confirm: 'Stop leading', cancel: 'Go on leading' },
      onConfirm: () => lead(false),
    });
  const others = live.workers.filter(({ local }) => !local).length;
  return (
    <Stack gap="sm">
      {lanPort === null ? (
        <Text>
          {name} does not lead. When it does, other computers on the network can help it to convert: it awaits them on{' '}
          {settings.data.values.lanPort === 0 ? 'a free port' : `port ${settings.data.values.lanPort}`}, encrypted, and
          lets in only those that you approve. Until then that port is closed.
        </Text>
      ) : (
        <Text>
          {name} leads {others === 0 ? 'no other computer yet' : count(others, 'other computer')} and awaits more on
          port {lanPort}. See <Link href="/workers">Workers</Link>.
        </Text>
      )}
      {pinned && <Text c="dimmed">Set by {pinned} where Flotilla was started, and locked here.</Text>}
      <Group>
        {lanPort === null ? (
          <Button loading={set.isPending} disabled={pinned !== undefined} onClick={() => lead(true)}>
            Lead other computers
          </Button>
        ) : (
          <Button
            variant="default"
            loading={set.isPending}
            disabled={pinned !== undefined}
            onClick={() => askStop(lanPort)}
          >
            Stop leading
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function JoinPart({ live }: { live: Live }) {
  const join = useAction('master.join');
  const { ask, now, busy } = useLeave();
  const { master, libraries } = live;
  const has = libraries.some(({ watched }) => watched);
  if (master) {
    return (
      <Stack>
        <Joined master={master} leave={master.work ? () => ask(master.name ?? 'the master') : now} busy={busy} />
        <Text>
          What it does for it, and how much of it may be used: <Link href="/this-computer">This computer</Link>.
        </Text>
      </Stack>
    );
  }
  return (
    <Stack>
      <Text>
        This computer can lend its power to a master on the network, as long as you like.{' '}
        {has
          ? 'Its own libraries stay as they are and are converted on, at the same time.'
          : 'It needs no films of its own for that.'}
      </Text>
      <FindMaster join={(address) => join.mutate({ address })} busy={join.isPending} />
    </Stack>
  );
}

/** What this computer is to others; every choice can be taken back while it runs. */
export function RoleSection() {
  const live = useLive((state) => state.summary);
  if (!live) return <Loading />;
  return (
    <div style={{ maxWidth: 720 }}>
      <Section title="Lead other computers">
        <LeadPart live={live} />
      </Section>
      <Section title="Work for a master">
        <JoinPart live={live} />
      </Section>
    </div>
  );
}
