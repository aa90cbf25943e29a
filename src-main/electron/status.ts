import type { Live } from '../../src-shared/contract.ts';
import { STAGE_WORDS } from '../../src-shared/stage-words.ts';
import { about } from '../../src-shared/time-words.ts';

/** What the icon tells without a word. */
export type Mood = 'idle' | 'working' | 'paused' | 'attention';

/** How Flotilla stands, as far as tray, taskbar and notifications tell it. */
export interface Status {
  mood: Mood;
  /** A line for each running film: `Night ferry.mkv: 42 %, about 3 min`. */
  films: string[];
  waiting: number;
  /** Seconds until nothing waits any more; null while that is not known. */
  eta: number | null;
  /** How far what runs is in all, 0 to 1; null where nothing runs. */
  share: number | null;
  /** The user's pause, or the reason why nothing is done. */
  paused: { byUser: boolean; held: boolean; until: number | null; reason: string } | null;
  /** Things that do not go on without the user. */
  problems: number;
  /** The master on another computer that this one works for. */
  master: string | null;
  /** Films in the hands of this very computer. */
  holds: number;
}

/** @param holds films in the hands of this computer, also those of a master on another one */
export function statusOf(live: Live, holds: number): Status {
  const { counts, running, paused, held, pausedUntil, problems, eta, master } = live;
  const shares = running.map(({ progress }) => (progress.stage === 'encoding' ? (progress.share ?? 0) : 0));
  const byUser = paused !== null && !problems.some(({ kind }) => kind === 'queue');
  const works = (running.length > 0 && !held) || holds > running.length;
  return {
    mood: moodOf({ works, byUser, problems: problems.length }),
    films: running.map(({ path, progress }) => lineOf(path, progress)),
    waiting: counts.found + counts.queued,
    eta,
    share: running.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / running.length : null,
    paused: paused === null ? null : { byUser, held, until: pausedUntil, reason: paused },
    problems: problems.length,
    master: master && ['online', 'offline', 'connecting'].includes(master.state) ? master.name : null,
    holds,
  };
}

function moodOf({ works, byUser, problems }: { works: boolean; byUser: boolean; problems: number }): Mood {
  if (works) return 'working';
  if (byUser) return 'paused';
  return problems > 0 ? 'attention' : 'idle';
}

function lineOf(path: string, { stage, share, eta }: Live['running'][number]['progress']): string {
  const name = path.split('/').at(-1) ?? path;
  if (stage !== 'encoding' || share === undefined) return `${name}: ${STAGE_WORDS[stage].toLowerCase()}`;
  return `${name}: ${Math.floor(100 * share)} %, ${about(eta)}`;
}
