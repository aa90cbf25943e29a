import { z } from 'zod';
import { BlindVotes, VERDICTS } from '../media/blind-votes.ts';
import { WORST } from '../media/preview-positions.ts';
import { QualityReport } from '../media/quality-target.ts';
import { Plan } from '../plan/plan.ts';
import { Skip, SkipCode } from '../plan/skip.ts';
import { line, Path } from '../util/plain-text.ts';
import { changing, done, id, reading, search } from './call.ts';
import {
  FILE_ACTIONS,
  FILE_SORTS,
  FileFilter,
  FileSelection,
  FileView,
  Folder,
  FolderView,
  State,
  selecting,
  Tally,
} from './file-view.ts';
import { Sample } from './stats-view.ts';
import { VaultEntry } from './vault.ts';

/** How one try to convert a video went. */
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
  /** How the CRF was found for its quality target, and the measured quality of the result; null where the CRF came from the table. */
  quality: QualityReport.nullable(),
  log: z.string().nullable(),
});

const on = z.boolean().default(true);

/** Videos of the libraries, and actions on them. */
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
    'One page of the files that match a filter, in any order',
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
    'Number of files that match a filter, in total and of each kind',
    z.strictObject({ filter: FileFilter.default({}) }),
    Tally,
  ),
  'file.folders': reading(
    'user',
    'Libraries, or the folders in a folder of one, with the files below each that match a filter; those without any are left out',
    z.strictObject({
      filter: FileFilter.omit({ folder: true, direct: true }).default({}),
      library: id.optional(),
      folder: Folder.default(''),
    }),
    z.object({
      folders: z.array(FolderView),
      /** Number of matching files directly in the folder. */
      files: z.number(),
    }),
  ),
  'file.count': reading(
    'user',
    'Number and bytes of the files that an action would apply to',
    z.strictObject({ action: z.enum(FILE_ACTIONS), selection: FileSelection }),
    z.object({
      count: z.number(),
      bytes: z.number(),
      of: z.number(),
      /** For `retry`: those that a rule skipped and `override` converts, by skip code. */
      overridable: z.array(z.object({ code: SkipCode, count: z.number() })),
    }),
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
      /** What its conversion will probably come to; null where it isn't converted or was not analyzed yet. */
      forecast: z
        .object({
          /** On the scale of the settings. */
          crf: z.number(),
          /** Bytes of the result, and how far they may be wrong: two standard deviations. */
          bytes: z.number(),
          bytesError: z.number(),
          /** Seconds that it takes on the computer of the master; null until its speed is known. */
          seconds: z.number().nullable(),
          /** True where samples of this very video were encoded. */
          sampled: z.boolean(),
        })
        .nullable(),
      attempts: z.array(AttemptView),
      /** Its original, where the vault keeps it. */
      original: VaultEntry.nullable(),
      /** The skip codes that a retry with `override` overrules; null where the video isn't skipped or can't be converted. */
      override: z.array(SkipCode).nullable(),
      /** The last sample that was made of it and is still there. */
      sample: Sample.nullable(),
    }),
  ),
  'file.estimates': reading(
    'user',
    'Rough sizes in bytes of what these files would become; those without a plan are left out',
    z.strictObject({ files: z.array(id).max(200) }),
    z.object({ estimates: z.array(z.object({ file: id, bytes: z.number() })) }),
  ),
  'file.retry': changing(
    'user',
    'Queue failed, blocked, or skipped files again; `override` also converts those that a rule skips, where that is possible',
    selecting({ override: z.boolean().default(false) }),
    z.object({ queued: z.number() }),
  ),
  'file.skip': changing(
    'user',
    'Always skip files; cancels running conversions',
    FileSelection,
    z.object({ skipped: z.number() }),
  ),
  'file.cancel': changing(
    'user',
    'Remove files from the queue, including running ones, until they are retried',
    FileSelection,
    z.object({ cancelled: z.number() }),
  ),
  'file.reencode': changing(
    'user',
    'Convert done files again, from their originals in the vault; queues any others again',
    FileSelection,
    z.object({ queued: z.number(), refused: z.array(z.string()) }),
  ),
  'file.forget': changing(
    'user',
    'Remove files and their history from the list; no file is changed, and the next scan adds existing ones again',
    FileSelection,
    z.object({ forgotten: z.number() }),
  ),
  'file.priority': changing(
    'user',
    'Set the priority; higher comes first, and 0 is the default',
    selecting({ priority: z.int().min(-100).max(100) }),
    done,
  ),
  'file.allComputers': changing(
    'user',
    'Have computers help with these queued or running files before they begin others, until their conversion ends; on: false undoes it',
    z.union([selecting({ on }), z.strictObject({ path: Path, on })]),
    z.object({ changed: z.number() }),
  ),
  'file.sample': changing(
    'user',
    'Convert a few seconds of a video as a sample; nothing is replaced. Emits `sample` events',
    z.strictObject({ file: id, seconds: z.number().min(1).max(30).default(8) }),
    Sample,
  ),
  'file.vote': changing(
    'user',
    'Keep which picture looked better at a place of a video that was compared blind',
    z.strictObject({
      file: id,
      position: z.int().min(0).max(WORST),
      verdict: z.enum(VERDICTS),
    }),
    BlindVotes,
  ),
  'file.votes': reading(
    'user',
    'Votes of blind comparisons at the quality that is asked for, and the quality that they suggest',
    z.strictObject({}),
    BlindVotes,
  ),
  'file.stopSample': changing('user', 'Cancel the running sample', z.strictObject({ file: id }), done),
};
