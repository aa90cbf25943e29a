import { z } from 'zod';
import { reading, search } from './call.ts';
import { LogLine } from './log-line.ts';

/**
 * The log of this computer. `GET /api/logs` downloads all of it, `GET /api/support` a ZIP archive for a bug report: versions,
 * system check, settings, and log, without passwords and tokens.
 */
export const LOG_CALLS = {
  'log.list': reading(
    'user',
    'The newest lines of the log, oldest first',
    z.strictObject({
      /** Only lines of at least this level, as pino numbers them: 30 info, 40 warn, 50 error. */
      level: z.int().min(0).max(60).default(0),
      search,
      limit: z.int().min(1).max(5000).default(500),
    }),
    z.array(LogLine),
  ),
};
