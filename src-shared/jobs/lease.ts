import { z } from 'zod';
import { Yielding } from '../fleet/availability.ts';
import { Load, WorkerMode, WorkerSettings } from '../fleet/worker-info.ts';
import { demuxerIn } from '../media/demuxers.ts';
import { Probe } from '../media/probe.ts';
import { QualityReport } from '../media/quality-target.ts';
import { Plan } from '../plan/plan.ts';
import { SkipCode } from '../plan/skip.ts';
import { line, Path, Reason } from '../util/plain-text.ts';

const id = z.int().positive();

/** Proof of a lease: messages whose epoch is no longer the task's are refused. */
export const Lease = z.object({ task: id, epoch: z.int().positive() });
export type Lease = z.infer<typeof Lease>;

/** `fetching` and `uploading` only where the worker is another computer. */
const STAGES = ['fetching', 'preparing', 'encoding', 'uploading', 'staging', 'checking', 'replacing'] as const;
export const Stage = z.enum(STAGES);
export type Stage = z.infer<typeof Stage>;

export const Progress = z.object({
  stage: Stage,
  /** 0 to 1 within the stage; missing when the length is unknown. */
  share: z.number().min(0).max(1).optional(),
  frame: z.number().optional(),
  fps: z.number().optional(),
  /** Seconds of video a second. */
  speed: z.number().optional(),
  /** Seconds to the end of the stage. */
  eta: z.number().optional(),
  /** Bytes of the result so far. */
  bytes: z.number().nonnegative().optional(),
  /** Pieces that its pictures are encoded in, where there are several: those that are done stay done. */
  chunks: z
    .object({
      done: z.int().nonnegative(),
      total: z.int().positive(),
      /** Computers that encode some of them now, where there are several. */
      computers: z.int().positive().optional(),
    })
    .optional(),
});
export type Progress = z.infer<typeof Progress>;

export const RunningView = z.object({
  task: id,
  file: id,
  library: id,
  path: z.string(),
  /** The worker's name, and its id. */
  worker: z.string(),
  workerId: z.string(),
  progress: Progress,
  /** When its worker took it, ms since 1970. */
  startedAt: z.number().optional(),
  /** Bytes of the original, and roughly of the result. */
  size: z.number().optional(),
  estimate: z.number().optional(),
  /** The master has the result: nothing more is needed of the worker. */
  delivered: z.boolean().optional(),
  /** Computers help with it before they begin another video. */
  allComputers: z.boolean().optional(),
});
export type RunningView = z.infer<typeof RunningView>;

/** A file with random content that the master leaves in a library: who finds it has found the library. */
export const Sentinel = z.object({
  /** The library's root on the master. */
  root: Path,
  /** Relative to the root: a place and a form that nothing else has, so that no other file proves a folder to be a library. */
  file: z.string().regex(/^\.flotilla\/sentinel-[0-9a-f]{32}$/),
  /** 256 random bits in base64url. */
  content: z.string().regex(/^[\w-]{43}$/),
});
export type Sentinel = z.infer<typeof Sentinel>;

/** Maximum length of an attempt's log that a worker sends, in characters. */
export const LOG_LENGTH = 200_000;
const AttemptLog = z.string().max(500_000);

/** Observations of a worker during an encode. */
export const ResultFacts = z.object({
  /** Of each encoded stream, in the order of the plan. */
  decodedFrames: z.array(z.int().nonnegative()).max(1000),
  /** Lines of the captions that were taken out of the picture. */
  captionLines: z.int().nonnegative(),
  /** Lines of each page of teletext, in the order of the plan. */
  teletextLines: z.array(z.int().nonnegative()).max(1000).optional(),
  /** The original decodes with errors, or its times have gaps. */
  damaged: z.boolean(),
  /** What came of the target that its plan names; missing where the table's CRF was taken. */
  quality: QualityReport.optional(),
  /** The end of ffmpeg's log. */
  log: AttemptLog,
});

export type ResultFacts = z.infer<typeof ResultFacts>;

/** How a worker's attempt ended. */
export const Outcome = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('skip'),
    code: SkipCode,
    reason: Reason,
    /** What samples told of it, where that is why. */
    quality: QualityReport.optional(),
  }),
  z.object({
    kind: z.literal('failed'),
    reason: Reason,
    log: AttemptLog,
    /** The result was looked at and is not good: the same computer would make the same again. */
    refused: z.literal(true).optional(),
  }),
  /** The computer is at fault, not the video: no attempt is counted. */
  z.object({ kind: z.literal('node'), reason: Reason }),
  z.object({ kind: z.literal('released'), reason: Reason.optional() }),
]);
export type Outcome = z.infer<typeof Outcome>;

/** All that a worker needs to convert one file. */
export const Grant = Lease.extend({
  /** The master's number of it, for the log; earlier masters don't send it. */
  job: id.optional(),
  file: id,
  library: id,
  /** Relative to the library's root. */
  path: Path,
  size: z.number(),
  plan: Plan,
  /** The master's probe of the file; only of formats that open no other file. */
  probe: Probe.refine(({ format }) => demuxerIn(format) !== undefined, "it isn't a video"),
  /** Distinguishes this content of the file from any other. */
  version: line(200),
  /** A result of this many bytes or more saves too little: the worker may stop there. */
  uselessAt: z.number(),
  priority: z.object({ nice: z.number(), ionice: z.number() }),
  convertDamaged: z.boolean(),
});
export type Grant = z.infer<typeof Grant>;

/** The master's orders for a worker, sent at every heartbeat and when they change. */
export const Orders = z.object({
  settings: WorkerSettings,
  mode: WorkerMode,
  /** It has to convert a picture that is known to be good, and to report the outcome by `worker.prove`. */
  prove: z.boolean().default(false),
});
export type Orders = z.infer<typeof Orders>;

/** Tasks that a worker may hold beside those that it converts: one on its way to it, and one on its way back. */
export const MAX_AHEAD = 2;

/** A task held by a worker, from its grant to the master's final reply. */
export const Held = z.strictObject({
  held: z.array(Lease).max(100),
  /** Why it takes no work by its own decision. */
  yielding: Yielding.nullable().default(null),
  load: Load.nullable().default(null),
});
export type Held = z.infer<typeof Held>;
