import { mkdir, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { Fault, nodeFaultReason } from '../../src-shared/errors.ts';
import { formatBytes } from '../../src-shared/format.ts';

/** Room that must stay free on the disk of the temporary folder beside the result, in bytes. */
const RESERVE = 100_000_000;

/** The temporary files of this node: a folder a lease, gone with the lease; a start removes what a crash left. */
export class Workspace {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder this node's own; whatever is in it is removed */
  static async create(folder: string): Promise<Workspace> {
    const workspace = new Workspace(folder);
    await workspace.clear();
    return workspace;
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Runs `work` with a fresh folder and removes it afterwards, however it ends.
   * @param needed bytes that the result may take at the most
   * @throws Fault `node` when the disk has not that much room or cannot be written to
   */
  async use<T>(name: string, needed: number, work: (folder: string) => Promise<T>): Promise<T> {
    const folder = path.join(this.#folder, name);
    try {
      await mkdir(folder, { recursive: true });
      const { bavail, bsize } = await statfs(folder);
      if (bavail * bsize < needed + RESERVE) {
        throw new Fault(
          'node',
          `The temporary folder ${this.#folder} has ${formatBytes(bavail * bsize)} free, but the next film may need ${formatBytes(needed + RESERVE)}; free some space or set another folder with TEMP_DIR.`,
        );
      }
      return await work(folder);
    } catch (error) {
      if (error instanceof Fault) throw error;
      const reason =
        nodeFaultReason(error) ??
        ((error as NodeJS.ErrnoException).code === 'EACCES' ? 'it may not be written to' : undefined);
      if (reason)
        throw new Fault('node', `The temporary folder ${this.#folder} cannot be used: ${reason}.`, { cause: error });
      throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
