import { mkdir, open, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import { Grant } from '../../src-shared/lease.ts';
import type { Space } from '../space.ts';
import { writeWhole } from '../write-whole.ts';

/** In a lease's folder: what is known of the result beside it. */
const NOTE = 'kept.json';

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
    log: z.string(),
  }),
});
export type Kept = z.infer<typeof Kept>;

/** What a workspace is made of. */
export interface WorkspaceParts {
  /** Where it is unless it was moved before: this node's own. */
  folder: string;
  space: Space;
  /** Told of what could not be removed; the next start tries again. */
  warn: (text: string) => void;
  /** File that notes where it is, so that the next start finds what is in it; without one nothing is looked for. */
  memory?: string;
}

/** The temporary files of this node: a folder a lease, gone with the lease; a start removes what a crash left. */
export class Workspace {
  /** Where leases from now on have their folders. */
  #folder: string;
  readonly #parts: Omit<WorkspaceParts, 'folder'>;
  readonly #inUse = new Map<string, string>();
  readonly #leave = new Set<string>();

  private constructor({ folder, ...parts }: WorkspaceParts) {
    this.#folder = folder;
    this.#parts = parts;
  }

  /** As the parts say; whatever is in the folder is removed. */
  static async create(parts: Omit<WorkspaceParts, 'memory'>): Promise<Workspace> {
    const workspace = new Workspace(parts);
    await workspace.clear();
    return workspace;
  }

  /** As {@link create}, but results that were kept stay for {@link kept}. */
  static async reopen({ memory, ...parts }: Required<WorkspaceParts>): Promise<Workspace> {
    const noted = await readNoted(memory);
    const workspace = new Workspace({ ...parts, memory, folder: noted.at(-1) ?? parts.folder });
    for (const place of new Set([...noted, parts.folder])) {
      for (const name of await readdir(place).catch(() => [])) {
        const lease = path.join(place, name);
        if (await readKept(lease)) workspace.#inUse.set(name, place);
        else await rm(lease, { recursive: true, force: true });
      }
    }
    await workspace.#note();
    return workspace;
  }

  /** Removes all that {@link reopen} would find: nobody wants it any more. */
  static async discard({ folder, memory }: { folder: string; memory: string }): Promise<void> {
    for (const place of new Set([...(await readNoted(memory)), folder]))
      await rm(place, { recursive: true, force: true });
    await rm(memory, { force: true });
  }

  /** Where leases from now on have their folders. */
  get folder(): string {
    return this.#folder;
  }

  /** Leases from now on have their folders elsewhere; those of before stay where they are. */
  async moveTo(folder: string): Promise<void> {
    if (folder === this.#folder) return;
    const before = this.#folder;
    this.#folder = folder;
    await this.#note();
    await this.#removeIfLeft(before);
  }

  async #note(): Promise<void> {
    const { memory } = this.#parts;
    if (!memory) return;
    const places = [...new Set([...this.#inUse.values(), this.#folder])];
    await writeWhole(memory, JSON.stringify(places));
  }

  /** A folder that this node has moved away from goes when it is empty. */
  async #removeIfLeft(place: string): Promise<void> {
    if (place === this.#folder || [...this.#inUse.values()].includes(place)) return;
    await rmdir(place).catch(() => undefined);
    await this.#note();
  }

  /** Results of before the last end of this node. */
  async kept(): Promise<Kept[]> {
    const found = await Promise.all([...this.#inUse].map(([name, place]) => readKept(path.join(place, name))));
    return found.filter((kept) => kept !== undefined);
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Brings a result and what is known of it to the disk, so that it can be handed over after a crash too. */
  async keep(kept: Kept): Promise<void> {
    const result = await open(kept.result.file, 'r+');
    try {
      await result.sync();
    } finally {
      await result.close();
    }
    await writeWhole(path.join(path.dirname(kept.result.file), NOTE), JSON.stringify(kept));
  }

  /** What {@link keep} wrote stays when its lease's work ends: it is handed over after the next start. */
  leave(name: string): void {
    this.#leave.add(name);
  }

  /**
   * Runs `work` with a folder of its own and removes it afterwards, however it ends.
   * @param lease `needed` are the bytes that may be written at the most, 0 where all is there already; until `signal` it
   *   waits for room that others will give back
   * @throws Fault `node` when the disk has not that much room or cannot be written to
   */
  async use<T>(
    { name, needed, signal }: { name: string; needed: number; signal: AbortSignal },
    work: (folder: string) => Promise<T>,
  ): Promise<T> {
    const place = this.#inUse.get(name) ?? this.#folder;
    const folder = path.join(place, name);
    this.#inUse.set(name, place);
    let giveBack: (() => void) | undefined;
    try {
      await mkdir(folder, { recursive: true });
      if (needed > 0)
        giveBack = await this.#parts.space.reserve({ place: folder, bytes: needed, what: 'the next film', signal });
      return await work(folder);
    } catch (error) {
      if (error instanceof Fault) throw error;
      const reason =
        nodeFaultReason(error) ??
        ((error as NodeJS.ErrnoException).code === 'EACCES' ? 'it may not be written to' : undefined);
      if (reason) throw new Fault('node', `The temporary folder ${place} cannot be used: ${reason}.`, { cause: error });
      throw error;
    } finally {
      const gone = !this.#leave.delete(name) && (await this.#remove(folder));
      giveBack?.();
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

/** What was kept in a lease's folder, if anything was. */
async function readKept(folder: string): Promise<Kept | undefined> {
  try {
    const kept = Kept.parse(JSON.parse(await readFile(path.join(folder, NOTE), 'utf8')));
    return path.dirname(kept.result.file) === folder ? kept : undefined;
  } catch {
    return undefined;
  }
}
