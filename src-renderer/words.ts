import type { RunningView, Stage } from '../src-shared/lease.ts';

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

/** What happens to a film at present. */
export const STAGE_WORDS: Record<Stage, string> = {
  fetching: 'Fetching',
  preparing: 'Preparing',
  encoding: 'Encoding',
  uploading: 'Uploading',
  staging: 'Storing',
  checking: 'Checking',
  replacing: 'Replacing',
};

/** The last part of a path: what people call the file. */
export const nameOf = (path: string): string => path.split(/[/\\]/).at(-1) || path;

/** What stands before the name, without the separator; empty at the root of a library. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.length - nameOf(path).length - 1));

/** `about 3 h`, rounded as coarsely as an estimate deserves; `estimating` without one. */
export function about(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return 'estimating';
  if (seconds < 90) return 'about a minute';
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `about ${Math.round(seconds / 3600)} h`;
  return `about ${Math.round(seconds / 86_400)} days`;
}

/** When something ends that takes this long from now: `today around 14:00`, `on Friday`. */
export function endsAround(seconds: number, now = new Date()): string {
  const end = new Date(now.getTime() + seconds * 1000);
  // An estimate pretends to no more than half an hour.
  end.setMinutes(end.getMinutes() < 15 ? 0 : end.getMinutes() < 45 ? 30 : 60, 0, 0);
  const days = Math.round((startOfDay(end) - startOfDay(now)) / 86_400_000);
  const clock = end.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  if (seconds < 600) return 'in a few minutes';
  if (days === 0) return `today around ${clock}`;
  if (days === 1) return `tomorrow around ${clock}`;
  if (days < 7) return `on ${end.toLocaleDateString(undefined, { weekday: 'long' })}`;
  return `around ${end.toLocaleDateString(undefined, { day: 'numeric', month: 'long', year: 'numeric' })}`;
}

const startOfDay = (date: Date) => new Date(date).setHours(0, 0, 0, 0);

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
