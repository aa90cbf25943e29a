import path from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { SHUTTING_DOWN } from '../../../src-shared/text/messages.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import { isUnresponsive, notResponding, STOP_MS, whileResponding } from '../../fs/response-timeout.ts';
import { availableProcessors } from '../../platform/processors.ts';
import type { MasterContext } from '../context.ts';
import { makeLibraryLock } from '../library/library-lock.ts';
import { pauseLibrary } from '../library/pause-library.ts';
import type { Dispatcher } from '../queue/dispatcher.ts';
import type { LeaseHandle } from '../queue/lease-handle.ts';
import { Admission, type AdmissionParts, type Delivery, failed, type Handed, keyOf } from './admission.ts';
import { isOfDatabase, storageProblem } from './intake-faults.ts';
import { PostponedResults, RetryLater } from './postponed-results.ts';
import type { Swapper } from './swap.ts';

/** Time until a postponed result is tried again, in ms. */
const RETRY_MS = 60_000;
/** Longest time between two tries of a replacement that waits, in ms: of a video that is being watched, say. */
const MAX_RETRY_MS = 900_000;

/** Each check runs two programs, and each of those holds pictures of two videos. */
const PROCESSORS_EACH = 2;
const MAX_CHECKS = 4;

/** What runs or waits for its turn. */
interface Open {
  ended: Promise<unknown>;
  /** The library that it is about, once it has its turn. */
  root?: string;
}

/** Takes results in: stage, verify, replace. The original is untouched until all checks have passed. */
export class ResultIntake {
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #swapper: Swapper;
  readonly #admission: Admission;
  readonly #stopping = new AbortController();
  /** Results that are checked at a time. One library's are copied to it and put in place one after the other. */
  readonly #turn: LimitFunction;
  readonly #retries = pLimit(1);
  /** What hangs because the disk of its library does not answer gives up its turn, but not its video. */
  readonly #videos = makeLibraryLock((video) => video);
  readonly #open = new Set<Open>();
  /** Rejected at the end of the program where what hangs would hold it up. */
  readonly #deserted = Promise.withResolvers<never>();
  readonly #retryMs: number;
  readonly #holds: PostponedResults;
  #retrying: NodeJS.Timeout | undefined;
  #isRetrying = false;

