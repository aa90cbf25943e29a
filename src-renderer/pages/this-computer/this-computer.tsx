import { Button, Group, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { Link, Redirect } from 'wouter';
import type { Employment, MasterView } from '../../../src-shared/contract/fleet-view.ts';
import type { Live } from '../../../src-shared/contract/index.ts';
import type { RunningView } from '../../../src-shared/jobs/lease.ts';
import { employmentIdleReason } from '../../../src-shared/text/idle-reasons.ts';
import listClasses from '../../components/list.module.css';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { StageBar } from '../../components/stage-bar.tsx';
import { Joined, MASTER_STATE_LABELS } from '../../features/master/join-master.tsx';
import { useLeaveMaster } from '../../features/master/leave-master.ts';
import { PauseControl } from '../../features/queue/pause-control.tsx';
import { LimitsForm } from '../../features/worker-limits/limits-form.tsx';
import { nameOf, stageLabel } from '../../lib/labels.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { notify, useAction } from '../../store/queries.ts';

/** The state in one sentence. */
function sentenceOf({ name, state, problem }: MasterView, work: Employment, paused: string | null): string {
  const rests = paused ?? employmentIdleReason(work, name ?? 'The master');
  if (rests) return rests;
  if (state !== 'online') return problem ?? MASTER_STATE_LABELS[state];
  return work.running.length > 0 ? `Working for ${name}.` : `Waiting for work from ${name}.`;
}

function MasterPart({ master, work }: { master: MasterView; work: Employment }) {
  const { ask, busy } = useLeaveMaster();
  const name = master.name ?? 'the master';
  return (
    <Section title="Master">
      <Stack gap="xs">
        <Text>
          <Text span fw={500}>
            {name}
          </Text>{' '}
          <Text span c="dimmed">
            at {master.origin && new URL(master.origin).host}
          </Text>
        </Text>
        <Text>{master.problem ?? MASTER_STATE_LABELS[master.state]}</Text>
        {work.page === null && master.state === 'online' && (
          <Text c="dimmed">
            The pages of {name} open only on that computer. To open them to the network, start Flotilla there with{' '}
            <code>--listen 0.0.0.0</code>.
          </Text>
        )}
        <Group>
          {work.page !== null && (
            <Button
              component="a"
              href={work.page}
              target="_blank"
              rel="noreferrer"
              rightSection={<IconExternalLink size={16} aria-hidden />}
            >
              Open {name}
            </Button>
          )}
          <Button variant="default" loading={busy} onClick={() => ask(name)}>
            Leave {name}
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}

/** The conversions running here; the videos themselves belong to the master. */
function Work({ running, still }: { running: RunningView[]; still: boolean }) {
  if (running.length === 0) return <Text c="dimmed">Running conversions appear here.</Text>;
  return (
    <ul className={listClasses.list}>
      {running.map((task) => (
        <li key={task.task} className={listClasses.row}>
          <div className={listClasses.line}>
            <span className={listClasses.video} title={task.path}>
              {nameOf(task.path)}
            </span>
            <span className={listClasses.details}>{still ? `${stageLabel(task)} · suspended` : stageLabel(task)}</span>
          </div>
          <StageBar task={task} still={still} />
        </li>
      ))}
    </ul>
  );
}

function Limits({ work: { settings, senses, zone } }: { work: Employment }) {
  const tune = useAction('master.tune');
  return (
    <LimitsForm
      // Replaces what is shown by what was set on the master.
      key={JSON.stringify(settings)}
      settings={settings}
      senses={senses}
      zone={zone}
      here
      saving={tune.isPending}
      save={(next) => tune.mutate({ settings: next }, { onSuccess: () => notify('Limits saved.') })}
    />
  );
}

function Employed({ live, master, work }: { live: Live; master: MasterView; work: Employment }) {
  const still = work.mode === 'paused' || work.yielding?.held === true;
  return (
    <>
      <PageHead
        title="This computer"
        sentence={sentenceOf(master, work, live.paused)}
        actions={<PauseControl live={{ ...live, running: work.running }} />}
      />
      <PageBody form>
        <Section title="Now">
          <Work running={work.running} still={still} />
        </Section>
        <MasterPart master={master} work={work} />
        <Section title="Limits">
          <Text c="dimmed" mb="md">
            You can set these here and on the master; the latest change applies.
          </Text>
          <Limits work={work} />
        </Section>
      </PageBody>
    </>
  );
}

/** What this computer does for a master elsewhere, and its limits. */
export function ThisComputerPage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const { now, busy } = useLeaveMaster();
  if (!live) {
    return (
      <>
        <PageHead title="This computer" />
        <PageBody form>
          <Loading />
        </PageBody>
      </>
    );
  }
  const { master } = live;
  if (!master) return <Redirect to="/" replace />;
  return (
    <div className={offline ? 'stale' : undefined}>
      {master.work ? (
        <Employed live={live} master={master} work={master.work} />
      ) : (
        <>
          <PageHead title="This computer" sentence="This computer isn't working for a master." />
          <PageBody form>
            <Joined master={master} leave={now} busy={busy} />
            <Text mt="md">
              <Link href="/settings/role">Change this computer's role</Link>
            </Text>
          </PageBody>
        </>
      )}
    </div>
  );
}
