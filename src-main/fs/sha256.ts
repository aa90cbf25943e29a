import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Read at a time, in bytes: hashing it holds up everything else for half a millisecond. */
const PIECE = 1024 * 1024;

/** SHA-256 of a file's content, in lowercase hexadecimal. @throws the reason of the aborted `signal` */
export async function sha256(file: string, signal?: AbortSignal): Promise<string> {
  const handle = await open(file, 'r');
  const hash = createHash('sha256');
  for await (const piece of handle.createReadStream({ highWaterMark: PIECE, signal })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
