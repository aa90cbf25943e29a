import { Button, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { Link } from 'wouter';
import type { Live } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Section } from '../../components/page.tsx';
import { FindMaster, Joined } from '../../features/master/join-master.tsx';
import { useLeaveMaster } from '../../features/master/leave-master.ts';
import { lockedBy } from '../../features/settings/setting-source.ts';
import { useLive } from '../../store/live.ts';
import { useAction, useCall } from '../../store/queries.ts';
import { SettingGroups } from './setting-groups.tsx';
import classes from './settings.module.css';
import { stopLeadingText } from './stop-leading-text.ts';

function LeadPart({ live }: { live: Live }) {
  const hello = useCall('hello', {});
  const settings = useCall('settings.get', {});
  const set = useAction('settings.set', ['settings.get', 'hello']);
  const choose = useAction('setup.set', ['setup.get']);
  const error = hello.error ?? settings.error;
  if (error) return <ErrorAlert error={error} retry={() => void Promise.all([hello.refetch(), settings.refetch()])} />;
  if (!hello.data || !settings.data) return <Loading lines={2} />;
  const { lanPort, name } = hello.data;
  const pinned = lockedBy('lead', settings.data.sources);
  const lead = (on: boolean) =>
    set.mutate({ values: { lead: on } }, { onSuccess: () => choose.mutate({ role: on ? 'lead' : 'alone' }) });
  const askStop = (port: number) =>
    modals.openConfirmModal({
      title: 'Stop leading other computers?',
      children: stopLeadingText(live.workers, port),
      labels: { confirm: 'Stop leading', cancel: 'Keep accepting workers' },
      onConfirm: () => lead(false),
    });
  const others = live.workers.filter(({ local }) => !local).length;
  return (
    <Stack gap="sm">
      {lanPort === null ? (
        <Text>
          {name} doesn't accept workers. When it does, other computers on the network can help it convert. They connect
          to {settings.data.values.lanPort === 0 ? 'a free port' : `port ${settings.data.values.lanPort}`}, encrypted,
          and only those that you approve can join. Until then, the port is closed.
        </Text>
      ) : (
        <Text>
          {name} leads {others === 0 ? 'no other computers yet' : count(others, 'other computer')} and accepts workers
          on port {lanPort}. See <Link href="/workers">Workers</Link>.
        </Text>
      )}
      {pinned && <Text c="dimmed">Locked: set by {pinned} at startup.</Text>}
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
  const { ask, now, busy } = useLeaveMaster();
  const { master, libraries } = live;
  const has = libraries.some(({ watched }) => watched);
  if (master) {
    return (
      <Stack>
        <Joined master={master} leave={master.work ? () => ask(master.name ?? 'the master') : now} busy={busy} />
        <Text>
          For its current work and its limits, see <Link href="/this-computer">This computer</Link>.
        </Text>
      </Stack>
    );
  }
  return (
    <Stack>
      <Text>
        Let this computer convert videos for a master on your network.{' '}
        {has ? 'Its own libraries keep converting at the same time.' : "It doesn't need videos of its own."}
      </Text>
      <FindMaster join={(address) => join.mutate({ address })} busy={join.isPending} />
    </Stack>
  );
}

/** What this computer is to others; every choice can be changed while it runs. */
export function RoleSection() {
  const live = useLive((state) => state.summary);
  if (!live) return <Loading />;
  return (
    <div className={classes.form}>
      <Section title="Lead other computers">
        <LeadPart live={live} />
      </Section>
      <Section title="Work for a master">
        <JoinPart live={live} />
      </Section>
      <SettingGroups section="role" />
    </div>
  );
}
