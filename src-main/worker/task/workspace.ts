import { mkdir, open, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Grant } from '../../../src-shared/jobs/lease.ts';
import { QualityReport } from '../../../src-shared/media/quality-target.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import type { DiskSpace } from '../../fs/disk-space.ts';
import type { ChunkPlace } from '../encode/chunk-encoder.ts';
import { ChunkFolders } from './chunk-folders.ts';

/** File in a lease's folder that describes the result beside it. */
const NOTE = 'kept.json';

/** In the folder of all leases: a folder of chunks for each video. */
const CHUNKS = 'chunks';

/** A video, as its master counts. */
type Video = Pick<Grant, 'library' | 'file'>;

const nameOf = ({ library, file }: Video) => `${library}-${file}`;

/** A finished result that its master may not have yet. */
const Kept = z.object({
  grant: Grant,
  result: z.object({
    kind: z.literal('result'),
    /** Absolute path. */
    file: z.string(),
    decodedFrames: z.array(z.number()),
    captionLines: z.number(),
    teletextLines: z.array(z.number()).optional(),
    damaged: z.boolean(),
    quality: QualityReport.optional(),
    log: z.string(),
  }),
});
export type Kept = z.infer<typeof Kept>;

/** Reserves room for that many bytes in a lease's folder, those that are there included, instead of what was reserved before. */
export type ReserveRoom = (bytes: number, signal: AbortSignal) => Promise<void>;

/** Dependencies of a workspace. */
export interface WorkspaceParts {
  /** Where it is unless it was moved before: this node's own. */
  folder: string;
  space: DiskSpace;
  /** Called with files that couldn't be removed; the next start tries again. */
  warn: (text: string) => void;
  /** File that records the workspace's folder, so that the next start finds its content. */
  memory: string;
}

/**
 * The temporary files of this node: one folder for each lease, removed with it; a start removes leftovers of a crash. Finished
 * chunks of videos have folders of their own, which outlive leases.
 */
export class Workspace {
  /** Where leases from now on have their folders. */
  #folder: string;
  readonly #parts: Omit<WorkspaceParts, 'folder'>;
  readonly #inUse = new Map<string, string>();
  readonly #leave = new Set<string>();
  readonly #chunks = new ChunkFolders();

  /** Only constructs; call {@link recover} before the first use. */
  constructor({ folder, ...parts }: WorkspaceParts) {
    this.#folder = folder;
    this.#parts = parts;
  }

