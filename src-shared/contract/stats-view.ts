import { z } from 'zod';
import { RESOLUTIONS } from '../media/quality.ts';
import { FileFilter } from './file-view.ts';

const id = z.int().positive();

const Saving = {
  films: z.number(),
  /** Bytes before and after. */
  sourceBytes: z.number(),
  resultBytes: z.number(),
};

/** Totals of the conversions so far. */
export const Stats = z.object({
  total: z.object({
    ...Saving,
    /** Seconds of encoding, over all workers. */
    encodeSeconds: z.number(),
    /** When the first video was done, ms since 1970; null before that. */
    since: z.number().nullable(),
  }),
  /** By calendar day of the master, `2026-11-22`, oldest first; days without a video are left out. */
  byDay: z.array(z.object({ day: z.string(), ...Saving })),
  /** By the hour that begins at this time, ms since 1970, in the week after the first video; later, the list is empty. */
  byHour: z.array(z.object({ hour: z.number(), ...Saving })),
  byLibrary: z.array(z.object({ library: id, root: z.string(), ...Saving })),
  byCodec: z.array(z.object({ codec: z.string(), ...Saving })),
  byResolution: z.array(z.object({ resolution: z.enum(RESOLUTIONS), ...Saving })),
  byWorker: z.array(z.object({ worker: z.string(), ...Saving })),
  /** How fast each worker encodes each resolution. */
  speed: z.array(
    z.object({
      worker: z.string(),
      resolution: z.enum(RESOLUTIONS),
      films: z.number(),
      /** Seconds of video that one second of encoding gets through. */
      speed: z.number(),
      /** Frames a second. */
      fps: z.number().nullable(),
    }),
  ),
  /** The estimate before, and what came of it, of the last 500 videos, newest first. */
  predicted: z.array(
    z.object({
      file: id,
      path: z.string(),
      predicted: z.number(),
      /** What samples of the video foretold before its encode; null where none were taken. */
      sampled: z.number().nullable(),
      result: z.number(),
      /** XPSNR in dB that was asked for, and that the result came to; null where it was not measured. */
      quality: z.object({ target: z.number(), measured: z.number() }).nullable(),
    }),
  ),
});
export type Stats = z.infer<typeof Stats>;

/** An issue that needs the user, with the next step. */
export const Problem = z.object({
  /** Stays the same while the problem does. */
  id: z.string(),
  /**
   * - `queue`: no work is given out, for a fault of this computer
   * - `library`: a library is paused
   * - `held`: a library waits for the user's go
   * - `files`: videos failed or are blocked, all for the same kind of reason
   */
  kind: z.enum(['queue', 'library', 'held', 'files']),
  /** One sentence: what happened, to what, what to do. */
  sentence: z.string(),
  /** The library, where it is one. */
  library: id.nullable(),
  /** How many videos are concerned, and which. */
  count: z.number(),
  filter: FileFilter.nullable(),
});
export type Problem = z.infer<typeof Problem>;

/** What converting a library would do. */
export const DryRun = z.object({
  /** Videos known. */
  files: z.number(),
  /** Videos that have not been analyzed yet: the other numbers exclude them. */
  pending: z.number(),
  /** Videos that would be converted, their bytes now and roughly afterwards. */
  convert: z.number(),
  bytes: z.number(),
  bytesAfter: z.number(),
  /** Videos left as they are, by reason; the sentence is that of one of them. */
  skip: z.array(z.object({ code: z.string(), count: z.number(), bytes: z.number(), example: z.string() })),
  /** Seconds that the encoding takes on this computer alone; null until its speed is known (convert or sample a video). */
  seconds: z.number().nullable(),
});
export type DryRun = z.infer<typeof DryRun>;

/** A few seconds of a video, converted to be looked at. */
export const Sample = z.object({
  file: id,
  /** Where it begins in the video, and how long it is, in seconds. */
  start: z.number(),
  seconds: z.number(),
  /** Bytes of the few seconds, before and after. */
  sourceBytes: z.number(),
  resultBytes: z.number(),
  /** Bytes the whole video would roughly have. */
  estimate: z.number(),
  /** Seconds the whole video would roughly take on this computer. */
  encodeSeconds: z.number(),
  /** How alike the pictures are: SSIM 0 to 1, and PSNR in dB of the worst window, both at reduced size. */
  likeness: z.object({ ssim: z.number(), psnr: z.number() }),
  /** Changes with every sample of the file: part of the frames' address, so that a browser keeps none of an old one. */
  stamp: z.string(),
});
export type Sample = z.infer<typeof Sample>;

/** A folder of the master's disks, to choose a library from. */
export const FolderView = z.object({
  /** Absolute; null for the list of places to begin at. */
  path: z.string().nullable(),
  parent: z.string().nullable(),
  /** Videos directly in here, by their names. */
  films: z.number(),
  folders: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      /** Videos in it and below, by their names; a lower bound if `more` is set. */
      films: z.number(),
      more: z.boolean(),
    }),
  ),
  /** The library that this folder is or lies in. */
  library: id.nullable(),
  /** Why it cannot become a library, as one sentence. */
  problem: z.string().nullable(),
});
export type FolderView = z.infer<typeof FolderView>;

/** One line of `doctor`. */
export const Finding = z.object({
  ok: z.boolean(),
  what: z.string(),
  /** What to do when it is not ok. */
  advice: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** A copy of the database. */
export const Backup = z.object({
  /** Absolute path. */
  file: z.string(),
  madeAt: z.number(),
  /** Bytes. */
  size: z.number(),
});
export type Backup = z.infer<typeof Backup>;

/** Version and environment of this node. */
export const About = z.object({
  version: z.string(),
  node: z.string(),
  platform: z.string(),
  ffmpeg: z.string(),
  sqlite: z.string(),
  dataDir: z.string(),
  /** Bytes. */
  databaseSize: z.number(),
  /** The newest of the daily copies of the database. */
  lastBackup: Backup.nullable(),
  startedAt: z.number(),
});
export type About = z.infer<typeof About>;
