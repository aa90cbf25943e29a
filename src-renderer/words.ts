import type { RunningView } from '../src-shared/lease.ts';
import { STAGE_WORDS } from '../src-shared/stage-words.ts';
import { about } from '../src-shared/time-words.ts';

export { folderOf, nameOf } from '../src-shared/paths.ts';
export { STAGE_WORDS } from '../src-shared/stage-words.ts';
export { about, endsAround, endsAt } from '../src-shared/time-words.ts';

/** What a file's states are called everywhere. */
export const STATE_WORDS = {
  found: 'Found',
  queued: 'Waiting',
  running: 'Running',
  done: 'Done',
  skipped: 'Skipped',
  failed: 'Failed',
  blocked: 'Blocked',
} as const;
export type State = keyof typeof STATE_WORDS;

/**
 * Stage, speed and remaining time of running work, short: `Encoding · 42.1 fps · about 3 min`.
 * @param still why it stands still, in place of its speed
 */
export function progressWords({ progress: { stage, fps, eta } }: RunningView, still?: string): string {
  const parts: string[] = [STAGE_WORDS[stage]];
  if (still) return [...parts, still].join(' · ');
  if (fps !== undefined) parts.push(`${fps.toFixed(1)} fps`);
  if (stage === 'encoding') parts.push(eta === undefined ? 'estimating' : about(eta));
  return parts.join(' · ');
}

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
export function ago(time: number, now = Date.now()): string {
  const seconds = (time - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return 'just now';
}

/** A time in full, for who wants to know exactly. */
export const exactly = (time: number): string =>
  new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
