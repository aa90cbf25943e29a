import { statSync } from 'node:fs';
import { lstat, readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../../src-shared/text/format.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { aborted } from '../util/abort.ts';

/** Room that must stay free beside everything that is promised, in bytes. */
const RESERVE = 100_000_000;

/** Unit of `stat.blocks`, whatever the file system (POSIX leaves it open, Linux, macOS, and libuv don't). */
const BLOCK_BYTES = 512;

/** Room on a disk that a file or folder may still take. */
interface Promised {
  place: string;
  device: number;
  bytes: number;
}

/** What room is wanted for. */
export interface Request {
  /** The file or folder that will grow; its folder must exist. */
  place: string;
  /** How large it may become, what is there already included. */
  bytes: number;
  /** What needs it, as the subject of a sentence: `the next video`. */
  what: string;
  /** Where it is given, waits while others hold room that they will give back. */
  signal?: AbortSignal;
}

/** Gives out the room on the disks of this computer, so that no two videos in work count on the same bytes. */
export class DiskSpace {
  readonly #promised = new Set<Promised>();
  #released = Promise.withResolvers<void>();

  /**
   * Reserves space before the first byte is written.
   * @returns releases the reservation
   * @throws Fault `node` when the disk doesn't have that much
   */
  async reserve({ place, bytes, what, signal }: Request): Promise<() => void> {
    const folder = path.dirname(place);
    for (;;) {
      signal?.throwIfAborted();
      const released = this.#released.promise;
      const { dev: device } = await stat(folder);
      const others = [...this.#promised].filter((promised) => promised.device === device);
      const owed = await Promise.all(others.map(outstanding));
      const { bavail, bsize } = await statfs(folder);
      const free = Math.max(0, bavail * bsize - owed.reduce((sum, n) => sum + n, 0));
      const missing = Math.max(0, bytes - (await sizeOf(place)));
      // Promises that were made while this one looked are not in the sum yet.
      if ([...this.#promised].some((promised) => promised.device === device && !others.includes(promised))) continue;
      if (free >= missing + RESERVE) return this.#promise({ place, device, bytes });
      if (!signal || others.length === 0) {
        throw new Fault(
          'node',
          `The temporary folder ${folder} has ${formatBytes(free)} free, but ${what} may need ${formatBytes(missing + RESERVE)}; free some space or set another folder with TEMP_DIR.`,
        );
      }
      await Promise.race([released, aborted(signal)]);
    }
  }

  /** Reserves space for work begun before this start, whether the disk has it or not. */
  keep(place: string, bytes: number): () => void {
    const { dev: device } = statSync(path.dirname(place));
    return this.#promise({ place, device, bytes });
  }

  #promise(promised: Promised): () => void {
    this.#promised.add(promised);
    return () => {
      if (!this.#promised.delete(promised)) return;
      this.#released.resolve();
      this.#released = Promise.withResolvers();
    };
  }
}

/** Reserved but not yet written, in bytes. */
async function outstanding({ place, bytes }: Promised): Promise<number> {
  return Math.max(0, bytes - (await sizeOf(place)));
}

/** Bytes that a file takes without its holes, or the files right in a folder; 0 when there is none. */
async function sizeOf(place: string): Promise<number> {
  try {
    const found = await lstat(place);
    if (!found.isDirectory()) return Math.min(found.size, found.blocks * BLOCK_BYTES);
    const sizes = await Promise.all((await readdir(place)).map((name) => sizeOf(path.join(place, name))));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}