  /** Returns to the folder of the previous run. Removes its leftovers, except results for {@link kept} and recent chunks. */
  async recover(): Promise<void> {
    const own = this.#folder;
    const noted = await readNoted(this.#parts.memory);
    this.#folder = noted.at(-1) ?? own;
    for (const place of new Set([...noted, own])) {
      for (const name of await readdir(place).catch(() => [])) {
        const lease = path.join(place, name);
        if (name === CHUNKS && place === this.#folder) await this.#chunks.sweepOld(lease);
        else if (await readKept(lease)) this.#inUse.set(name, place);
        else await rm(lease, { recursive: true, force: true });
      }
    }
    await this.#note();
  }

  /** Removes everything that {@link recover} would keep. */
  static async discard({ folder, memory }: { folder: string; memory: string }): Promise<void> {
    for (const place of new Set([...(await readNoted(memory)), folder]))
      await rm(place, { recursive: true, force: true });
    await rm(memory, { force: true });
  }

  /** Where leases from now on have their folders. */
  get folder(): string {
    return this.#folder;
  }

  /** Creates the folders of later leases elsewhere; existing ones stay where they are. */
  async moveTo(folder: string): Promise<void> {
    if (folder === this.#folder) return;
    const before = this.#folder;
    this.#folder = folder;
    await this.#note();
    await this.#removeIfLeft(before);
  }

  async #note(): Promise<void> {
    const { memory } = this.#parts;
    const places = [...new Set([...this.#inUse.values(), this.#folder])];
    await writeFileAtomic(memory, JSON.stringify(places));
  }

  /** A folder that this node has moved away from goes when it is empty. */
  async #removeIfLeft(place: string): Promise<void> {
    if (place === this.#folder || [...this.#inUse.values()].includes(place)) return;
    await rm(path.join(place, CHUNKS), { recursive: true, force: true });
    await rmdir(place).catch(() => undefined);
    await this.#note();
  }

  /** Results of the previous run. */
  async kept(): Promise<Kept[]> {
    const found = await Promise.all([...this.#inUse].map(([name, place]) => readKept(path.join(place, name))));
    return found.filter((kept) => kept !== undefined);
  }

  /** Writes a result and its description to disk, so that it can be delivered after a crash too. */
  async keep(kept: Kept): Promise<void> {
    const result = await open(kept.result.file, 'r+');
    try {
      await result.sync();
    } finally {
      await result.close();
    }
    await writeFileAtomic(path.join(path.dirname(kept.result.file), NOTE), JSON.stringify(kept));
  }

  /** What {@link keep} wrote stays when its lease's work ends: it is handed over after the next start. */
  leave(name: string): void {
    this.#leave.add(name);
  }

  /**
   * Returns where the finished chunks of a lease's video are kept until {@link dropChunks}.
   * @param name of the lease; its folder is in use
   */
  chunksOf(name: string, video: Video): ChunkPlace {
    const folder = path.join(this.#inUse.get(name) ?? this.#folder, CHUNKS, nameOf(video));
    this.#chunks.use(name, folder);
    return {
      folder,
      reserve: async (bytes) => {
        await mkdir(path.dirname(folder), { recursive: true });
        return this.#parts.space.reserve({ place: folder, bytes, what: 'the chunks of a video' });
      },
    };
  }

  /** The job of a lease's video has ended: its chunks are of no use any more. */
  async dropChunks(name: string, video: Video): Promise<void> {
    const place = this.#inUse.get(name) ?? this.#folder;
    await this.#remove(path.join(place, CHUNKS, nameOf(video)));
  }

  /** Reserves space; removes idle chunks if it's short. */
  async #reserve(folder: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    const request = { place: folder, bytes, what: 'the next video', signal };
    try {
      return await this.#parts.space.reserve(request);
    } catch (error) {
      const chunks = path.join(path.dirname(folder), CHUNKS);
      if (!(error instanceof Fault) || !(await this.#chunks.sweepIdle(chunks))) throw error;
      return await this.#parts.space.reserve(request);
    }
  }

  /**
   * Runs `work` with a folder of its own and removes it afterwards, however it ends.
   * @param lease `needed` are the bytes that may be written at the most, 0 where all is there already; until `signal` it
   *   waits for room that others will give back
   * @throws Fault `node` when the disk has not that much room or cannot be written to
   */
  async use<T>(
    { name, needed, signal }: { name: string; needed: number; signal: AbortSignal },
    work: (folder: string, reserve: ReserveRoom) => Promise<T>,
  ): Promise<T> {
    const place = this.#inUse.get(name) ?? this.#folder;
    const folder = path.join(place, name);
    this.#inUse.set(name, place);
    let giveBack: (() => void) | undefined;
    const reserve: ReserveRoom = async (bytes, patience) => {
      // It would wait for its own.
      giveBack?.();
      giveBack = undefined;
      await this.#chunks.sweepOld(path.join(place, CHUNKS));
      giveBack = await this.#reserve(folder, bytes, patience);
    };
    try {
      await mkdir(folder, { recursive: true });
      if (needed > 0) await reserve(needed, signal);
      return await work(folder, reserve);
    } catch (error) {
      if (error instanceof Fault) throw error;
      const reason =
        nodeFaultReason(error) ??
        ((error as NodeJS.ErrnoException).code === 'EACCES' ? "Flotilla isn't allowed to write there" : undefined);
      if (reason) throw new Fault('node', `The temporary folder ${place} cannot be used: ${reason}.`, { cause: error });
      throw error;
    } finally {
      const gone = !this.#leave.delete(name) && (await this.#remove(folder));
      giveBack?.();
      this.#chunks.release(name);
      // What stays is noted with its place for the next start, wherever leases have their folders then.
      if (gone) this.#inUse.delete(name);
      await this.#removeIfLeft(place).catch((error) => this.#parts.warn(messageOf(error)));
    }
  }

  /** Removes a lease's folder. How the work ended must not be lost for it. @returns false when it stays */
  async #remove(folder: string): Promise<boolean> {
    try {
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      return true;
    } catch (error) {
      this.#parts.warn(`${folder} could not be removed: ${messageOf(error)}; the next start tries again.`);
      return false;
    }
  }
}

async function readNoted(memory: string): Promise<string[]> {
  try {
    return z.array(z.string()).parse(JSON.parse(await readFile(memory, 'utf8')));
  } catch {
    return [];
  }
}

/** Reads the description of a kept result in a lease's folder, if there is one. */
async function readKept(folder: string): Promise<Kept | undefined> {
  try {
    const kept = Kept.parse(JSON.parse(await readFile(path.join(folder, NOTE), 'utf8')));
    return path.dirname(kept.result.file) === folder ? kept : undefined;
  } catch {
    return undefined;
  }
}
