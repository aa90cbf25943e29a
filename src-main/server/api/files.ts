import path from 'node:path';
import type { FILE_CALLS } from '../../../src-shared/contract/files.ts';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import { suggestQuality } from '../../../src-shared/media/blind-votes.ts';
import { XPSNR_TARGETS } from '../../../src-shared/media/quality-target.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { BlindVoteTable } from '../../db/tables/blind-votes.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import { FolderList } from '../../db/tables/folder-list.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Foretold } from '../../master/forecast/forecasts.ts';
import type { FileActions } from '../../master/queue/file-actions.ts';
import { overridesFor } from '../../master/queue/overrides.ts';
import type { Vault } from '../../master/vault/vault.ts';
import type { Previews } from '../previews/previews.ts';
import { attemptsOf, byPath } from './jobs.ts';
import { planOf } from './plan-of.ts';

export interface FileHandlerParts {
  ctx: MasterContext;
  list: FileList;
  actions: FileActions;
  vault: Vault;
  previews: Previews;
  /** Returns the effort a second that this computer gets through; undefined before its first conversion. */
  throughput: () => number | undefined;
}

/** Returns the handlers for files, one at a time or by the thousand. */
export function fileHandlers(parts: FileHandlerParts): Pick<Handlers, keyof typeof FILE_CALLS> {
  const { ctx, list, actions, vault, previews } = parts;
  const folders = new FolderList(ctx.db);
  const forecastOf = (foretold: Foretold) => {
    const { crf, bytes, effort } = foretold.forecast;
    const speed = parts.throughput();
    const { bytesError } = ctx.forecasts.model.total([foretold]);
    return { crf, bytes, bytesError, seconds: speed ? effort / speed : null, sampled: foretold.known !== undefined };
  };
  const votes = new BlindVoteTable(ctx.db);
  const targetNow = () => {
    const { quality } = ctx.settings();
    return quality === 'table' ? null : XPSNR_TARGETS[quality];
  };
  const blindVotes = () => {
    const { quality } = ctx.settings();
    const counts = votes.count(targetNow());
    return { ...counts, quality, suggestion: suggestQuality(counts, quality) };
  };
  return {
    'file.list': (filter) => ctx.files.list(filter),
    'file.page': (wanted) => ({ files: list.page(wanted) }),
    'file.tally': ({ filter }) => list.tally(filter),
    'file.folders': (wanted) => folders.in(wanted),
    'file.count': ({ action, selection }) => ({
      ...actions.count(action, selection),
      overridable: action === 'retry' ? actions.overridable(selection) : [],
    }),
    'file.get': ({ file }) => {
      const view = ctx.files.view(file);
      const row = ctx.files.get(file);
      if (!view || !row) throw new Fault('missing', `There is no file ${file}.`);
      const original = ctx.swaps.originalOf(file);
      const { plan, estimate, foretold } = planOf(ctx, row);
      return {
        file: view,
        ...{ plan, estimate, forecast: foretold ? forecastOf(foretold) : null },
        attempts: attemptsOf(ctx, file),
        original: original ? vault.view(original) : null,
        override: overridesFor(ctx, row),
        sample: previews.sampleOf(file),
      };
    },
    'file.estimates': ({ files }) => ({
      estimates: files.flatMap((file) => {
        const row = ctx.files.get(file);
        const bytes = row && planOf(ctx, row).estimate;
        return typeof bytes === 'number' ? [{ file, bytes }] : [];
      }),
    }),
    'file.retry': async (selection) => ({ queued: await actions.retry(selection) }),
    'file.skip': async (selection) => ({ skipped: await actions.skip(selection) }),
    'file.cancel': async (selection) => ({ cancelled: await actions.cancel(selection) }),
    'file.reencode': (selection) => actions.reencode(selection),
    'file.forget': async (selection) => ({ forgotten: await actions.forget(selection) }),
    'file.priority': async ({ priority, ...selection }) => {
      await actions.setPriority(selection, priority);
      return {};
    },
    'file.allComputers': async ({ on, ...wanted }) => {
      const selection = 'path' in wanted ? { files: [byPath(ctx, path.resolve(wanted.path)).file] } : wanted;
      return { changed: await actions.setAllComputers(selection, on) };
    },
    'file.sample': ({ file, seconds }) => previews.sample(file, seconds),
    'file.vote': ({ file, position, verdict }) => {
      const view = ctx.files.view(file);
      if (!view) throw new Fault('missing', `There is no file ${file}.`);
      const report = attemptsOf(ctx, file).at(-1)?.quality;
      // A sample is made as the settings are now.
      const target = view.state === 'done' ? (report && !report.fallback ? report.target.value : null) : targetNow();
      votes.cast({ file, position, target, verdict });
      return blindVotes();
    },
    'file.votes': blindVotes,
    'file.stopSample': ({ file }) => {
      previews.cancel(file);
      return {};
    },
  };
}
