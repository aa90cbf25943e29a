import { createHash } from 'node:crypto';
import { lstat, open } from 'node:fs/promises';
import type { Identity } from '../../db/tables/swaps.ts';
import { factsOf, inodeOf, sameInode, versionOf } from './file-version.ts';

export { factsOf, type Identity, inodeOf, sameInode, versionOf };

const SAMPLES = 4;
const SAMPLE_BYTES = 64 * 1024;

/**
 * SHA-256 over the size and four blocks of 64 KiB spread over the file: start, thirds and end. Cheap on any size, and
 * different for any two videos; it does not prove that no byte in between was changed.
 */
export async function sampledHash(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(`${size}\n`);
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    const last = Math.max(0, size - SAMPLE_BYTES);
    for (let i = 0; i < SAMPLES; i++) {
      const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, Math.floor((last * i) / (SAMPLES - 1)));
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}

/** The identity of the regular file at `file`; undefined when there is none. */
export async function identify(file: string): Promise<Identity | undefined> {
  try {
    const stat = await lstat(file, { bigint: true });
    if (!stat.isFile()) return undefined;
    return { inode: inodeOf(stat), version: versionOf(stat), size: Number(stat.size), hash: await sampledHash(file) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** True when both have the same size and sampled content; times may differ, as after a copy. */
export function sameContent(found: Identity | undefined, expected: Identity): found is Identity {
  return found?.size === expected.size && found.hash === expected.hash;
}

/** True when `found` is the very version `expected` describes: same content as far as sampled, same times. */
export function sameVersion(found: Identity | undefined, expected: Identity): found is Identity {
  return found?.version === expected.version && found.hash === expected.hash;
}
