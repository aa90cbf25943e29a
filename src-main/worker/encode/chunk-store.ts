import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { QualityReport } from '../../../src-shared/media/quality-target.ts';
import { type Chunk, isSameChunk } from '../../../src-shared/plan/chunks.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { syncFile } from '../../fs/safe-fs.ts';
import { sha256 } from '../../fs/sha256.ts';
import { Shape } from '../../media/probe/shape.ts';
import { faultPoint } from '../../util/fault-injection.ts';

/** File in a video's folder that describes the chunks beside it. */
const TABLE = 'chunks.json';

const frame = z.int().nonnegative();

/** A chunk whose file is complete, and what its encode found out. */
const StoredChunk = z.object({
  from: frame,
  to: frame,
  /** Bytes of the file, and their SHA-256. */
  size: z.int().nonnegative(),
  sha256: z.string(),
  /** Time of its first frame, in s on its own clock. */
  first: z.number(),
  /** Hash of the sequence header, which all chunks have to share. */
  header: z.string(),
  /** Errors while decoding its part of the source; `lost` in seconds, null if unknown. */
  damage: z.object({ count: z.int().positive(), first: z.string(), lost: z.number().nullable() }).optional(),
});
export type StoredChunk = z.infer<typeof StoredChunk>;

const Table = z.object({
  /** What decides how each chunk comes out: another source, plan, or encoder makes all of them void. */
  key: z.string(),
  /** The split, in order. */
  split: z.array(z.object({ from: frame, to: frame })).default([]),
  stored: z.array(StoredChunk).default([]),
  /** How the CRF was chosen where the plan names a target. */
  search: QualityReport.optional(),
  /** Properties of the pictures, by ffmpeg's name of the stream. */
  shapes: z.array(z.tuple([z.string(), Shape])).default([]),
  /** Why the video can't be encoded in chunks, found out by trying. */
  whole: z.string().optional(),
  /** Attempts that failed. */
  failures: z.int().nonnegative().default(0),
});
type Table = z.infer<typeof Table>;

/** Failed attempts after which chunks aren't reused: the job has failed then. */
const MAX_FAILURES = 3;

/** Folders that a conversion works with now: the next one of the same video waits until its ffmpeg has ended. */
const inUse = new Map<string, Promise<void>>();

/** The finished chunks of one video, which outlive the lease under which they were encoded. */
export class ChunkStore {
  readonly folder: string;
  readonly #release: () => void;
  #table: Table;

  private constructor(folder: string, table: Table, release: () => void) {
    this.folder = folder;
    this.#table = table;
    this.#release = release;
  }

  /**
   * Opens a video's folder for one conversion; chunks of another key are removed.
   * @param facts all that decides how a chunk comes out, but for the split
   */
  static async open(folder: string, facts: unknown): Promise<ChunkStore> {
    while (inUse.has(folder)) await inUse.get(folder);
    const used = Promise.withResolvers<void>();
    inUse.set(folder, used.promise);
    const release = () => {
      if (inUse.get(folder) === used.promise) inUse.delete(folder);
      used.resolve();
    };
    try {
      const key = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
      const known = await readTable(folder);
      const isValid = known?.key === key && known.failures < MAX_FAILURES;
      if (!isValid) await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      const store = new ChunkStore(folder, isValid ? known : Table.parse({ key }), release);
      await store.#removeUnlisted();
      return store;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends the conversion's hold; the chunks stay. */
  close(): void {
    this.#release();
  }

  get table(): Readonly<Omit<Table, 'key'>> {
    return this.#table;
  }

  /** Absolute path of a chunk's file. */
  fileOf(chunk: Chunk): string {
    return path.join(this.folder, nameOf(chunk));
  }

  /** Reports the stored chunk that is exactly this run of frames. */
  find(chunk: Chunk): StoredChunk | undefined {
    return this.#table.stored.find((stored) => isSameChunk(stored, chunk));
  }

  /** Stores facts about the whole video. */
  async note(facts: Partial<Pick<Table, 'split' | 'search' | 'whole' | 'failures'>>): Promise<void> {
    await this.#write({ ...this.#table, ...facts });
  }

  /**
   * Takes a finished file over. After this, the chunk survives a power cut.
   * @param file in another folder of the same file system; it is moved
   */
  async add(file: string, chunk: Omit<StoredChunk, 'size' | 'sha256'>, facts: Partial<Table>): Promise<StoredChunk> {
    await syncFile(file);
    const { size } = await stat(file);
    const stored = { ...chunk, size, sha256: await sha256(file) };
    await rename(file, this.fileOf(chunk));
    faultPoint('chunk-moved');
    await this.#write({ ...this.#table, ...facts, stored: [...this.#table.stored, stored] });
    faultPoint('chunk-stored');
    return stored;
  }

  /**
   * Reads all chunks again, and drops those whose content differs from what was stored.
   * @returns how many were dropped
   */
  async prove(signal?: AbortSignal): Promise<number> {
    const good: StoredChunk[] = [];
    for (const chunk of this.#table.stored) {
      const file = this.fileOf(chunk);
      const size = await stat(file).then(
        (found) => found.size,
        () => -1,
      );
      if (size === chunk.size && (await sha256(file, signal)) === chunk.sha256) good.push(chunk);
      else await rm(file, { force: true });
    }
    const lost = this.#table.stored.length - good.length;
    if (lost > 0) await this.#write({ ...this.#table, stored: good });
    return lost;
  }

  /** Takes note of an attempt that failed. After the last one the job has failed, and needs its chunks no more. */
  async noteFailure(): Promise<void> {
    const failures = this.#table.failures + 1;
    await this.note({ failures });
    if (failures >= MAX_FAILURES) await this.clear();
  }

  /** Removes all chunks because they can't be used. */
  async clear(): Promise<void> {
    await this.#write({ ...this.#table, stored: [], split: [], shapes: [] });
    await this.#removeUnlisted();
  }

  async #write(table: Table): Promise<void> {
    await writeFileAtomic(path.join(this.folder, TABLE), JSON.stringify(table));
    this.#table = table;
  }

  /** Removes files without an entry, left by a crash. */
  async #removeUnlisted(): Promise<void> {
    const listed = new Set([TABLE, ...this.#table.stored.map(nameOf)]);
    for (const name of await readdir(this.folder))
      if (!listed.has(name)) await rm(path.join(this.folder, name), { recursive: true, force: true });
  }
}

const nameOf = ({ from, to }: Chunk) => `${from}-${to}`;

async function readTable(folder: string): Promise<Table | undefined> {
  try {
    return Table.parse(JSON.parse(await readFile(path.join(folder, TABLE), 'utf8')));
  } catch {
    return undefined;
  }
}
