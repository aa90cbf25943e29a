import { ActionIcon, Menu, Progress, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDeviceDesktop, IconDotsVertical, IconServer } from '@tabler/icons-react';
import type { WorkerView } from '../../../src-shared/fleet-view.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { RunningList } from '../../components/running-list.tsx';
import { useAction } from '../../store/calls.ts';
import { openWorkerSettings } from './worker-settings.tsx';
import classes from './workers.module.css';

const STATE_WORDS: Record<WorkerView['state'], string> = {
  idle: 'Idle',
  working: 'Working',
  paused: 'Paused',
  yielding: 'Waiting',
  waiting: 'Waiting for you',
  suspect: 'Unreachable',
  offline: 'Offline',
};

/** Beyond this share a thin bar turns to attention. */
const SCARCE = 0.9;

function Gauge({ label, value, used }: { label: string; value: string; used: number }) {
  const share = Math.min(Math.max(used, 0), 1);
  return (
    <div className={classes.gauge}>
      <span>
        {label} <span>{value}</span>
      </span>
      <Progress.Root size={4} radius={2}>
        <Progress.Section
          value={share * 100}
          color={share > SCARCE && label !== 'CPU' ? 'var(--fl-attention)' : 'var(--fl-accent)'}
          aria-label={`${label} in use`}
        />
      </Progress.Root>
    </div>
  );
}

function WorkerMenu({ worker: view }: { worker: WorkerView }) {
  const { id: worker, name, local, mode } = view;
  const pause = useAction('worker.pause');
  const drain = useAction('worker.drain');
  const resume = useAction('worker.resume');
  const remove = useAction('worker.remove');
  const askRemove = () =>
    modals.openConfirmModal({
      title: `Remove ${name}?`,
      children: 'What it works on goes to other computers. To come back it has to ask to join again.',
      labels: { confirm: `Remove ${name}`, cancel: 'Keep it' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate({ worker }),
    });
  const resting = mode !== 'active';
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${name}`}>
          <IconDotsVertical size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {resting ? (
          <Menu.Item onClick={() => resume.mutate({ worker })}>Resume</Menu.Item>
        ) : (
          <>
            <Menu.Item onClick={() => drain.mutate({ worker })}>Finish what runs, then rest</Menu.Item>
            <Menu.Item onClick={() => pause.mutate({ worker })}>Pause now</Menu.Item>
          </>
        )}
        <Menu.Item onClick={() => openWorkerSettings(view)}>Settings</Menu.Item>
        {!local && (
          <>
            <Menu.Divider />
            <Menu.Item color="var(--fl-failed)" onClick={askRemove}>
              Remove
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

/** How it gets at the films. */
function storageWords({ local, storage }: WorkerView): string {
  if (local) return 'Films are read from its own disks';
  const inPlace = storage.filter(({ path }) => path !== null).length;
  if (storage.length === 0) return 'No film has gone there yet';
  if (inPlace === 0) return 'Films are sent over the network';
  return inPlace === storage.length
    ? 'Films are read from shared storage'
    : 'Films are read in place where it can, else sent';
}

/** One computer: how it is and why, what it has to work with, and what it works on. */
export function WorkerCard({ worker }: { worker: WorkerView }) {
  const { name, local, state, problem, mode, running, done, failed, hello, load } = worker;
  const Icon = local ? IconDeviceDesktop : IconServer;
  const states = [STATE_WORDS[state], mode === 'draining' && 'no more after this'].filter(Boolean).join(', ');
  return (
    <article className={classes.card} aria-label={name}>
      <div className={classes.head}>
        <Icon size={20} stroke={1.75} aria-hidden />
        <div className={classes.who}>
          <h2>{name}</h2>
          <span className={classes.state} data-state={state}>
            {problem?.startsWith(states) ? problem : [states, problem].filter(Boolean).join(': ')}
          </span>
        </div>
        <WorkerMenu worker={worker} />
      </div>
      <RunningList running={running} empty="Nothing to do at present." withWorker={false} />
      {hello && load && (
        <div className={classes.gauges}>
          <Gauge label="CPU" value={`${Math.round(load.cpu * 100)} %`} used={load.cpu} />
          <Gauge
            label="Memory"
            value={`${formatBytes(load.memoryFree)} free`}
            used={1 - load.memoryFree / hello.computer.memory}
          />
          <Gauge label="Temp" value={`${formatBytes(load.tempFree)} free`} used={1 - load.tempFree / load.tempTotal} />
        </div>
      )}
      <div className={classes.foot}>
        <Text span inherit>
          {done.toLocaleString('en')} done
        </Text>
        <Text span inherit>
          {failed.toLocaleString('en')} failed
        </Text>
        <Text span inherit>
          {storageWords(worker)}
        </Text>
        {hello && (
          <Text span inherit>
            {hello.computer.cores} cores, {hello.computer.ffmpeg.svtav1 ?? 'SVT-AV1'} in ffmpeg{' '}
            {hello.computer.ffmpeg.version}, Flotilla {hello.version}
          </Text>
        )}
      </div>
    </article>
  );
}
