import type { FileView } from '../../src-shared/contract/file-view.ts';
import type { RunningView } from '../../src-shared/jobs/lease.ts';
import { stageLabel } from '../lib/labels.ts';
import { useLive } from '../store/live.ts';
import classes from './live-state.module.css';
import { percentOf, StageBar, useSegments } from './stage-bar.tsx';
import { StateBadge } from './state-badge.tsx';

/** The state of a video; while it is running, the stage and its progress. */
export function LiveState({ file }: { file: FileView }) {
  const task = useLive((live) => live.summary?.running.find((running) => running.file === file.id));
  if (!task) {
    return (
      <span title={file.reason ?? undefined}>
        <StateBadge state={file.state} />
      </span>
    );
  }
  return <Running task={task} />;
}

function Running({ task }: { task: RunningView }) {
  const segments = useSegments(task);
  return (
    <div className={classes.running}>
      <StateBadge state="running">{`${stageLabel(task)} ${percentOf(segments)}%`}</StateBadge>
      <StageBar task={task} />
    </div>
  );
}
