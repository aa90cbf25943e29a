import { z } from 'zod';
import { line, Path } from '../util/plain-text.ts';
import { Rules, SENSES } from './availability.ts';

/** A field that another version of Flotilla doesn't send means that its ffmpeg can't do that. */
const can = z.boolean().default(false);

/** Capabilities of a computer's ffmpeg, detected at start and never assumed from its version. */
export const Capabilities = z.object({
  /** As `ffmpeg -version` says: `5.1.9-0+deb12u1`. */
  version: line(200),
  libsvtav1: can,
  /** Name and version of the AV1 encoder as it logs them: `SVT-AV1 1.4.1`. */
  svtav1: line(100).optional(),
  libopus: can,
  /** Option -fps_mode (ffmpeg 5.1 and later); older ones call it -vsync. */
  fpsMode: can,
  /** Matroska option -cues_to_front (ffmpeg 5.0 and later). */
  cuesToFront: can,
  /** libsvtav1 option -svtav1-params (ffmpeg 5.1 and later): needed for HDR10 metadata. */
  svtav1Params: can,
  bwdif: can,
  /** libsvtav1 option -dolbyvision (ffmpeg 7.1 and later), which is switched off where that metadata would be false. */
  dolbyVisionCoding: can,
  /** Option -apply_cropping (ffmpeg 7.1 and later), which by default crops what a container hides. */
  applyCropping: can,
  /** `-enc_time_base demux` (ffmpeg 6.1 and later), which alone is left since 9.0; up to 6.0 there is only `-1`. */
  demuxTimeBase: can,
  /** The filter xpsnr (ffmpeg 7.1 and later), which measures quality. */
  xpsnr: can,
  /** The teletext decoder of libzvbi, which builds may lack. */
  teletext: can,
  /**
   * The codecs that it decodes without special hardware, by ffmpeg's names, which ffprobe uses too (hevc, not libde265); missing
   * if another version of Flotilla doesn't send it.
   */
  decoders: z
    .array(z.string().regex(/^[\w.+-]{1,40}$/))
    .max(2000)
    .optional(),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** The time zone that a computer's hours are in, by its name in the IANA database: Europe/Berlin, UTC. */
export const TimeZone = z.string().regex(/^[\w+/-]{1,64}$/);

/** Resources of a computer. */
export const Computer = z.object({
  /** Logical processors that this program may use. */
  cores: z.int().positive(),
  /** Bytes. */
  memory: z.number().nonnegative(),
  /** Bytes free in the folder for unfinished results. */
  tempFree: z.number().nonnegative(),
  ffmpeg: Capabilities,
  /** Signals about its user and temperature that it can measure. */
  senses: z.array(z.enum(SENSES)).max(SENSES.length).default([]),
  zone: TimeZone.optional(),
});
export type Computer = z.infer<typeof Computer>;

/** How busy a computer is. */
export const Load = z.object({
  /** Share of all processors, 0 to 1. */
  cpu: z.number().min(0).max(1),
  /** Bytes. */
  memoryFree: z.number(),
  tempFree: z.number(),
  /** Bytes of the disk of the folder for unfinished results. */
  tempTotal: z.number(),
});
export type Load = z.infer<typeof Load>;

/** Whether a worker is given work: when it asks, not now, or not after its current work. */
export const WorkerMode = z.enum(['active', 'paused', 'draining']);
export type WorkerMode = z.infer<typeof WorkerMode>;

/** A time of the day on the computer that it is about. */
const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

/** How much of a worker Flotilla may use; null leaves it to the worker. */
export const WorkerSettings = z.strictObject({
  /** Videos converted at a time. */
  jobs: z.int().min(1).max(64).nullable(),
  /** Folder for unfinished results on the worker. */
  tempDir: Path.nullable(),
  /** Bytes a second, each way; null is no limit. */
  bandwidth: z.int().min(1000).max(100_000_000_000).nullable(),
  /** When it takes work, by its own clock; days 0 (Sunday) to 6; over midnight where `to` is not after `from`; null is always. */
  schedule: z
    .array(z.strictObject({ days: z.array(z.int().min(0).max(6)).min(1).max(7), from: Clock, to: Clock }))
    .max(20)
    .nullable(),
  /** When it steps back for its user; null are the standard ones. */
  rules: Rules.nullable(),
});
export type WorkerSettings = z.infer<typeof WorkerSettings>;

/**
 * Videos that a worker converts at a time: as many as it is set to, but no more than it has processors, since more would only
 * keep them from others.
 * @param cores undefined where that is not known
 */
export function jobsOf({ jobs }: Pick<WorkerSettings, 'jobs'>, cores = Number.POSITIVE_INFINITY): number {
  return Math.max(1, Math.min(jobs ?? 1, cores));
}

/**
 * - `idle`: waits for work
 * - `working`: holds at least one task
 * - `paused`: takes no work because a user says so
 * - `yielding`: takes no work because it would disturb the person who uses that computer, or because of the hour
 * - `waiting`: takes no work because something on that computer has to be fixed; it tries again on its own
 * - `suspect`: holds tasks, but has not been heard of for a while
 * - `offline`: not connected
 */
export const WORKER_STATES = ['idle', 'working', 'paused', 'yielding', 'waiting', 'suspect', 'offline'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** Default settings of a worker. */
export const WORKER_DEFAULTS: WorkerSettings = {
  jobs: null,
  tempDir: null,
  bandwidth: null,
  schedule: null,
  rules: null,
};

/**
 * Reads times of the day: `22:00-06:00` for every day, `1-5@18:00-08:00` or `6@18:00-08:00` for some, 0 is Sunday.
 * @returns null without any; undefined when one of them is no such time
 */
export function parseHours(texts: string[]): WorkerSettings['schedule'] | undefined {
  const hours = texts.map((text) => {
    const [, first, last = first, from, to] =
      /^(?:([0-6])(?:-([0-6]))?@)?(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text.trim()) ?? [];
    const days = [0, 1, 2, 3, 4, 5, 6].filter((day) => first === undefined || (day >= +first && day <= Number(last)));
    return { days, from, to };
  });
  return WorkerSettings.shape.schedule.safeParse(hours.length > 0 ? hours : null).data;
}
