import { z } from 'zod';

/** One line of the log, with the ids that it carries. */
export const LogLine = z.object({
  /** Milliseconds since 1970. */
  time: z.number(),
  /** pino's: 30 info, 40 warn, 50 error. */
  level: z.number(),
  msg: z.string().default(''),
  job: z.number().optional(),
  task: z.number().optional(),
  epoch: z.number().optional(),
  file: z.number().optional(),
  /** Id of the worker's computer. */
  worker: z.string().optional(),
});
export type LogLine = z.infer<typeof LogLine>;