  /**
   * @param parts `retryMs` is how long a result waits at first that cannot be taken in, `checks` how many are checked at a time
   * (default: as many as this computer has processors for)
   */
  constructor(
    ctx: MasterContext,
    parts: Pick<AdmissionParts, 'swapper' | 'vault' | 'brake'> & {
      dispatcher: Dispatcher;
      retryMs?: number | undefined;
      checks?: number;
    },
  ) {
    const { retryMs = RETRY_MS, dispatcher, swapper, vault, brake } = parts;
    const processors = Math.floor(availableProcessors() / PROCESSORS_EACH);
    this.#turn = pLimit(parts.checks ?? Math.min(MAX_CHECKS, Math.max(1, processors)));
    this.#ctx = ctx;
    this.#retryMs = retryMs;
    this.#holds = new PostponedResults(retryMs);
    this.#dispatcher = dispatcher;
    this.#swapper = swapper;
    this.#deserted.promise.catch(() => undefined);
    const stopping = this.#stopping.signal;
    const retryWaiting = () => this.retryWaiting(retryMs);
    this.#admission = new Admission({
      ctx,
      pause: dispatcher.pause,
      swapper,
      vault,
      brake,
      stopping,
      holds: this.#holds,
      retryWaiting,
    });
  }

  /** Ends checks that run; a replacement that has begun is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    clearTimeout(this.#retrying);
    const ended = Promise.allSettled([...this.#open].map((open) => open.ended));
    // A disk that does not answer is not waited for, neither here nor by who delivered a result.
    const disks = [...this.#open].flatMap(({ root }) => root ?? []);
    const answers = disks.map((root) => whileResponding(root, ended, STOP_MS));
    await Promise.all([...answers, disks.length === 0 && ended]).catch(this.#deserted.reject);
  }

  /** True while postponed replacements are retried on request. */
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
      const left = await this.#run(this.#retries, async (open) =>
        this.#stopping.signal.aborted ? 0 : this.#swapper.retry((file) => this.#mayReplace(file, open)),
      );
      this.#isRetrying = false;
      this.#ctx.emit('work', {});
      if (left > 0) this.retryWaiting(Math.min(MAX_RETRY_MS, Math.max(this.#retryMs, 2 * after)));
    };
    this.#retrying = setTimeout(() => again().catch(() => this.retryWaiting(MAX_RETRY_MS)), after);
    this.#retrying.unref();
  }

  /**
   * Resolves when the result stands in its place or is refused; the file's state tells which.
   * @throws Fault `fenced` when the lease was lost, `node` when it cannot be stored now: then it is wanted again later
   */
  async accept(lease: Lease, delivery: Delivery): Promise<void> {
    try {
      const task = this.#dispatcher.claim(lease);
      try {
        await this.#inTurn(task, (gone) => this.#settle(task, { ...delivery, gone }));
      } finally {
        task.unclaim();
      }
    } catch (error) {
      if (!isOfDatabase(error)) throw error;
      this.#dispatcher.pause.beginFor(storageProblem(error));
      throw new Fault('node', storageProblem(error), { cause: error });
    }
  }

  /** @param work its signal is aborted once the disk of the task's library stops responding; the work may resume when the disk does */
  async #inTurn({ job }: LeaseHandle, work: (gone: AbortSignal) => Promise<void>): Promise<void> {
    const file = this.#ctx.files.get(this.#ctx.jobs.fileOf(job) ?? -1);
    const library = file && this.#ctx.libraries.get(file.library);
    if (!library) throw new Error(`job ${job} has lost its library`);
    const gone = new AbortController();
    try {
      const turn = this.#run(this.#turn, (open) => {
        open.root = library.root;
        return this.#videos.tryHold(path.join(library.root, file.path), () => work(gone.signal), library.root);
      });
      await Promise.race([turn, this.#deserted.promise]);
    } catch (error) {
      gone.abort(error);
      if (isUnresponsive(library.root)) pauseLibrary(this.#ctx, library.id, notResponding(library.root).message);
      throw error;
    }
  }

  async #run<T>(turn: LimitFunction, work: (open: Open) => Promise<T>): Promise<T> {
    const open: Open = { ended: Promise.resolve() };
    const ended = turn(() => work(open));
    open.ended = ended;
    this.#open.add(open);
    try {
      return await ended;
    } finally {
      this.#open.delete(open);
    }
  }

  /** False while another Flotilla works where the file is, and when this one ends. */
  async #mayReplace(id: number, open: Open): Promise<boolean> {
    const file = this.#ctx.files.get(id);
    const library = file && this.#ctx.libraries.get(file.library);
    if (this.#stopping.signal.aborted) return false;
    if (!library) return true;
    open.root = library.root;
    return this.#ctx.owners.require(library).then(
      () => true,
      () => false,
    );
  }

  async #settle(task: LeaseHandle, delivery: Handed): Promise<void> {
    // Skipped or changed while it waited for its turn.
    task.requireHeld();
    if (this.#stopping.signal.aborted) throw new Fault('node', SHUTTING_DOWN);
    const outcome = await this.#admission.admit(task, delivery).catch((error) => {
      if (error instanceof RetryLater) throw new Fault('node', error.message, { cause: error.cause });
      if (error instanceof Fault && error.code === 'fenced') {
        if (task.regain()) throw new Fault('node', NOT_CHECKED, { cause: error });
        task.release();
        throw error;
      }
      if (isOfDatabase(error)) throw error;
      return failed(messageOf(error), delivery.log);
    });
    this.#holds.end(keyOf(task.lease));
    if (outcome) task.finish(outcome);
    else task.complete();
  }
}

const NOT_CHECKED = "Verification didn't finish; send the result again.";
