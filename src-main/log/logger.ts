import { mkdirSync } from 'node:fs';
import path from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';
import { messageOf } from '../../src-shared/util/errors.ts';
import { plainLines, plainText } from '../../src-shared/util/plain-text.ts';
import { redact } from './redact.ts';

export type { Logger };

/** Name of the log files in their folder; a number and `.log` follow. */
export const LOG_NAME = 'flotilla';
/** A log file is followed by the next one at this size. */
const MAX_LOG_SIZE = '10m';
/** Number of files to keep, including the newest. */
const KEPT_FILES = 5;

async function onTerminal(): Promise<DestinationStream> {
  if (!process.stderr.isTTY) return pino.destination({ fd: 2, sync: true });
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    ...{ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss' },
    ignore: 'job,task,epoch,file,worker,path',
  });
}

/** A line's other members (such as an error's stack) without terminal control characters; their line breaks stay. */
function withoutControls(json: string): string {
  return json.replace(/\\(?:\\|u00[01][0-9a-f]|u007f|[bf])/gi, (found) => (found === '\\\\' ? found : '\ufffd'));
}

function logTo(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      ...{ level, base: null },
      hooks: {
        // A name in a message must not command the terminal that shows it, nor look like another line.
        logMethod(args, method) {
          const plain = args.map((arg) => (typeof arg === 'string' ? plainText(arg) : arg));
          method.apply(this, plain as Parameters<typeof method>);
        },
        streamWrite: (line) => plainLines(withoutControls(redact(line))),
      },
    },
    destination,
  );
}

/**
 * The log of this process, on stderr: readable on a terminal, JSON otherwise.
 * @param level pino's: debug, info, warn, silent …
 */
export async function makeLog(level: string): Promise<Logger> {
  return logTo(level, await onTerminal());
}

/**
 * The same, kept in files of a folder too, always as JSON. Every line is with the system when the call returns: a crash
 * loses none. A folder or disk that can't be written to stops nothing.
 */
export async function makeKeptLog(level: string, folder: string): Promise<Logger> {
  let files: DestinationStream;
  try {
    files = await openFiles(folder);
  } catch (error) {
    const log = await makeLog(level);
    log.warn(`Couldn't write the log in ${folder}: ${messageOf(error)}.`);
    return log;
  }
  // The logger's own level decides for both.
  const terminal = await onTerminal();
  return logTo(level, pino.multistream([terminal, files].map((stream) => ({ stream, level: 'trace' as const }))));
}

async function openFiles(folder: string): Promise<DestinationStream> {
  // Not for every command: it brings much with it.
  const { default: roll } = await import('pino-roll');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = await roll({
    file: path.join(folder, `${LOG_NAME}.log`),
    size: MAX_LOG_SIZE,
    limit: { count: KEPT_FILES, removeOtherLogFiles: true },
    sync: true,
  });
  files.on('error', () => undefined);
  return files;
}
