import type { ChunkGrant } from '../../../src-shared/jobs/chunk-lease.ts';
import { mainVideo } from '../../../src-shared/media/probe.ts';
import { type ByteRange, bytesIn } from '../../../src-shared/util/byte-ranges.ts';
import { FetchedBytes } from '../transfer/fetched-bytes.ts';
import type { Transfer, TransferWork } from '../transfer/transfer.ts';
import type { ReserveRoom, Workspace } from './workspace.ts';

/** Whether files may have holes: NTFS fills those that nobody asked for with zeros, which takes as long as a download. */
const HAS_HOLES = process.platform !== 'win32';

/** The source of chunks, and the folder for encoding them. */
export interface ChunkFiles {
  folder: string;
  /** Absolute path. */
  source: string;
  /** There is more of the video than the source holds. */
  isPartial: boolean;
}

type Work = Omit<TransferWork, 'folder'>;

/** A video that is kept. */
interface Kept {
  name: string;
  opened: Promise<{ folder: string; reserve: ReserveRoom }>;
  /** Absolute path, once it was found or fetched. */
  source?: string;
  fetched: FetchedBytes;
  /** All of it is fetched: a part didn't do. */
  isWhole: boolean;
  /** Removes it. @param error why; thrown as what it means for the folder */
  close: (error?: unknown) => Promise<void>;
}

/** Fetches what is needed of the video of a chunk, and keeps it for further chunks of the same video. */
export class SourceKeeper {
  readonly #transfer: Transfer;
  readonly #workspace: Workspace;
  #kept: Kept | undefined;
  /** Resolves when the folder of the previous video is gone: the next one may have the same. */
  #closing: Promise<void> | undefined;

  constructor({ transfer, workspace }: { transfer: Transfer; workspace: Workspace }) {
    this.#transfer = transfer;
    this.#workspace = workspace;
  }

  /**
   * Returns where a chunk's video can be read, and a folder to encode in. Where the video can't be read in place, fetches the bytes that
   * the chunk is encoded from, or all of them where those aren't known.
   * @throws Fault `node` when there is no room, `fenced` when the lease is lost
   */
  async get(grant: ChunkGrant, work: Work): Promise<ChunkFiles> {
    const name = `chunks-${grant.task}-${grant.epoch}`;
    if (this.#kept?.name !== name) {
      await this.release();
      this.#kept = this.#open(name, work.signal);
    }
    const kept = this.#kept;
    try {
      return await this.#fetch(kept, grant, work);
    } catch (error) {
      // What was fetched of a part is good for the next chunk.
      if (this.#kept === kept && !(work.signal.aborted && kept.fetched.count > 0)) {
        this.#kept = undefined;
        await kept.close(error);
      }
      throw error;
    }
  }

  #open(name: string, signal: AbortSignal): Kept {
    const opened = Promise.withResolvers<{ folder: string; reserve: ReserveRoom }>();
    const closed = Promise.withResolvers<void>();
    const used = this.#workspace.use({ name, needed: 0, signal }, (folder, reserve) => {
      opened.resolve({ folder, reserve });
      return closed.promise;
    });
    used.catch(opened.reject);
    for (const { promise } of [opened, closed]) promise.catch(() => undefined);
    const close = async (error?: unknown) => {
      if (error === undefined) closed.resolve();
      else closed.reject(error);
      await used;
    };
    return { name, opened: opened.promise, fetched: new FetchedBytes(), isWhole: false, close };
  }

  async #fetch(kept: Kept, grant: ChunkGrant, work: Work): Promise<ChunkFiles> {
    const { fetched, isWhole, opened } = kept;
    const { folder, reserve } = await opened;
    const wanted = isWhole ? [[0, grant.size] as const] : wantedOf(grant);
    const missing = bytesIn(fetched.missing(wanted));
    // Of what is read in place, nothing is ever fetched.
    if (kept.source === undefined || (missing > 0 && fetched.count > 0)) {
      // Beside the source, there is room for a chunk.
      const needed = Math.min(fetched.count + missing, await this.#transfer.needs(grant)) + chunkBytes(grant);
      await reserve(needed, work.signal);
      kept.source = await this.#transfer.source(grant, { ...work, folder }, { fetched, wanted });
    }
    return { folder, source: kept.source, isPartial: fetched.count > 0 && fetched.count < grant.size };
  }

  /** The part that was fetched of a chunk's video doesn't do: from now on, all of the video is fetched. */
  distrustPart(): void {
    if (this.#kept) this.#kept.isWhole = true;
  }

  /** Removes what is kept. Resolves when it is gone, no matter which call removes it. */
  async release(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept) this.#closing = kept.close().catch(() => undefined);
    await this.#closing;
  }
}

/** The bytes that a chunk is encoded from. */
function wantedOf({ location, size }: ChunkGrant): ByteRange[] {
  if (!location || !HAS_HOLES) return [[0, size]];
  // The last byte makes the file as long as the whole.
  return [...location.ranges.map(([from, to]) => [from, Math.min(to, size)] as const), [size - 1, size]];
}

/** Bytes that a chunk is expected to take at the most: twice its share of the original. */
function chunkBytes({ from, to, probe, size }: ChunkGrant): number {
  const frames = (probe.duration ?? 0) * (mainVideo(probe)?.frameRate ?? 0);
  return frames > 0 ? Math.min(size, Math.ceil((2 * size * (to - from)) / frames)) : size;
}
