import type { Summary } from '../../src-shared/contract.ts';
import type { StatTable } from '../db/stats.ts';
import type { MasterContext } from '../master/context.ts';
import type { Dispatcher } from '../master/dispatcher.ts';
import type { Libraries } from '../master/libraries.ts';
import type { Pairing } from '../master/pairing.ts';
import { findProblems } from '../master/problems.ts';
import type { Membership } from '../membership.ts';
import type { LiveParts } from './live.ts';
import { timeLeft } from './time-left.ts';

/** Results that a summary shows. */
const RECENT = 10;

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
    awaitingCheck: () => dispatcher.awaitingCheck,
    recent: () => ctx.files.recent(RECENT),
    paused: () => dispatcher.pause.reason,
    held: () => dispatcher.pause.held,
    pausedUntil: () => dispatcher.pause.until,
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
