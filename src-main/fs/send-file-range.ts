import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** Read and sent at a time, in bytes. */
const PIECE = 512 * 1024;

/** Bytes of a file. */
export interface Part {
  /** Absolute. */
  file: string;
  /** The first one, counted from 0, and how many. */
  start: number;
  size: number;
}

/** Limits the rate of a transfer. */
export interface Limit {
  /** How many bytes may go at a time. */
  slice: number;
  /** Resolves when this many bytes may go. */
  take(bytes: number): Promise<void>;
}

/**
 * Sends a part of a file as the body of a request or an answer, which is not ended. It is read into the same two buffers again
 * and again: streams would make a new one for each piece, and clearing those up would cost more than encrypting them.
 * @param onProgress called with the number of bytes handed on
 * @throws Error when the connection ends before it has gone, or the file does
 */
export async function sendPart(
  { file, start, size }: Part,
  to: Writable,
  { limit, onProgress }: { limit?: Limit; onProgress?: (bytes: number) => void } = {},
): Promise<void> {
  const handle = await open(file);
  let gone = Promise.resolve();
  try {
    let [filling, going] = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
    for (let sent = 0; sent < size; ) {
      // Who waits long for a first byte closes the connection.
      const wanted = Math.min(PIECE, limit?.slice ?? PIECE, size - sent);
      await limit?.take(wanted);
      const { bytesRead } = await handle.read(filling, 0, wanted, start + sent);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was sent.`);
      await gone;
      gone = write(to, filling.subarray(0, bytesRead));
      [filling, going] = [going, filling];
      sent += bytesRead;
      onProgress?.(sent);
    }
    await gone;
  } finally {
    await handle.close();
  }
}

/** Resolves when the bytes have gone, so that their buffer is free again. */
function write(to: Writable, bytes: Buffer): Promise<void> {
  const gone = new Promise<void>((resolve, reject) => {
    const cut = () => reject(Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' }));
    if (to.destroyed) return cut();
    to.once('close', cut);
    to.write(bytes, (error) => {
      to.off('close', cut);
      if (error) reject(error);
      else resolve();
    });
  });
  // It is looked at when the next piece has been read.
  gone.catch(() => undefined);
  return gone;
}
