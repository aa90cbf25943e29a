import type { Summary } from '../../src-shared/contract.ts';
import type { StatTable } from '../db/stats.ts';
import type { MasterContext } from '../master/context.ts';
import type { Dispatcher } from '../master/dispatcher.ts';
import type { Libraries } from '../master/libraries.ts';
import type { Pairing } from '../master/pairing.ts';
import { findProblems } from '../master/problems.ts';
import type { Membership } from '../membership.ts';
import type { LiveParts } from './live.ts';

/** Results that a summary shows. */
const RECENT = 10;
/** What remains is summed up again no more often than takes this share of the time. */
const LARGEST_SHARE = 0.005;

interface Sources {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  libraries: Libraries;
  stats: StatTable;
  pairing: Pairing;
  membership: Membership;
  /** Pixels a second that this computer gets through. */
  throughput: () => number | undefined;
}

/** How each part of the queue's summary is looked up. */
export function summaryParts({ ctx, dispatcher }: Pick<Sources, 'ctx' | 'dispatcher'>): {
  [K in keyof Summary]: () => Summary[K];
} {
  return {
    counts: () => ctx.files.counts(),
    sourceBytes: () => ctx.jobs.totals().sourceBytes,
    resultBytes: () => ctx.jobs.totals().resultBytes,
    settling: () => ctx.scopes().reduce((n, scope) => n + ctx.files.settling(scope).count, 0),
    running: () => dispatcher.running,
    recent: () => ctx.files.recent(RECENT),
    paused: () => dispatcher.paused,
    held: () => dispatcher.held,
  };
}

/** How each part of what users follow is looked up. */
export function liveParts(sources: Sources): LiveParts {
  const { ctx, dispatcher, stats, pairing, membership, throughput } = sources;
  return {
    ...summaryParts(sources),
    libraries: () => ctx.libraries.all(),
    scanning: () => sources.libraries.scanning,
    workers: () => dispatcher.fleet.views(),
    pairings: () => pairing.list(),
    master: () => membership.view,
    problems: () => findProblems(ctx, dispatcher, stats),
    eta: timeLeft({ ctx, dispatcher, stats, throughput }),
  };
}

/** Looks up the seconds until nothing waits any more; the sum is taken now and then, and counted down from. */
function timeLeft({
  ctx,
  dispatcher,
  stats,
  throughput,
}: Omit<Sources, 'pairing' | 'membership' | 'libraries'>): () => number | null {
  let known = { at: 0, cost: 0, pixels: 0, waiting: -1 };
  return () => {
    const speed = throughput();
    const { queued, running } = ctx.files.counts();
    if (!speed || queued + running === 0 || dispatcher.paused !== null || dispatcher.fleet.standsStill) return null;
    const now = performance.now();
    if (known.waiting !== queued + running || now - known.at > known.cost / LARGEST_SHARE) {
      const open = ctx.libraries.all().filter(({ paused, held }) => paused === null && !held);
      const pixels = stats.remaining(open.map(({ id }) => id));
      known = { at: now, cost: performance.now() - now, pixels, waiting: queued + running };
    }
    const begun = dispatcher.running.reduce((sum, { file, progress }) => {
      const view = ctx.files.view(file);
      const pixels = (view?.width ?? 0) * (view?.height ?? 0) * (view?.frameRate ?? 24) * (view?.duration ?? 0);
      return sum + pixels * doneShare(progress);
    }, 0);
    return Math.max(0, (known.pixels - begun) / speed);
  };
}

/** How much of a film is done, 0 to 1: encoding takes nearly all of the time. */
function doneShare({ stage, share = 0 }: { stage: string; share?: number | undefined }): number {
  if (stage === 'encoding') return share;
  return ['staging', 'checking', 'replacing'].includes(stage) ? 1 : 0;
}
