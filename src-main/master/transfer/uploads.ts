import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { DiskSpace } from '../../fs/disk-space.ts';
import { exists, linkOrMoveExclusive, moveNew } from '../../fs/safe-fs.ts';
import { sha256 } from '../../fs/sha256.ts';
import type { MasterContext } from '../context.ts';
import type { Dispatcher } from '../queue/dispatcher.ts';
import type { Delivery } from '../replace/admission.ts';
import type { ResultIntake } from '../replace/result-intake.ts';

/** Link to a whole upload that the intake may move away: the upload itself stays until the result stands in its place. */
const HANDED = '.result';

/** A worker's report of an uploaded result. */
export interface UploadedResult extends Omit<Delivery, 'file'> {
  /** Of the whole result, in lower-case hexadecimal. */
  sha256: string;
}

interface Upload {
  lease: Lease;
  size: number;
  /** Its SHA-256, once all of it was read: it may have to wait for room in its library, and is then not read again. */
  proven?: string;
  /** Gives back the room that it was promised. */
  release: () => void;
}

/** Results of other computers on their way to the intake: one upload a lease, and none outlives it. */
export class Uploads {
  /** Holds a file for each upload, named by {@link idOf}, and what tus notes about it. */
  readonly folder: string;
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #intake: ResultIntake;
  readonly #space: DiskSpace;
  readonly #open = new Map<string, Upload>();
  readonly #settling = new Map<string, Promise<void>>();
  /** Ends the requests that run under a lease. */
  readonly #requests = new Map<string, Set<() => void>>();

  constructor(
    ctx: MasterContext,
    parts: { folder: string; dispatcher: Dispatcher; intake: ResultIntake; space: DiskSpace },
  ) {
    this.#ctx = ctx;
    this.folder = parts.folder;
    this.#dispatcher = parts.dispatcher;
    this.#intake = parts.intake;
    this.#space = parts.space;
  }

  /** Called at start: keeps uploads whose lease is still valid, to be resumed, and removes all others. */
  async recover(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    const ids = new Set(names.map((name) => name.replace(/\..*$/, '')));
    for (const id of ids) {
      const lease = leaseOf(id);
      const size = await this.#declaredSize(id);
      if (lease && size !== undefined && this.#isInForce(lease)) {
        await this.#takeBack(id);
        this.#open.set(id, { lease, size, release: this.#space.keep(this.#file(id), size) });
      } else {
        for (const name of names.filter((n) => n === id || n.startsWith(`${id}.`))) {
          await rm(path.join(this.folder, name), { force: true, recursive: true });
        }
      }
    }
  }

  /** The size that tus noted when the upload was created. */
  async #declaredSize(id: string): Promise<number | undefined> {
    try {
      const note: unknown = JSON.parse(await readFile(this.#note(id), 'utf8'));
      return z.object({ size: z.int().positive() }).parse(note).size;
    } catch {
      return undefined;
    }
  }

  #file(id: string): string {
    return path.join(this.folder, id);
  }

