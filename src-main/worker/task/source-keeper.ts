import type { ChunkGrant } from '../../../src-shared/jobs/chunk-lease.ts';
import { mainVideo } from '../../../src-shared/media/probe.ts';
import type { Transfer, TransferWork } from '../transfer/transfer.ts';
import type { Workspace } from './workspace.ts';

/** The source of chunks, and the folder for encoding them. */
interface Kept {
  folder: string;
  /** Absolute path. */
  source: string;
}

/** Fetches the video of a chunk once, and keeps it for further chunks of the same video. */
export class SourceKeeper {
  readonly #transfer: Transfer;
  readonly #workspace: Workspace;
  #kept: { name: string; opened: Promise<Kept>; close: () => Promise<void> } | undefined;
  /** Resolves when the folder of the previous video is gone: the next one may have the same. */
  #closing: Promise<void> | undefined;

  constructor({ transfer, workspace }: { transfer: Transfer; workspace: Workspace }) {
    this.#transfer = transfer;
    this.#workspace = workspace;
  }

  /**
   * Returns where a chunk's video can be read, and a folder to encode in; fetches the video where it can't be read in place.
   * @throws Fault `node` when there is no room, `fenced` when the lease is lost
   */
  async get(grant: ChunkGrant, work: Omit<TransferWork, 'folder'>): Promise<Kept> {
    const name = `chunks-${grant.task}-${grant.epoch}`;
    if (this.#kept?.name !== name) {
      await this.release();
      this.#kept = this.#open(name, grant, work);
    }
    const { opened } = this.#kept;
    try {
      return await opened;
    } catch (error) {
      if (this.#kept?.opened === opened) await this.release();
      throw error;
    }
  }

  #open(name: string, grant: ChunkGrant, { signal, report }: Omit<TransferWork, 'folder'>) {
    const opened = Promise.withResolvers<Kept>();
    const closed = Promise.withResolvers<void>();
    opened.promise.catch(() => undefined);
    const use = async () => {
      // Beside the source, there is room for a chunk.
      const needed = (await this.#transfer.needs(grant)) + chunkBytes(grant);
      await this.#workspace.use({ name, needed, signal }, async (folder) => {
        const source = await this.#transfer.source(grant, { folder, signal, report });
        opened.resolve({ folder, source });
        await closed.promise;
      });
    };
    const used = use().catch((error) => opened.reject(error));
    const close = async () => {
      closed.resolve();
      await used;
    };
    return { name, opened: opened.promise, close };
  }

  /** Removes what is kept. Resolves when it is gone, no matter which call removes it. */
  async release(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept) this.#closing = kept.close();
    await this.#closing;
  }
}

/** Bytes that a chunk is expected to take at the most: twice its share of the original. */
function chunkBytes({ from, to, probe, size }: ChunkGrant): number {
  const frames = (probe.duration ?? 0) * (mainVideo(probe)?.frameRate ?? 0);
  return frames > 0 ? Math.min(size, Math.ceil((2 * size * (to - from)) / frames)) : size;
}
