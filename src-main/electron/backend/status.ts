import type { Live } from '../../../src-shared/contract/index.ts';
import {
  meanShare,
  overallShare,
  type Segment,
  secondsLeft,
  segmentsOf,
} from '../../../src-shared/jobs/overall-progress.ts';
import { employmentIdleReason, fleetIdleReason } from '../../../src-shared/text/idle-reasons.ts';
import { STAGE_LABELS } from '../../../src-shared/text/stage-labels.ts';
import { about } from '../../../src-shared/text/time-words.ts';
import { waitingCount } from '../../../src-shared/text/waiting-count.ts';
import { nameOf } from '../../../src-shared/util/paths.ts';

const STATUS_KEYS = [
  'counts',
  'onHold',
  'running',
  'paused',
  'held',
  'pausedUntil',
  'problems',
  'eta',
  'master',
  'workers',
  'stages',
] as const satisfies (keyof Live)[];

/** State shown by the tray icon. */
export type Mood = 'idle' | 'working' | 'paused' | 'attention';

/** The status of Flotilla, as tray, taskbar, and notifications show it. */
export interface Status {
  mood: Mood;
  /** A line for each running video, with its progress over all stages: `Night ferry.mkv: 42%, about 3 min`. */
  videos: string[];
  /** Those among them that are this computer's own, not those of a master on another one. */
  own: number;
  waiting: number;
  /** Seconds until nothing waits any more; null while that is not known. */
  eta: number | null;
  /** How far all running videos are together, each over all its stages, 0 to 1; null where nothing runs. */
  share: number | null;
  /** The user's pause, or the reason why nothing is done. */
  paused: { byUser: boolean; held: boolean; until: number | null; reason: string } | null;
  /** Why no computer works although there are jobs, or why this one wouldn't, as a sentence. */
  rests: string | null;
  /** Problems that need the user. */
  problems: number;
  /** The master on another computer that this one works for. */
  master: string | null;
}

/** Parts of the live snapshot that a status is made from. */
export const STATUS_PARTS: readonly (keyof Live)[] = STATUS_KEYS;

/** Summarizes the state that the interface shows. */
export function statusOf(live: Pick<Live, (typeof STATUS_KEYS)[number]>): Status {
  const { paused, held, pausedUntil, problems, eta, master, workers, stages } = live;
  const work = master?.work ?? null;
  const running = [...live.running, ...(work?.running ?? [])];
  const isLocal = (task: Live['running'][number]) =>
    live.running.includes(task) && workers.find(({ id }) => id === task.workerId)?.local === true;
  const waiting = waitingCount(live);
  const byUser = paused !== null && !problems.some(({ kind }) => kind === 'queue');
  const allWait = live.running.length + waiting > 0 ? fleetIdleReason(workers) : undefined;
  const leads = live.running.length > 0 && !held && allWait === undefined;
  const serves = work !== null && work.running.length > 0 && work.mode !== 'paused' && work.yielding?.held !== true;
  const rests = leads
    ? undefined
    : (allWait ?? (work ? employmentIdleReason(work, master?.name ?? 'The master') : undefined));
  return {
    mood: moodOf({ works: leads || serves, paused: byUser || rests !== undefined, problems: problems.length }),
    videos: running.map((task) => lineOf(task, segmentsOf(task, stages, isLocal(task)))),
    own: live.running.length,
    waiting,
    eta,
    share: meanShare(running, stages, isLocal),
    paused: paused === null ? null : { byUser, held, until: pausedUntil, reason: paused },
    rests: rests ?? null,
    problems: problems.length,
    master: master && ['online', 'offline', 'connecting'].includes(master.state) ? master.name : null,
  };
}

function moodOf({ works, paused, problems }: { works: boolean; paused: boolean; problems: number }): Mood {
  if (works) return 'working';
  if (paused) return 'paused';
  return problems > 0 ? 'attention' : 'idle';
}

function lineOf(task: Live['running'][number], segments: readonly Segment[]): string {
  const { stage } = task.progress;
  const percent = Math.floor(100 * overallShare(segments));
  const rest = stage === 'encoding' ? about(secondsLeft(task, segments, undefined)) : STAGE_LABELS[stage].toLowerCase();
  return `${nameOf(task.path)}: ${percent}%, ${rest}`;
}
