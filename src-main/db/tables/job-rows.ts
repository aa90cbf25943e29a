import { z } from 'zod';
import type { JobState, TaskState } from '../../../src-shared/jobs/job.ts';
import { QualityReport } from '../../../src-shared/media/quality-target.ts';

export const JobRow = z.object({
  id: z.number(),
  file: z.number(),
  library: z.number(),
  version: z.string(),
  size: z.number(),
  mtime: z.number(),
  state: z.string().transform((s) => s as JobState),
  priority: z.number(),
  rank: z.number(),
  /** Bytes that it is expected to save for each unit of effort, which its encode takes time by. */
  gain: z.number(),
  /** 1: computers help with it before they begin another video. */
  all_computers: z.number(),
  attempts: z.number(),
  result_size: z.number().nullable(),
  /** Bytes that the result was to have when it was leased. */
  predicted: z.number().nullable(),
  ended: z.number().nullable(),
});
export type JobRow = z.infer<typeof JobRow>;

export const TaskRow = z.object({
  id: z.number(),
  job: z.number(),
  kind: z.string(),
  state: z.string().transform((s) => s as TaskState),
  epoch: z.number(),
  worker: z.string().nullable(),
});
export type TaskRow = z.infer<typeof TaskRow>;

const Likeness = z.object({ ssim: z.number(), psnr: z.number() });

export const AttemptRow = z.object({
  /** The name that the worker had. */
  worker: z.string(),
  /** Name and version of its AV1 encoder. */
  encoder: z.string().nullable(),
  started: z.number(),
  ended: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  stages: z.string().transform((text) => z.record(z.string(), z.number()).parse(JSON.parse(text))),
  log: z.string().nullable(),
  likeness: z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : Likeness.parse(JSON.parse(text)))),
  quality: z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : QualityReport.parse(JSON.parse(text)))),
});
export type AttemptRow = z.infer<typeof AttemptRow>;
