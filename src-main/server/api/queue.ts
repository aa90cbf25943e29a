import { z } from 'zod';
import type { Handlers, Summary } from '../../../src-shared/contract/index.ts';
import type { QUEUE_CALLS } from '../../../src-shared/contract/queue.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import type { KeyValueTable } from '../../db/tables/key-value.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import { videoSeconds } from '../live/eta.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import { summaryParts } from '../live/live-parts.ts';
import { planOf } from './plan-of.ts';

/** Key of the user's pause, which outlives a restart. */
const PAUSED = 'paused';
const StoredPause = z.object({ now: z.boolean(), until: z.number().nullable().default(null) });

export interface QueueHandlerParts {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  list: FileList;
  stats: StatTable;
  facts: KeyValueTable;
  feed: LiveFeed;
  /** Pixels a second that this computer gets through. */
  throughput: () => number | undefined;
}

/** Returns the handlers for the queue, its pause, and what users follow of it. */
export function queueHandlers(parts: QueueHandlerParts): Pick<Handlers, keyof typeof QUEUE_CALLS> {
  const { ctx, dispatcher, list, facts } = parts;
  return {
    'queue.summary': () => summarize(ctx, dispatcher),
    'queue.pause': ({ now, until }) => {
      if (until !== null && until <= Date.now())
        throw new Fault('usage', 'The pause would be over already; choose a later time.');
      facts.set(PAUSED, { now, until });
      dispatcher.pause.begin({ reason: 'Paused by you.', byUser: true, held: now, until });
      return {};
    },
    'queue.resume': () => {
      facts.set(PAUSED, undefined);
      dispatcher.resume();
      return {};
    },
    'queue.list': (part) => {
      const open = ctx.libraries.all().filter(({ paused, held }) => paused === null && !held);
      const ids = open.map(({ id }) => id);
      const queue = list.queue(ids, ctx.settings().fileOrder, part);
      const views = new Map(list.views(queue.files.map(({ id }) => id)).map((view) => [view.id, view]));
      const [speeds, own] = [parts.stats.throughputs(), parts.throughput()];
      const files = queue.files.flatMap(({ id, priority, rank }) => {
        const [view, row] = [views.get(id), ctx.files.get(id)];
        if (!view || !row) return [];
        const { estimate } = planOf(ctx, row);
        return [
          {
            ...view,
            priority,
            pinned: rank !== 0,
            estimate,
            seconds: videoSeconds(parts.stats.effort(id), speeds, own),
          },
        ];
      });
      return { total: queue.total, files };
    },
    'queue.unpin': ({ files }) => {
      const unpinned = ctx.jobs.queued.unpin(files);
      ctx.emit('listed', {});
      return { unpinned };
    },
    'queue.move': ({ files, before }) => {
      const moved =
        before === 'end'
          ? ctx.jobs.queued.moveToEnd(files)
          : ctx.jobs.queued.move(files, before, ctx.settings().fileOrder);
      ctx.emit('listed', {});
      return { moved };
    },
    'live.snapshot': () => parts.feed.snapshot(),
    'stats.get': () => parts.stats.stats(),
  };
}

/** Pauses the queue if the user paused it before the restart. */
export function restorePause(facts: KeyValueTable, dispatcher: Dispatcher): void {
  const paused = facts.get(PAUSED, StoredPause);
  if (paused && (paused.until === null || paused.until > Date.now()))
    dispatcher.pause.begin({ reason: 'Paused by you.', byUser: true, held: paused.now, until: paused.until });
}

function summarize(ctx: MasterContext, dispatcher: Dispatcher): Summary {
  const parts = Object.entries(summaryParts({ ctx, dispatcher })).map(([key, look]) => [key, look()]);
  return Object.fromEntries(parts);
}
