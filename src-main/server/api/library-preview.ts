import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Libraries } from '../../master/library/libraries.ts';
import { planOf } from './plan-of.ts';

export interface PreviewHandlerParts {
  ctx: MasterContext;
  list: FileList;
  libraries: Libraries;
}

/** Returns the handler that lists what converting a library would do to each of its videos, the largest first. */
export function previewHandlers({ ctx, list, libraries }: PreviewHandlerParts): Pick<Handlers, 'library.preview'> {
  return {
    'library.preview': ({ library, offset, limit }) => {
      libraries.get(library);
      const filter = { library: [library], missing: false };
      const page = list.page({ filter, sort: 'size', descending: true, offset, limit });
      const videos = page.map(({ id, path, size, state, reason }) => {
        const row = ctx.files.get(id);
        const { plan, estimate } = row ? planOf(ctx, row) : { plan: null, estimate: null };
        const converts = state === 'queued' && plan?.kind === 'convert';
        const dropped = converts ? plan.streams.filter(({ action }) => action === 'drop') : [];
        return {
          ...{ file: id, path, size },
          estimate: converts ? estimate : null,
          leftOut: [
            ...dropped.map(({ from, why }) => (why ? `${from} (${why})` : from)),
            ...(converts && plan.tagsLost ? [plan.tagsLost] : []),
          ],
          skip: plan?.kind === 'skip' ? plan.reason : state === 'skipped' ? (reason ?? '') : null,
        };
      });
      return { total: list.tally(filter).total, videos };
    },
  };
}
