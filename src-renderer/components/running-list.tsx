import { Text } from '@mantine/core';
import type { WorkerView } from '../../src-shared/fleet-view.ts';
import type { RunningView } from '../../src-shared/lease.ts';
import { FileMenu } from '../pages/library/file-menu.tsx';
import { useLive } from '../store/live.ts';
import { useOpenFile } from '../store/open-file.ts';
import { nameOf, progressWords } from '../words.ts';
import classes from './list.module.css';
import { StageBar } from './stage-bar.tsx';

/** In place of the speed of films whose computer steps back for its user. */
function whyStill(worker: WorkerView | undefined): string | undefined {
  if (worker?.state === 'yielding') return worker.problem?.replace(/\.$/, '').toLowerCase();
  return worker?.state === 'paused' ? 'paused' : undefined;
}

function RunningRow({ task, withWorker }: { task: RunningView; withWorker: boolean }) {
  const openFile = useOpenFile();
  const still = useLive((live) => whyStill(live.summary?.workers.find(({ id }) => id === task.workerId)));
  return (
    <li className={classes.row}>
      <div className={classes.line}>
        <button type="button" className={classes.film} title={task.path} onClick={() => openFile(task.file)}>
          {nameOf(task.path)}
        </button>
        <span className={classes.details}>
          {progressWords(task, still)}
          {withWorker && ` · ${task.worker}`}
        </span>
        <FileMenu file={{ id: task.file, state: 'running', code: null, path: task.path }} />
      </div>
      <StageBar task={task} />
    </li>
  );
}

/** One line for each film that is worked on: its name, stage, speed, remaining time and computer. */
export function RunningList(props: { running: RunningView[]; empty: string; withWorker?: boolean }) {
  const { running, empty, withWorker = true } = props;
  if (running.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <ul className={classes.list}>
      {running.map((task) => (
        <RunningRow key={task.task} task={task} withWorker={withWorker} />
      ))}
    </ul>
  );
}
