import type { RunningView } from '../../src-shared/jobs/lease.ts';
import { STAGE_LABELS } from '../../src-shared/text/stage-labels.ts';

export { STAGE_LABELS } from '../../src-shared/text/stage-labels.ts';
export { about, endsAt, formatEndTime } from '../../src-shared/text/time-words.ts';
export { folderOf, nameOf } from '../../src-shared/util/paths.ts';

/** What a file's states are called everywhere. */
export const STATE_LABELS = {
  found: 'New',
  queued: 'Waiting',
  running: 'Running',
  done: 'Done',
  skipped: 'Skipped',
  failed: 'Failed',
  blocked: 'Blocked',
} as const;
export type State = keyof typeof STATE_LABELS;

/** What is being done with a running video; a delivered result may still wait for its turn. */
export const stageLabel = ({ progress: { stage }, delivered }: Pick<RunningView, 'progress' | 'delivered'>): string =>
  delivered && (stage === 'uploading' || stage === 'encoding') ? 'Waiting for verification' : STAGE_LABELS[stage];

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A time in milliseconds since 1970 seen from now: `3 hours ago`, `yesterday`. */
export function relativeTime(time: number, now = Date.now()): string {
  const seconds = (time - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return 'just now';
}
