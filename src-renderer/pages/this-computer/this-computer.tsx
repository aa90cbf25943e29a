import { Button, Group, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { Link, Redirect } from 'wouter';
import type { Live } from '../../../src-shared/contract.ts';
import type { Employment, MasterView } from '../../../src-shared/fleet-view.ts';
import type { RunningView } from '../../../src-shared/lease.ts';
import { whyItRests } from '../../../src-shared/standstill.ts';
import { Loading } from '../../components/bits.tsx';
import listClasses from '../../components/list.module.css';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { PauseControl } from '../../components/pause-control.tsx';
import { StageBar } from '../../components/stage-bar.tsx';
import { tell, useAction } from '../../store/calls.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { nameOf, progressWords } from '../../words.ts';
import { Joined, MASTER_WORDS } from '../welcome/join-master.tsx';
import { LimitsForm } from '../workers/limits-form.tsx';
import { useLeave } from './leave.ts';

/** How it stands, in one sentence. */
function sentenceOf({ name, state, problem }: MasterView, work: Employment, paused: string | null): string {
  const rests = paused ?? whyItRests(work, name ?? 'The master');
  if (rests) return rests;
  if (state !== 'online') return problem ?? MASTER_WORDS[state];
  return work.running.length > 0 ? `It works for ${name}.` : `It waits for work from ${name}.`;
}

function MasterPart({ master, work }: { master: MasterView; work: Employment }) {
  const { ask, busy } = useLeave();
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
        <Text>{master.problem ?? MASTER_WORDS[master.state]}</Text>
        {work.page === null && master.state === 'online' && (
          <Text c="dimmed">
            The page of {name} opens on that computer only; there, <code>--listen 0.0.0.0</code> opens it to the
            network.
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

/** What is worked on here; the films themselves are the master's matter. */
function Work({ running, still }: { running: RunningView[]; still: boolean }) {
  if (running.length === 0) return <Text c="dimmed">Films show here while they are converted.</Text>;
  return (
    <ul className={listClasses.list}>
      {running.map((task) => (
        <li key={task.task} className={listClasses.row}>
          <div className={listClasses.line}>
            <span className={listClasses.film} title={task.path}>
              {nameOf(task.path)}
            </span>
            <span className={listClasses.details}>{progressWords(task, still ? 'stands still' : undefined)}</span>
          </div>
          <StageBar task={task} />
        </li>
      ))}
    </ul>
  );
}

function Limits({ work: { settings, senses, zone } }: { work: Employment }) {
  const tune = useAction('master.tune');
  return (
    <LimitsForm
      // What was set on the master meanwhile takes the place of what is shown.
      key={JSON.stringify(settings)}
      settings={settings}
      senses={senses}
      zone={zone}
      here
      saving={tune.isPending}
      save={(next) =>
        tune.mutate({ settings: next }, { onSuccess: () => tell('The limits of this computer are saved.') })
      }
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
            They can be set here and on the master; the last word counts.
          </Text>
          <Limits work={work} />
        </Section>
      </PageBody>
    </>
  );
}

/** What this computer does for a master elsewhere, and how much of it may be used for that. */
export function ThisComputerPage() {
  const live = useLive((state) => state.summary);
  const offline = useOffline();
  const { now, busy } = useLeave();
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
          <PageHead title="This computer" sentence="It works for no master at present." />
          <PageBody form>
            <Joined master={master} leave={now} busy={busy} />
            <Text mt="md">
              <Link href="/settings/role">What this computer is to others</Link>
            </Text>
          </PageBody>
        </>
      )}
    </div>
  );
}
