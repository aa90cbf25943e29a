import type { Live } from '../../src-shared/contract.ts';
import { nameOf } from '../../src-shared/paths.ts';
import { STAGE_WORDS } from '../../src-shared/stage-words.ts';
import { whyAllWait, whyItRests } from '../../src-shared/standstill.ts';
import { about } from '../../src-shared/time-words.ts';

/** What the icon tells without a word. */
export type Mood = 'idle' | 'working' | 'paused' | 'attention';

/** How Flotilla stands, as far as tray, taskbar and notifications tell it. */
export interface Status {
  mood: Mood;
  /** A line for each running film: `Night ferry.mkv: 42 %, about 3 min`. */
  films: string[];
  /** Those among them that are this computer's own, not those of a master on another one. */
  own: number;
  waiting: number;
  /** Seconds until nothing waits any more; null while that is not known. */
  eta: number | null;
  /** How far what runs is in all, 0 to 1; null where nothing runs. */
  share: number | null;
  /** The user's pause, or the reason why nothing is done. */
  paused: { byUser: boolean; held: boolean; until: number | null; reason: string } | null;
  /** Why nobody works although there is work, or this computer would not: what its rules say, as a sentence. */
  rests: string | null;
  /** Things that do not go on without the user. */
  problems: number;
  /** The master on another computer that this one works for. */
  master: string | null;
}

/** How it stands by what the page knows too. */
export function statusOf(live: Live): Status {
  const { counts, paused, held, pausedUntil, problems, eta, master, workers } = live;
  const work = master?.work ?? null;
  const running = [...live.running, ...(work?.running ?? [])];
  const waiting = counts.found + counts.queued;
  const byUser = paused !== null && !problems.some(({ kind }) => kind === 'queue');
  const allWait = live.running.length + waiting > 0 ? whyAllWait(workers) : undefined;
  const leads = live.running.length > 0 && !held && allWait === undefined;
  const serves = work !== null && work.running.length > 0 && work.mode !== 'paused' && work.yielding?.held !== true;
  const rests = leads ? undefined : (allWait ?? (work ? whyItRests(work, master?.name ?? 'The master') : undefined));
  return {
    mood: moodOf({ works: leads || serves, paused: byUser || rests !== undefined, problems: problems.length }),
    films: running.map(({ path, progress }) => lineOf(path, progress)),
    own: live.running.length,
    waiting,
    eta,
    share: shareOf(running),
    paused: paused === null ? null : { byUser, held, until: pausedUntil, reason: paused },
    rests: rests ?? null,
    problems: problems.length,
    master: master && ['online', 'offline', 'connecting'].includes(master.state) ? master.name : null,
  };
}

/** How far films are together. */
function shareOf(running: Live['running']): number | null {
  if (running.length === 0) return null;
  const shares = running.map(({ progress }) => (progress.stage === 'encoding' ? (progress.share ?? 0) : 0));
  return shares.reduce((sum, share) => sum + share, 0) / running.length;
}

function moodOf({ works, paused, problems }: { works: boolean; paused: boolean; problems: number }): Mood {
  if (works) return 'working';
  if (paused) return 'paused';
  return problems > 0 ? 'attention' : 'idle';
}

function lineOf(path: string, { stage, share, eta }: Live['running'][number]['progress']): string {
  const name = nameOf(path);
  if (stage !== 'encoding' || share === undefined) return `${name}: ${STAGE_WORDS[stage].toLowerCase()}`;
  return `${name}: ${Math.floor(100 * share)} %, ${about(eta)}`;
}
