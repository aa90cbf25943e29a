/**
 * Why something a user or caller asked for was not done.
 *
 * - `usage`: the request itself is wrong (exit code 2, HTTP 400)
 * - `denied`: the caller may not do this (HTTP 401/403)
 * - `missing`: what was named does not exist (HTTP 404)
 * - `conflict`: the present state forbids it (HTTP 409)
 * - `fenced`: the caller's lease is no longer in force (HTTP 409)
 * - `limited`: asked too often; wait (HTTP 429)
 * - `node`: this computer cannot work now: disk full, mount gone, no ffmpeg (HTTP 503)
 */
export type FaultCode = 'usage' | 'denied' | 'missing' | 'conflict' | 'fenced' | 'limited' | 'node';

/** An error whose message is one sentence for the user: what happened, to which file or node, what to do. */
export class Fault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'Fault';
    this.code = code;
  }
}

/** Operating system errors that say the computer, not the video, is at fault. */
const NODE_ERRNOS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports read or write errors',
  ESTALE: 'the network mount is stale',
  ENOTCONN: 'the network mount is gone',
  EHOSTDOWN: 'the network mount is unreachable',
  ENODEV: 'the device is gone',
  EMFILE: 'too many files are open',
  SQLITE_FULL: 'the disk of the database is full',
};

/** The plain reason when `error` is a fault of this computer (disk full, mount gone …), else undefined. */
export function nodeFaultReason(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? NODE_ERRNOS[code] : undefined;
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ').trim();
}
