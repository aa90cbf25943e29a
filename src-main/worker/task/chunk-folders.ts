import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Age at which unused chunks are removed, in ms: 14 days. */
const MAX_AGE_MS = 14 * 24 * 3_600_000;

/** Knows which folders of chunks are worked with, and removes others that are old or in the way. */
export class ChunkFolders {
  /** By the lease's name. */
  readonly #used = new Map<string, string>();

  /** A lease works with a folder until {@link release}. */
  use(lease: string, folder: string): void {
    this.#used.set(lease, folder);
  }

  release(lease: string): void {
    this.#used.delete(lease);
  }

  /** Removes folders that were not written to for {@link MAX_AGE_MS}. @param place that they are in */
  async sweepOld(place: string): Promise<void> {
    for (const folder of await this.#idle(place)) {
      const { mtimeMs } = await stat(folder);
      if (Date.now() - mtimeMs > MAX_AGE_MS) await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes all folders that no lease works with. @returns whether there were any */
  async sweepIdle(place: string): Promise<boolean> {
    const idle = await this.#idle(place);
    for (const folder of idle) await rm(folder, { recursive: true, force: true });
    return idle.length > 0;
  }

  async #idle(place: string): Promise<string[]> {
    const used = new Set(this.#used.values());
    const names = await readdir(place).catch(() => []);
    return names.map((name) => path.join(place, name)).filter((folder) => !used.has(folder));
  }
}
