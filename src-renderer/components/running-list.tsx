import { Text } from '@mantine/core';
import type { RunningView } from '../../src-shared/lease.ts';
import { FileMenu } from '../pages/library/file-menu.tsx';
import { useOpenFile } from '../store/open-file.ts';
import { nameOf, progressWords } from '../words.ts';
import classes from './list.module.css';
import { StageBar } from './stage-bar.tsx';

function RunningRow({ task, withWorker }: { task: RunningView; withWorker: boolean }) {
  const openFile = useOpenFile();
  return (
    <li className={classes.row}>
      <div className={classes.line}>
        <button type="button" className={classes.film} title={task.path} onClick={() => openFile(task.file)}>
          {nameOf(task.path)}
        </button>
        <span className={classes.details}>
          {progressWords(task)}
          {withWorker && ` · ${task.worker}`}
        </span>
        <FileMenu file={{ id: task.file, state: 'running', path: task.path }} />
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
