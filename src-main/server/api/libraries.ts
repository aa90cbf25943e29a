import path from 'node:path';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { LIBRARY_CALLS } from '../../../src-shared/contract/libraries.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../../master/context.ts';
import { browseFolder } from '../../master/library/browse-folders.ts';
import { dryRun } from '../../master/library/dry-run.ts';
import type { Libraries } from '../../master/library/libraries.ts';
import { librarySpace } from '../../master/library/library-space.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import type { Sentinels } from '../../master/transfer/sentinels.ts';
import type { Previews } from '../previews/previews.ts';
import { workerOf } from './caller.ts';
import { previewHandlers } from './library-preview.ts';

/** Length of the sample that measures how fast this computer is, in seconds of video. */
const MEASURED_SECONDS = 3;

export interface LibraryHandlerParts {
  ctx: MasterContext;
  libraries: Libraries;
  dispatcher: Dispatcher;
  sentinels: Sentinels;
  list: FileList;
  stats: StatTable;
  previews: Previews;
  /** Returns the pixels a second that this computer encodes; undefined before its first conversion. */
  throughput: () => number | undefined;
}

/** Returns the handlers for libraries and their folders. */
export function libraryHandlers(parts: LibraryHandlerParts): Pick<Handlers, keyof typeof LIBRARY_CALLS> {
  const { ctx, libraries, dispatcher, list, stats } = parts;
  return {
    'folder.list': ({ path: place }) => browseFolder(place, ctx.libraries.all()),
    ...previewHandlers(parts),
    'library.space': () => librarySpace(ctx),
    'library.list': () => ctx.libraries.all(),
    'library.add': ({ path: place, watched, hold }) => libraries.add(path.resolve(place), watched, hold),
    'library.release': ({ library }) => {
      libraries.release(libraries.get(library));
      return {};
    },
    'library.dryRun': async ({ library, measure }) => {
      libraries.get(library);
      if (measure && parts.throughput() === undefined) await measureSpeed(parts, library);
      return dryRun(ctx, { list, stats, throughput: parts.throughput() }, library);
    },
    'library.remove': ({ library }) => {
      const { root } = libraries.get(library);
      const isReplacing = ctx.swaps
        .all()
        .some(({ step, file }) => step !== 'waiting' && ctx.files.get(file)?.library === library);
      if (isReplacing || dispatcher.running.some((r) => r.library === library)) {
        throw new Fault('conflict', `A video in ${root} is being converted; wait for it or pause the queue first.`);
      }
      ctx.libraries.remove(library);
      ctx.emit('libraries', {});
      // Clears postponed results of the library.
      ctx.emit('retry', {});
      return {};
    },
    'library.scan': ({ library, prefix }) => libraries.scan(libraries.get(library), prefix),
    'library.takeOver': async ({ library }) => {
      await libraries.takeOver(libraries.get(library));
      return {};
    },
    'library.resume': async ({ library }) => {
      await libraries.scan(libraries.get(library), '', true);
      if (!dispatcher.pause.byUser) dispatcher.resume();
      ctx.emit('work', {});
      return {};
    },
    'library.sentinel': ({ library }, actor) => {
      workerOf(actor);
      return parts.sentinels.in(library);
    },
    'library.storage': ({ library, path: place }, actor) => {
      const worker = workerOf(actor);
      if (!ctx.libraries.get(library)) throw new Fault('missing', `There is no library ${library}.`);
      ctx.storage.set(worker, library, place);
      dispatcher.workers.publish(worker);
      return {};
    },
  };
}

/** Converts a few seconds of a video of median size. */
async function measureSpeed({ list, previews }: LibraryHandlerParts, library: number): Promise<void> {
  const filter = { library: [library], state: ['queued' as const], missing: false };
  const { total } = list.tally(filter);
  const offset = Math.floor(total / 2);
  const [video] = list.page({ filter, sort: 'size', descending: false, offset, limit: 1 });
  if (video) await previews.sample(video.id, MEASURED_SECONDS);
}
