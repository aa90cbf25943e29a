import type { Handlers } from '../../../src-shared/contract/index.ts';
import type { LOG_CALLS } from '../../../src-shared/contract/logs.ts';
import { readLog } from '../../log/log-files.ts';
import { dataPaths } from '../../platform/data-paths.ts';

export interface LogHandlerParts {
  dataDir: string;
}

/** Returns the handlers for the log of this program. */
export function logHandlers({ dataDir }: LogHandlerParts): Pick<Handlers, keyof typeof LOG_CALLS> {
  return {
    'log.list': ({ level, search = '', limit }) =>
      readLog(dataPaths(dataDir).logs, { level, words: search.toLowerCase().split(/\s+/).filter(Boolean), limit }),
  };
}
