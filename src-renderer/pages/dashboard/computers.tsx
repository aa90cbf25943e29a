import { Progress, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { workerLabel } from '../../../src-shared/text/worker-label.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { byPresence } from '../../features/workers/by-presence.ts';
import classes from './dashboard.module.css';

function Computer({ worker }: { worker: WorkerView }) {
  const { name, state, problem, running, load, seenAt } = worker;
  const gone = state === 'offline';
  return (
    <li className={classes.computer} data-gone={gone || undefined}>
      <Link href="/workers" className={classes.name} title={name}>
        {name}
      </Link>
      <span className={classes.state} data-state={state} title={problem ?? undefined}>
        {workerLabel(worker)}
        {gone && seenAt !== null && (
          <>
            , last seen <RelativeTime time={seenAt} />
          </>
        )}
      </span>
      <span className={classes.outcome}>
        {!gone && running.length > 0 && <span>{count(running.length, 'video')}</span>}
        {!gone && load && <span>CPU {Math.round(load.cpu * 100)}%</span>}
      </span>
    </li>
  );
}

/** The computers at a glance, those that are gone last. */
export function Computers({ workers }: { workers: WorkerView[] }) {
  return (
    <ul className={classes.results}>
      {byPresence(workers).map((worker) => (
        <Computer key={worker.id} worker={worker} />
      ))}
    </ul>
  );
}

/** Beyond this share a disk is short of room. */
const SCARCE = 0.9;

/** One disk: how much room there is, how full it is, and how many bytes it would gain by what waits. */
export function Disk({
  name,
  free,
  total,
  gain = 0,
}: {
  name: string;
  free: number | null;
  total: number | null;
  gain?: number;
}) {
  const used = free !== null && total ? 1 - free / total : undefined;
  return (
    <li className={classes.disk}>
      <span className={classes.name} title={name}>
        {name}
      </span>
      <Progress
        className={classes.gauge}
        value={(used ?? 0) * 100}
        size={6}
        radius={2}
        color={used !== undefined && used > SCARCE ? 'var(--fl-attention)' : 'var(--fl-accent)'}
        aria-label={`Used space of ${name}`}
      />
      <span className={classes.outcome}>
        {free === null || total === null ? 'Not responding' : `${formatBytes(free)} free of ${formatBytes(total)}`}
      </span>
      {gain > 0 && (
        <Text size="xs" c="dimmed" className={classes.gain}>
          About {formatBytes(gain)} more once all videos are converted and the vault is empty.
        </Text>
      )}
    </li>
  );
}
