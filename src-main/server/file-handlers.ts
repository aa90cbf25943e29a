import type { Handlers } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { estimateSize } from '../../src-shared/estimate.ts';
import { makePlan } from '../../src-shared/plan.ts';
import type { FileRow } from '../db/files.ts';
import type { HandlerParts } from './handlers.ts';
import { attemptsOf } from './log-handlers.ts';

type FileCalls = Extract<keyof Handlers, `file.${string}` | 'queue.list' | 'queue.move'>;

/** The calls about files, singly and by thousands. */
export function fileHandlers({ ctx, list, actions, vault, previews }: HandlerParts): Pick<Handlers, FileCalls> {
  const planned = (row: FileRow) => {
    const plan = row.probe && makePlan(row.probe, ctx.settings(), ctx.tables());
    return { plan, estimate: row.probe && plan?.kind === 'convert' ? estimateSize(row.probe, plan, row.size) : null };
  };
  return {
    'file.list': (filter) => ctx.files.list(filter),
    'file.page': (wanted) => ({ files: list.page(wanted) }),
    'file.tally': ({ filter }) => list.tally(filter),
    'file.count': ({ action, selection }) => actions.count(action, selection),
    'file.get': ({ file }) => {
      const view = ctx.files.view(file);
      const row = ctx.files.get(file);
      if (!view || !row) throw new Fault('missing', `There is no file ${file}.`);
      const original = ctx.swaps.originalOf(file);
      return {
        ...{ file: view, ...planned(row), attempts: attemptsOf(ctx, file) },
        original: original ? vault.view(original) : null,
        sample: previews.sampleOf(file),
      };
    },
    'file.retry': async (selection) => ({ queued: await actions.retry(selection) }),
    'file.skip': async (selection) => ({ skipped: await actions.skip(selection) }),
    'file.cancel': async (selection) => ({ cancelled: await actions.cancel(selection) }),
    'file.reencode': (selection) => actions.reencode(selection),
    'file.forget': async (selection) => ({ forgotten: await actions.forget(selection) }),
    'file.priority': async ({ priority, ...selection }) => {
      await actions.setPriority(selection, priority);
      return {};
    },
    'file.sample': ({ file, seconds }) => previews.sample(file, seconds),
    'file.stopSample': ({ file }) => {
      previews.cancel(file);
      return {};
    },
    'queue.list': (part) => {
      const open = ctx.libraries.all().filter(({ paused, held }) => paused === null && !held);
      const ids = open.map(({ id }) => id);
      const queue = list.queue(ids, ctx.settings().fileOrder, part);
      const views = new Map(list.views(queue.files.map(({ id }) => id)).map((view) => [view.id, view]));
      const files = queue.files.flatMap(({ id, priority }) => {
        const [view, row] = [views.get(id), ctx.files.get(id)];
        return view && row ? [{ ...view, priority, estimate: planned(row).estimate }] : [];
      });
      return { total: queue.total, files };
    },
    'queue.move': ({ files, before }) => {
      const moved = ctx.jobs.move(files, before, ctx.settings().fileOrder);
      ctx.emit('listed', {});
      return { moved };
    },
  };
}
