import path from 'node:path';
import { Fault, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import { sha256 } from '../../fs/sha256.ts';

/** Errors of storage that is gone, never of a damaged video; unlike "Input/output error", which some demuxers report for both. */
const STORAGE_GONE = /Stale file handle|Transport endpoint is not connected|Host is down|No such device/;

/**
 * Reads a source from end to end, to distinguish a wrong result from a source that can't be read here.
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

/** Returns the error in a line of ffmpeg's log that reports lost storage; undefined for any other line. */
export function storageGone(line: string): string | undefined {
  return STORAGE_GONE.exec(line)?.[0];
}
