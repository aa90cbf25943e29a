import path from 'node:path';
import { Fault, nodeFaultReason } from '../../src-shared/errors.ts';
import { sha256 } from '../hash.ts';

/** Said by storage that is gone, of no damaged film; unlike "Input/output error", which some demuxers say of those too. */
const STORAGE_GONE = /Stale file handle|Transport endpoint is not connected|Host is down|No such device/;

/**
 * Reads a source from end to end, to tell a result that differs from one that cannot be compared here.
 * @throws Fault `node` when this computer cannot read it
 */
export async function requireReadable(file: string, signal?: AbortSignal): Promise<void> {
  await sha256(file, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    const reason = nodeFaultReason(error);
    if (reason === undefined) return;
    const sentence = `${path.basename(file)} couldn't be read to its end to check its result (${reason}); check its disk or network share.`;
    throw new Fault('node', sentence, { cause: error });
  });
}

/** Returns what a line of ffmpeg's log says of storage that went away; undefined for any other line. */
export function storageGone(line: string): string | undefined {
  return STORAGE_GONE.exec(line)?.[0];
}
