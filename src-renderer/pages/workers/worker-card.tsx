import { ActionIcon, Menu, Progress, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDeviceDesktop, IconDotsVertical, IconServer } from '@tabler/icons-react';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { workerLabel } from '../../../src-shared/text/worker-label.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RunningList } from '../../features/queue/running-list.tsx';
import { nameOf } from '../../lib/labels.ts';
import { useAction } from '../../store/queries.ts';
import { openWorkerSettings } from './worker-settings.tsx';
import classes from './workers.module.css';

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
      children: 'Its current work returns to the queue. To come back, it has to ask to join again.',
      labels: { confirm: `Remove ${name}`, cancel: 'Cancel' },
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
            <Menu.Item onClick={() => drain.mutate({ worker })}>Drain</Menu.Item>
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

/** How it gets the videos. */
function storageText({ local, storage }: WorkerView): string {
  if (local) return 'Reads videos from its own disks';
  const inPlace = storage.filter(({ path }) => path !== null).length;
  if (storage.length === 0) return 'No videos sent yet';
  if (inPlace === 0) return 'Receives videos over the network';
  return inPlace === storage.length ? 'Reads shared storage' : 'Reads shared storage where possible';
}

/** One computer: its state and why, its resources, and its current work. */
export function WorkerCard({ worker }: { worker: WorkerView }) {
  const { name, local, state, problem, running, helping, done, failed, hello, load, seenAt } = worker;
  const Icon = local ? IconDeviceDesktop : IconServer;
  const gone = state === 'offline';
  const states = workerLabel(worker);
  return (
    <article className={classes.card} aria-label={name} data-gone={gone || undefined}>
      <div className={classes.head}>
        <Icon size={20} stroke={1.75} aria-hidden />
        <div className={classes.who}>
          <h2>{name}</h2>
          <span className={classes.state} data-state={state}>
            {problem?.startsWith(states) ? problem : [states, problem].filter(Boolean).join(': ')}
            {gone && seenAt !== null && (
              <>
                {problem ? ' ' : '. '}Last seen <RelativeTime time={seenAt} />.
              </>
            )}
          </span>
        </div>
        <WorkerMenu worker={worker} />
      </div>
      {helping.map(({ task, path, worker: converter }) => (
        <Text key={task} size="sm" title={path}>
          Helps {converter} with {nameOf(path)}
        </Text>
      ))}
      {(running.length > 0 || helping.length === 0) && (
        <RunningList running={running} empty="No conversions are running." withWorker={false} />
      )}
      {hello && load && !gone && (
        <div className={classes.gauges}>
          <Gauge label="CPU" value={`${Math.round(load.cpu * 100)}%`} used={load.cpu} />
          <Gauge
            label="Memory"
            value={`${formatBytes(load.memoryFree)} free`}
            used={1 - load.memoryFree / hello.computer.memory}
          />
          <Gauge
            label="Temp space"
            value={`${formatBytes(load.tempFree)} free`}
            used={1 - load.tempFree / load.tempTotal}
          />
        </div>
      )}
      <div className={classes.foot}>
        <Text span inherit>
          {count(done, 'video')} converted
        </Text>
        <Text span inherit>
          {count(failed, 'failed attempt')}
        </Text>
        <Text span inherit>
          {storageText(worker)}
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
