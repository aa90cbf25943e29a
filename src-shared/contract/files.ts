import { z } from 'zod';
import {
  FILE_ACTIONS,
  FILE_SORTS,
  FileFilter,
  FileSelection,
  FileView,
  State,
  selecting,
  Tally,
} from '../file-view.ts';
import { Sample } from '../insights.ts';
import { line } from '../plain-text.ts';
import { Plan, Skip } from '../plan.ts';
import { changing, done, id, reading, search } from './call.ts';
import { VaultEntry } from './vault.ts';

/** How one try to convert a film went. */
export const AttemptView = z.object({
  worker: z.string(),
  /** Name and version of the worker's AV1 encoder, as it logs them: SVT-AV1 2.3.0. */
  encoder: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  /** Seconds spent in each stage. */
  stages: z.record(z.string(), z.number()),
  /** How alike result and source are: SSIM 0 to 1, PSNR in dB of the worst window, both at reduced size. */
  likeness: z.object({ ssim: z.number(), psnr: z.number() }).nullable(),
  log: z.string().nullable(),
});

/** Films of the libraries, and what is done about them. */
export const FILE_CALLS = {
  'file.list': reading(
    'user',
    'Files of all libraries or one, by state and reason',
    z.strictObject({
      library: id.optional(),
      state: State.optional(),
      /** Of the reason why it is in that state: `damaged`. */
      code: line(100).optional(),
      search,
      after: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.array(FileView),
  ),
  'file.page': reading(
    'user',
    'A part of the list of files that pass a filter, in any order',
    z.strictObject({
      filter: FileFilter.default({}),
      sort: z.enum(FILE_SORTS).default('path'),
      descending: z.boolean().default(false),
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.object({ files: z.array(FileView) }),
  ),
  'file.tally': reading(
    'user',
    'How many files pass a filter, and how many of each kind there are',
    z.strictObject({ filter: FileFilter.default({}) }),
    Tally,
  ),
  'file.count': reading(
    'user',
    'How many of the files an action would act on, and their bytes',
    z.strictObject({ action: z.enum(FILE_ACTIONS), selection: FileSelection }),
    z.object({ count: z.number(), bytes: z.number(), of: z.number() }),
  ),
  'file.get': reading(
    'user',
    'One file with its plan and every attempt',
    z.strictObject({ file: id }),
    z.object({
      file: FileView,
      plan: z.union([Plan, Skip]).nullable(),
      /** Rough size of the result in bytes. */
      estimate: z.number().nullable(),
      attempts: z.array(AttemptView),
      /** Its original, where the vault keeps it. */
      original: VaultEntry.nullable(),
      /** The last sample that was made of it and is still there. */
      sample: Sample.nullable(),
    }),
  ),
  'file.retry': changing(
    'user',
    'Queue failed, blocked or skipped files again; `convertDamaged` converts what is left of those skipped as damaged',
    selecting({ convertDamaged: z.boolean().default(false) }),
    z.object({ queued: z.number() }),
  ),
  'file.skip': changing(
    'user',
    'Leave files as they are from now on; what runs is ended',
    FileSelection,
    z.object({ skipped: z.number() }),
  ),
  'file.cancel': changing(
    'user',
    'Take files out of the queue, running ones too, until they are retried',
    FileSelection,
    z.object({ cancelled: z.number() }),
  ),
  'file.reencode': changing(
    'user',
    'Convert done files anew, from their originals in the vault; queues any other again',
    FileSelection,
    z.object({ queued: z.number(), refused: z.array(z.string()) }),
  ),
  'file.forget': changing(
    'user',
    'Take files off the list, with their history; no file is touched, and one that is there is found again by a scan',
    FileSelection,
    z.object({ forgotten: z.number() }),
  ),
  'file.priority': changing(
    'user',
    'Higher comes first; 0 is the standard',
    selecting({ priority: z.int().min(-100).max(100) }),
    done,
  ),
  'file.sample': changing(
    'user',
    'Convert a few seconds of a film to look at; nothing is replaced. Tells `sample` events meanwhile',
    z.strictObject({ file: id, seconds: z.number().min(1).max(30).default(8) }),
    Sample,
  ),
  'file.stopSample': changing('user', 'End the sample that is being made', z.strictObject({ file: id }), done),
};
