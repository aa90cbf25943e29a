import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/**
 * The log of this process, on stderr: readable on a terminal, JSON otherwise.
 * @param level pino's: debug, info, warn, silent …
 */
export function makeLog(level: string): Logger {
  const redact = { paths: ['token', '*.token', 'authorization', '*.authorization'], censor: '[secret]' };
  const options = { level, redact, base: null };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss' }));
}
