import { z } from 'zod';
import { DYNAMIC_RANGES } from '../media/probe.ts';
import { RESOLUTIONS } from '../media/quality.ts';
import { line } from '../util/plain-text.ts';

const id = z.int().positive();

export const STATES = ['found', 'queued', 'running', 'done', 'skipped', 'failed', 'blocked'] as const;
export const State = z.enum(STATES);

/** A file as lists show it. */
export const FileView = z.object({
  id,
  library: id,
  /** Relative to the library's root. */
  path: z.string(),
  size: z.number(),
  /** Milliseconds since 1970: when its content last changed, and when Flotilla first saw it. */
  modified: z.number(),
  added: z.number(),
  state: State,
  code: z.string().nullable(),
  /** Why it is in this state, as one sentence. */
  reason: z.string().nullable(),
  /** Of the video as it was before a conversion, like all that follows. */
  codec: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  resolution: z.enum(RESOLUTIONS).nullable(),
  hdr: z.enum(DYNAMIC_RANGES).nullable(),
  /** Frames a second. */
  frameRate: z.number().nullable(),
  /** Bits a second of the whole file. */
  bitRate: z.number().nullable(),
  /** The first audio track in words, and how many others there are: `5.1 AC-3 +2`. */
  audio: z.string().nullable(),
  /** Seconds. */
  duration: z.number().nullable(),
  /** Before and after a conversion, in bytes. */
  sourceSize: z.number().nullable(),
  resultSize: z.number().nullable(),
  /** Name of the worker that had it last. */
  worker: z.string().nullable(),
  /** Of a queued file; higher comes first, 0 is normal. */
  priority: z.int().nullable(),
  /** Computers help with it before they begin another video. */
  allComputers: z.boolean(),
  missing: z.boolean(),
});
export type FileView = z.infer<typeof FileView>;

/** A file whose state changed, with everything that lists show about it. */
export const FileChanged = FileView.extend({ root: z.string() });
export type FileChanged = z.infer<typeof FileChanged>;

/** A folder as paths of files name it: relative to its library's root, with `/` between names; empty for the root itself. */
export const Folder = z
  .string()
  .max(4096)
  .regex(/^(?!\/)[^\0]*(?<!\/)$/, 'it begins or ends with a slash');

/** Some of the values that the list has. */
const values = z.array(line(200)).max(1000).optional();
const Percent = z.number().min(-1000).max(100);

/** Which files are meant: those that pass everything that is given; within one list any value will do. */
export const FileFilter = z.strictObject({
  state: z.array(State).max(STATES.length).optional(),
  library: z.array(id).max(1000).optional(),
  /** ffmpeg's names, as `file.tally` lists them. */
  codec: values,
  resolution: z.array(z.enum(RESOLUTIONS)).max(RESOLUTIONS.length).optional(),
  hdr: z.array(z.enum(DYNAMIC_RANGES)).max(DYNAMIC_RANGES.length).optional(),
  worker: values,
  /** Why: skip codes and the like. */
  code: values,
  /** Percent of the original's size that a conversion saved. */
  savedFrom: Percent.optional(),
  savedTo: Percent.optional(),
  missing: z.boolean().optional(),
  /** Those anywhere below this folder. */
  folder: Folder.optional(),
  /** Only those directly in `folder`, which is the root of a library where it is missing. */
  direct: z.literal(true).optional(),
  /** Words that all have to be somewhere in the path, in any order and case. */
  search: z.string().max(200).optional(),
});
export type FileFilter = z.infer<typeof FileFilter>;

/** Sort keys of a list; `state` puts what needs the user first, `path` goes folder by folder. */
export const FILE_SORTS = [
  'name',
  'path',
  'size',
  'added',
  'modified',
  'state',
  'codec',
  'resolution',
  'hdr',
  'bitRate',
  'frameRate',
  'duration',
  'audio',
  'saved',
  'resultSize',
  'expected',
  'worker',
  'priority',
] as const;
export type FileSort = (typeof FILE_SORTS)[number];

/** Files that an action is for, with what else the action takes: named ones, or all that pass a filter but for some. */
export const selecting = <S extends z.ZodRawShape>(more: S) =>
  z.union([
    z.strictObject({ files: z.array(id).max(10_000), ...more }),
    z.strictObject({ filter: FileFilter, except: z.array(id).max(10_000).default([]), ...more }),
  ]);
export const FileSelection = selecting({});
export type FileSelection = z.infer<typeof FileSelection>;

/** Actions on many files at once. */
export const FILE_ACTIONS = ['retry', 'skip', 'cancel', 'reencode', 'priority', 'allComputers', 'forget'] as const;
export type FileAction = (typeof FILE_ACTIONS)[number];

const Counted = <T extends z.ZodType>(value: T) => z.array(z.object({ value, count: z.number() }));

/** Number of files of each kind; each list counts the files without its own part of the filter. */
export const Tally = z.object({
  /** Of the files that pass the whole filter. */
  total: z.number(),
  bytes: z.number(),
  counts: z.record(State, z.number()),
  library: Counted(id),
  codec: Counted(z.string()),
  resolution: Counted(z.enum(RESOLUTIONS)),
  hdr: Counted(z.enum(DYNAMIC_RANGES)),
  worker: Counted(z.string()),
  code: Counted(z.string()),
});
export type Tally = z.infer<typeof Tally>;

/** A folder of a library, with the files anywhere below it that match a filter. */
export const FolderView = z.object({
  library: id,
  /** Empty for the library itself. */
  path: Folder,
  count: z.number(),
  /** What these files take now. */
  bytes: z.number(),
  /** What those that were converted took before, and how much less they take now; in bytes. */
  sourceBytes: z.number(),
  savedBytes: z.number(),
  counts: z.record(State, z.number()),
});
export type FolderView = z.infer<typeof FolderView>;

/** A video that waits, in the order of the queue. */
export const QueuedView = FileView.extend({
  priority: z.int(),
  /** Bytes that the result will roughly have; null when nothing is known. */
  estimate: z.number().nullable(),
  /** Seconds that its conversion will roughly take on one of the computers; null before the first conversion or sample. */
  seconds: z.number().nullable(),
  /** A user moved it: it keeps its place regardless of the order. */
  pinned: z.boolean(),
});
export type QueuedView = z.infer<typeof QueuedView>;
