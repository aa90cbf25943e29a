import type { Summary } from '../../../src-shared/contract/index.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Libraries } from '../../master/library/libraries.ts';
import type { Pairing } from '../../master/pairing.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import { findProblems } from '../../master/queue/problems.ts';
import type { Membership } from '../../worker/session/membership.ts';
import { timeLeft } from './eta.ts';
import type { LiveParts } from './live-feed.ts';

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
    onHold: () => {
      const closed = ctx.libraries.all().filter(({ paused, held }) => paused !== null || held);
      return closed.length > 0 ? ctx.files.awaited(closed.map(({ id }) => id)) : 0;
    },
    damaged: () => ctx.files.countSkipped(['damaged', 'too-damaged', 'unreadable', 'empty']),
    sourceBytes: () => ctx.jobs.totals().sourceBytes,
    resultBytes: () => ctx.jobs.totals().resultBytes,
    vaultBytes: () => ctx.jobs.totals().vaultBytes,
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
    workers: () => dispatcher.workers.views(),
    pairings: () => pairing.list(),
    master: () => membership.view,
    problems: () => findProblems(ctx, dispatcher, stats),
    eta: timeLeft({ ctx, dispatcher, stats, throughput }),
    stages: () => stats.stageSeconds(),
  };
}
