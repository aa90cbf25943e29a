import type { FileView } from '../../src-shared/file-view.ts';
import { useLive } from '../store/live.ts';
import { STAGE_WORDS } from '../words.ts';
import classes from './live-state.module.css';
import { StageBar } from './stage-bar.tsx';
import { StateBadge } from './state-badge.tsx';

/** The state of a film; while it is worked on, the stage and how far it is. */
export function LiveState({ file }: { file: FileView }) {
  const task = useLive((live) => live.summary?.running.find((running) => running.file === file.id));
  if (!task) {
    return (
      <span title={file.reason ?? undefined}>
        <StateBadge state={file.state} />
      </span>
    );
  }
  const { stage, share } = task.progress;
  const percent = share === undefined ? '' : ` ${Math.floor(share * 100)} %`;
  return (
    <div className={classes.running}>
      <StateBadge state="running">{`${STAGE_WORDS[stage]}${percent}`}</StateBadge>
      <StageBar task={task} />
    </div>
  );
}
