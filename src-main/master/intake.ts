import { lstat } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import { formatBytes, savedPercent } from '../../src-shared/format.ts';
import type { Lease, Outcome } from '../../src-shared/lease.ts';
import { Plan } from '../../src-shared/plan.ts';
import type { TaskRow } from '../db/jobs.ts';
import type { Swap } from '../db/swaps.ts';
import type { Likeness } from '../media/picture.ts';
import type { Brake } from '../media/process.ts';
import { Refused } from '../media/verify-request.ts';
import type { MasterContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import { identify, sameContent, versionOf } from './identity.ts';
import { pauseLibrary } from './pause-library.ts';
import type { Swapper } from './swap.ts';
import type { Vault } from './vault.ts';

/** A library that had no room for a result is tried again after so long, in ms. */
const RETRY_MS = 60_000;
/** Longest time between two tries of a replacement that waits, in ms: of a film that is being watched, say. */
const LONGEST_RETRY_MS = 900_000;

/** What a worker says of the result it hands over. */
export interface Delivery {
  /** Absolute path; moved away from there. */
  file: string;
  decodedFrames: number[];
  captionLines: number;
  teletextLines?: number[] | undefined;
  damaged: boolean;
  log: string;
}

/** Takes results in: stage, verify, replace. The original is untouched until all checks have passed. */
export class Intake {
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #swapper: Swapper;
  readonly #vault: Vault;
  readonly #brake: Brake;
  readonly #stopping = new AbortController();
  /** Replacements run one at a time, so that their copies and checks do not get into each other's way. */
  readonly #turn = pLimit(1);
  readonly #retryMs: number;
  /** Libraries that had no room for a result, and until when they are not tried again: in ms of the monotonic clock. */
  readonly #full = new Map<number, { reason: string; until: number }>();
  #retrying: NodeJS.Timeout | undefined;
  #isRetrying = false;

  /**
   * @param parts `brake` holds checks while they would disturb the user of this computer; `retryMs` is how long a result waits
   *   after its library's disk had no room for it
   */
  constructor(
    ctx: MasterContext,
    parts: { dispatcher: Dispatcher; swapper: Swapper; vault: Vault; brake: Brake; retryMs?: number | undefined },
  ) {
    this.#ctx = ctx;
    this.#retryMs = parts.retryMs ?? RETRY_MS;
    this.#dispatcher = parts.dispatcher;
    this.#swapper = parts.swapper;
    this.#vault = parts.vault;
    this.#brake = parts.brake;
  }

  /** Ends checks that run; a replacement that has begun is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    clearTimeout(this.#retrying);
    await this.#turn(() => undefined);
  }

  /** True while replacements that wait are tried again because somebody wants it. */
  get isRetrying(): boolean {
    return this.#isRetrying;
  }

  /**
   * Has replacements that wait with their result tried again, at once and then ever more rarely.
   * @param after how long at first, in ms
   */
  retryWaiting(after = 0): void {
    clearTimeout(this.#retrying);
    if (this.#stopping.signal.aborted) return;
    this.#isRetrying = after === 0;
    const again = async () => {
      const left = await this.#turn(() =>
        this.#stopping.signal.aborted ? 0 : this.#swapper.retry((file) => this.#mayReplace(file)),
      );
      this.#isRetrying = false;
      this.#ctx.emit('work', {});
      if (left > 0) this.retryWaiting(Math.min(LONGEST_RETRY_MS, Math.max(this.#retryMs, 2 * after)));
    };
    this.#retrying = setTimeout(() => again().catch(() => this.retryWaiting(LONGEST_RETRY_MS)), after);
    this.#retrying.unref();
  }

  /**
   * Resolves when the result stands in its place or is refused; the file's state tells which.
   * @throws Fault `fenced` when the lease was lost, `node` when it cannot be stored now: then it is wanted again later
   */
  async accept(lease: Lease, delivery: Delivery): Promise<void> {
    const task = this.#dispatcher.take(lease);
    try {
      await this.#turn(() => this.#settle(lease, task, delivery));
    } finally {
      this.#dispatcher.letGo(lease);
    }
  }

  /** False while another Flotilla works where the file is. */
  async #mayReplace(id: number): Promise<boolean> {
    const file = this.#ctx.files.get(id);
    const library = file && this.#ctx.libraries.get(file.library);
    if (!library) return true;
    return this.#ctx.owners.require(library).then(
      () => true,
      () => false,
    );
  }

  async #settle(lease: Lease, task: TaskRow, delivery: Delivery): Promise<void> {
    // Skipped or changed while it waited for its turn.
    this.#dispatcher.claim(lease);
    if (this.#stopping.signal.aborted) throw new Fault('node', ENDED);
    const outcome = await this.#take(lease, task.job, delivery).catch((error) => {
      if (error instanceof NotNow) throw new Fault('node', error.message, { cause: error.cause });
      if (error instanceof Fault && error.code === 'fenced') {
        if (this.#dispatcher.regain(lease)) throw new Fault('node', NOT_CHECKED, { cause: error });
        this.#dispatcher.drop(lease);
        throw error;
      }
      return this.#outcomeOf(error, delivery.log);
    });
    if (outcome) this.#dispatcher.finish(lease, outcome);
    else this.#dispatcher.drop(lease);
    if (outcome?.kind === 'node') this.#dispatcher.pause.beginFor(outcome.reason);
    else if (task.worker && outcome === undefined) this.#dispatcher.didWell(task.worker);
  }

  /** @returns how it ended when nothing was replaced */
  async #take(lease: Lease, jobId: number, delivery: Delivery): Promise<Outcome | undefined> {
    const { jobs, files, libraries } = this.#ctx;
    const job = jobs.get(jobId);
    const file = job && files.get(job.file);
    const library = file && libraries.get(file.library);
    if (!job || !file?.probe || !file.hash || !library) throw new Error(`task ${lease.task} has lost its file`);
    const full = this.#full.get(library.id);
    if (full && performance.now() < full.until) throw new NotNow(full.reason);
    const notOurs = (error: unknown) => new NotNow(messageOf(error), { cause: error });
    await this.#ctx.owners.require(library).catch((error) => Promise.reject(notOurs(error)));
    const settings = this.#ctx.settings();
    const { size } = await lstat(delivery.file);
    // Here and below the film may be another worker's by now, whose task must not hear of this one.
    this.#dispatcher.claim(lease);
    const saved = (100 * (file.size - size)) / file.size;
    if (saved < settings.minSavings) return noSavings(file.size, size, settings.minSavings);

    jobs.apply(file.id, 'deliver');
    this.#dispatcher.enter(lease, 'staging');
    const source = path.join(library.root, file.path);
    const keepDays = settings.testingMode ? null : settings.vaultDays;
    const plan = Plan.parse(jobs.planOf(job.id, lease.epoch));
    const known = { inode: file.inode, version: file.version, size: file.size, hash: file.hash };
    // Its times may have been set since it was probed.
    const now = await identify(source);
    const sourceIdentity = sameContent(now, known) ? now : known;
    const swap = await this.#swapper
      .stage(
        {
          file: file.id,
          job: job.id,
          task: lease.task,
          epoch: lease.epoch,
          root: library.root,
          source,
          sourceIdentity,
          container: plan.container,
          keepDays,
        },
        delivery.file,
      )
      .catch((error: unknown) => {
        this.#dispatcher.claim(lease);
        if (isOfDisk(error)) {
          const reason = roomless(error, library.root);
          this.#full.set(library.id, { reason, until: performance.now() + this.#retryMs });
          pauseLibrary(this.#ctx, library.id, reason);
          this.#postpone(file.id, reason, error);
        }
        if (!(error instanceof Fault && error.code === 'conflict')) throw error;
        jobs.endAttempt(job.id, lease.epoch, { outcome: 'blocked', reason: error.message, log: delivery.log });
        jobs.apply(file.id, 'block', { code: 'not-replaced', reason: error.message });
        throw error;
      });
    if (this.#full.delete(library.id)) pauseLibrary(this.#ctx, library.id, null);
    const likeness = await this.#check(lease, swap, plan, delivery);
    if ('kind' in likeness) return likeness;
    await this.#ctx.owners.require(library).catch(async (error) => {
      await this.#swapper.discard(swap);
      this.#postpone(file.id, messageOf(error), error);
    });
    this.#dispatcher.enter(lease, 'replacing');
    const stages = this.#dispatcher.stages(lease);
    try {
      await this.#swapper.replace(swap, { stages, log: delivery.log, likeness });
    } catch (error) {
      if (jobs.get(job.id)?.state === 'blocked') this.retryWaiting(this.#retryMs);
      throw error;
    }
    if (swap.keepDays !== null && swap.keepDays <= 0) await this.#vault.purge({ all: false, dryRun: false });
    return undefined;
  }

  async #check(lease: Lease, swap: Swap, plan: Plan, delivery: Delivery): Promise<Outcome | Likeness> {
    this.#dispatcher.enter(lease, 'checking');
    const file = this.#ctx.files.get(swap.file);
    const { niceLevel, ioniceClass: ionice } = this.#ctx.settings();
    // Before encodes here, which would make those wait that other computers are done with.
    const nice = Math.floor(niceLevel / 2);
    const held = this.#dispatcher.whileHeld(lease);
    try {
      if (!file?.probe) throw new Error('the file was forgotten meanwhile');
      return await this.#ctx.verifier.verify({
        source: swap.source,
        sourceVersion: swap.sourceIdentity.version,
        sourceProbe: file.probe,
        plan,
        result: swap.staged,
        resultVersion: versionOf(await lstat(swap.staged, { bigint: true })),
        decodedFrames: delivery.decodedFrames,
        captionLines: delivery.captionLines,
        teletextLines: delivery.teletextLines,
        damaged: delivery.damaged,
        signal: AbortSignal.any([this.#stopping.signal, held]),
        run: { priority: { nice, ionice }, brake: this.#brake },
        onProgress: (share) => this.#dispatcher.enter(lease, 'checking', share),
      });
    } catch (error) {
      await this.#swapper.discard(swap);
      held.throwIfAborted();
      if (this.#stopping.signal.aborted) this.#postpone(swap.file, ENDED, error);
      // Not for ever: what cannot be read may be so because of the result.
      if (error instanceof Fault && error.code === 'conflict')
        return { kind: 'failed', reason: `The result could not be checked: ${error.message}`, log: delivery.log };
      return this.#outcomeOf(error, delivery.log) ?? { kind: 'released' };
    }
  }

  /** The result stays where it came from, and may be delivered again under the same lease. @throws NotNow */
  #postpone(file: number, reason: string, cause: unknown): never {
    this.#ctx.jobs.apply(file, 'reopen');
    throw new NotNow(reason, { cause });
  }

  #outcomeOf(error: unknown, log: string): Outcome | undefined {
    if (error instanceof Refused) {
      const seed = error.seed === undefined ? '' : `\nThe check's seed: ${error.seed}`;
      return { kind: 'failed', reason: error.message, log: `${log}${seed}`, refused: true };
    }
    if (nodeFaultReason(error)) return { kind: 'node', reason: roomless(error) };
    // The replacement undid itself and put the file into the state that tells why.
    if (error instanceof Fault && error.code === 'conflict') return undefined;
    if (error instanceof Fault && error.code === 'node') {
      this.#dispatcher.pause.beginFor(error.message);
      return undefined;
    }
    return { kind: 'failed', reason: messageOf(error), log };
  }
}

/** Nothing is wrong with a result, but it cannot be taken in at present. */
class NotNow extends Error {}

const NOT_CHECKED = 'The result could not be checked to the end; it is wanted again.';
const ENDED = 'This Flotilla is being ended.';

/** Errors of the library's disk that end when its owner makes room or connects it again; none of them harms the result. */
const OF_DISK: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN']);

const isOfDisk = (error: unknown): boolean => OF_DISK.has((error as { code?: unknown }).code);

/** What keeps a result from being stored, as a sentence; `folder` is where, unless the error itself tells. */
function roomless(error: unknown, folder?: string): string {
  const { dest, path: file } = error as { dest?: string; path?: string };
  const place = dest ?? file;
  const found = place ? path.dirname(place) : folder;
  const where = found ? ` in ${found}` : '';
  return `A result could not be stored${where}: ${nodeFaultReason(error)}. Put that right; it is tried again by itself.`;
}

function noSavings(before: number, after: number, wanted: number): Outcome {
  const sizes = `${formatBytes(before)} would become ${formatBytes(after)}`;
  const reason =
    after >= before
      ? `It would not get smaller: ${sizes}.`
      : `It would save only ${savedPercent(before, after)} (${sizes}), less than the ${wanted} % you ask for.`;
  return { kind: 'skip', code: 'no-savings', reason };
}
