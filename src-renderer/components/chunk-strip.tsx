import type { Progress } from '../../src-shared/jobs/lease.ts';
import { chunkWords } from '../../src-shared/text/chunk-words.ts';
import classes from './chunk-strip.module.css';

/** Cells that are still wide enough on a phone; a strip of more chunks has several in each. */
const MAX_CELLS = 60;

/** The chunks of a video: those that are done, those that are encoded, one for each computer, and those that wait; nothing for a video in one piece. */
export function ChunkStrip({ progress }: { progress: Progress }) {
  const words = chunkWords(progress);
  const { done, total, computers = 1 } = progress.chunks ?? { done: 0, total: 0 };
  if (!words) return null;
  const cells = Math.min(total, MAX_CELLS);
  const full = (done / total) * cells;
  const running = ((done + computers - 1) / total) * cells;
  const stateOf = (cell: number) => (cell + 1 <= full ? 'done' : cell <= running ? 'running' : 'waiting');
  return (
    <div className={classes.strip} role="img" aria-label={words} title={words}>
      {Array.from({ length: cells }, (_, cell) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
        <span key={cell} className={classes.cell} data-state={stateOf(cell)} />
      ))}
    </div>
  );
}