  #note(id: string): string {
    return `${this.#file(id)}.json`;
  }

  #handed(id: string): string {
    return `${this.#file(id)}${HANDED}`;
  }

  /** @throws Fault `fenced` unless this worker holds the lease */
  claim(lease: Lease, worker: string): void {
    this.#dispatcher.requireHeld(lease, worker);
  }

  /**
   * Makes room for the result of a lease.
   * @throws Fault `usage` when it would be larger than the original, `conflict` when there is one already, `node` when the
   *   disk has not that much room
   */
  async create(lease: Lease, worker: string, size: number): Promise<void> {
    const { job } = this.#dispatcher.requireHeld(lease, worker);
    const original = this.#ctx.jobs.get(job)?.size ?? 0;
    if (!Number.isSafeInteger(size) || size < 1 || size > original) {
      throw new Fault('usage', `A result of ${size} bytes isn't accepted for an original of ${original}.`);
    }
    const id = idOf(lease);
    if (this.#open.has(id)) {
      if (await exists(this.#file(id)))
        throw new Fault('conflict', 'The result of this task is already being uploaded.');
      this.#close(id);
    }
    await mkdir(this.folder, { recursive: true });
    const release = await this.#space.reserve({ place: this.#file(id), bytes: size, what: 'a result on its way here' });
    if (this.#open.has(id) || !this.#isInForce(lease)) {
      release();
      throw new Fault('conflict', 'The result of this task is already being uploaded.');
    }
    this.#open.set(id, { lease, size, release });
  }

  /**
   * Accepts an uploaded result; resolves when it's in place or rejected. Idempotent.
   * @throws Fault `missing` or `conflict` when the upload is incomplete or differs from what was sent: the worker has to send it again
   * @throws Fault `fenced` when the lease is lost
   */
  deliver(lease: Lease, worker: string, result: UploadedResult): Promise<void> {
    this.#dispatcher.requireHeld(lease, worker);
    const id = idOf(lease);
    const known = this.#settling.get(id);
    if (known) return known;
    const settling = this.#settle(id, lease, result).finally(() => this.#settling.delete(id));
    this.#settling.set(id, settling);
    return settling;
  }

  async #settle(id: string, lease: Lease, { sha256: expected, ...delivery }: UploadedResult): Promise<void> {
    const upload = this.#open.get(id);
    const { size } = await stat(this.#file(id)).catch(() => ({ size: -1 }));
    if (!upload || size !== upload.size) throw new Fault('missing', "The result of this task hasn't fully arrived.");
    upload.proven ??= await sha256(this.#file(id));
    if (upload.proven !== expected) {
      await this.#drop(id);
      throw new Fault('conflict', 'The result of this task was damaged in transit; send it again.');
    }
    await rm(this.#handed(id), { force: true });
    await linkOrMoveExclusive(this.#file(id), this.#handed(id));
    try {
      await this.#intake.accept(lease, { ...delivery, file: this.#handed(id) });
    } finally {
      await this.#takeBack(id);
      if (!this.#isInForce(lease)) await this.#drop(id);
    }
  }

  /** Without hard links the staged file is the upload itself: moves it back, so that it can be delivered again. */
  async #takeBack(id: string): Promise<void> {
    const [file, handed] = [this.#file(id), this.#handed(id)];
    if ((await exists(handed)) && !(await exists(file))) await moveNew(handed, file);
    await rm(handed, { force: true });
  }

  /** Has `end` called when the lease is lost, until the returned function is called. */
  during(lease: Lease, end: () => void): () => void {
    const id = idOf(lease);
    const requests = this.#requests.get(id) ?? new Set();
    this.#requests.set(id, requests.add(end));
    return () => {
      requests.delete(end);
      if (requests.size === 0 && this.#requests.get(id) === requests) this.#requests.delete(id);
    };
  }

  /** Aborts work under lost leases and removes their uploads; called when a lease ends. */
  async sweep(): Promise<void> {
    const ids = new Set([...this.#open.keys(), ...this.#requests.keys()]);
    for (const id of ids) {
      const lease = leaseOf(id);
      if (lease && this.#isInForce(lease)) continue;
      for (const end of this.#requests.get(id) ?? []) end();
      if (!this.#settling.has(id)) await this.#drop(id);
    }
  }

  async #drop(id: string): Promise<void> {
    for (const file of [this.#note(id), this.#file(id)]) await rm(file, { force: true });
    this.#close(id);
  }

  #close(id: string): void {
    this.#open.get(id)?.release();
    this.#open.delete(id);
  }

  #isInForce(lease: Lease): boolean {
    try {
      this.#dispatcher.requireHeld(lease);
      return true;
    } catch (error) {
      if (error instanceof Fault && error.code === 'fenced') return false;
      throw error;
    }
  }
}

/** How the upload of a lease is called. */
export function idOf({ task, epoch }: Lease): string {
  return `${task}-${epoch}`;
}

/** The lease that an upload belongs to; undefined when it is no name of one. */
export function leaseOf(id: string): Lease | undefined {
  const [, task, epoch] = /^([1-9]\d{0,14})-([1-9]\d{0,14})$/.exec(id) ?? [];
  return task && epoch ? { task: Number(task), epoch: Number(epoch) } : undefined;
}
