import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import type { RunningView } from '../../../src-shared/jobs/lease.ts';
import { type Segment, secondsLeft } from '../../../src-shared/jobs/overall-progress.ts';
import { chunkWords } from '../../../src-shared/text/chunk-words.ts';
import { formatBytes, formatDuration } from '../../../src-shared/text/format.ts';
import { ChunkStrip } from '../../components/chunk-strip.tsx';
import listClasses from '../../components/list.module.css';
import { percentOf, StageBar, useSegments } from '../../components/stage-bar.tsx';
import { Still } from '../../components/still.tsx';
import { about, nameOf, stageLabel } from '../../lib/labels.ts';
import { useLive } from '../../store/live.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { FileMenu } from '../file-actions/file-menu.tsx';
import classes from './running-list.module.css';

/** Shown in place of the speed where the work is paused, or its computer gone. */
function pauseReason(worker: WorkerView | undefined, held: boolean): string | undefined {
  const { state, problem } = worker ?? {};
  if (held) return 'paused';
  if (state === 'yielding' && problem) return problem.charAt(0).toLowerCase() + problem.slice(1).replace(/\.$/, '');
  if (state === 'offline') return 'computer offline';
  return state === 'paused' ? 'paused' : undefined;
}

/** How often elapsed time is updated, in ms. */
const TICK_MS = 1000;

/** Seconds since a time, kept current; undefined without one. */
function useElapsed(since: number | undefined): number | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return since === undefined ? undefined : Math.max(0, (now - since) / 1000);
}

/** `12.0 MB of about 40.1 MB`, as far as it is known. */
function sizeText({ progress: { bytes }, estimate, size }: RunningView): string | undefined {
  const expected = estimate !== undefined && `about ${formatBytes(estimate)}`;
  if (bytes) return expected ? `${formatBytes(bytes)} of ${expected}` : formatBytes(bytes);
  if (size === undefined) return undefined;
  return expected ? `${formatBytes(size)} → ${expected}` : formatBytes(size);
}

function factsOf(task: RunningView, segments: readonly Segment[], still?: string, elapsed?: number): string[] {
  const { stage, speed, fps } = task.progress;
  const left = still ? undefined : secondsLeft(task, segments, elapsed);
  return [
    stageLabel(task),
    chunkWords(task.progress),
    task.allComputers && 'all computers on this one',
    still,
    !still && stage === 'encoding' && speed !== undefined && `${speed.toFixed(speed < 9.95 ? 1 : 0)}× real time`,
    !still && stage === 'encoding' && fps !== undefined && `${fps.toFixed(1)} fps`,
    sizeText(task),
    elapsed !== undefined && `${formatDuration(elapsed)} elapsed`,
    !still && (left === undefined ? 'estimating time left' : `${about(left)} left`),
  ].filter((fact) => typeof fact === 'string');
}

/** Why a running conversion makes no progress now; undefined while it does. */
function useStill(task: RunningView): string | undefined {
  const held = useLive((live) => live.summary?.held === true);
  const worker = useLive((live) => live.summary?.workers.find(({ id }) => id === task.workerId));
  return task.delivered ? undefined : pauseReason(worker, held);
}

/** Stage, speed, size, and time of a running conversion. */
export function RunningFacts({ task, withWorker }: { task: RunningView; withWorker: boolean }) {
  const elapsed = useElapsed(task.startedAt);
  const segments = useSegments(task);
  return (
    <>
      <ChunkStrip progress={task.progress} />
      <div className={classes.facts}>
        {factsOf(task, segments, useStill(task), elapsed).map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
        {withWorker && <span>{task.worker}</span>}
      </div>
    </>
  );
}

function RunningRow({ task, withWorker }: { task: RunningView; withWorker: boolean }) {
  const openFile = useOpenFile();
  const still = useStill(task);
  const segments = useSegments(task);
  return (
    <li className={classes.row}>
      {withWorker && <Still key={task.file} file={task.file} />}
      <div className={classes.body}>
        <div className={classes.line}>
          <button type="button" className={listClasses.video} title={task.path} onClick={() => openFile(task.file)}>
            {nameOf(task.path)}
          </button>
          <span className={classes.percent}>{percentOf(segments)}%</span>
        </div>
        <StageBar task={task} still={still !== undefined} />
        <RunningFacts task={task} withWorker={withWorker} />
      </div>
      <FileMenu
        file={{
          ...{ id: task.file, state: 'running', code: null, reason: null, path: task.path },
          allComputers: task.allComputers ?? false,
        }}
      />
    </li>
  );
}

/** The running conversions: how far each is over all its stages, how fast, how large, how long, and where. */
export function RunningList(props: { running: RunningView[]; empty: string; withWorker?: boolean }) {
  const { running, empty, withWorker = true } = props;
  if (running.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <ul className={listClasses.list}>
      {running.map((task) => (
        <RunningRow key={task.task} task={task} withWorker={withWorker} />
      ))}
    </ul>
  );
}
