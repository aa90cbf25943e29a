import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import path from 'node:path';
import type { LibraryView } from '../../../src-shared/contract/index.ts';
import type { Lease, Outcome } from '../../../src-shared/jobs/lease.ts';
import type { QualityReport } from '../../../src-shared/media/quality-target.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { Plan } from '../../../src-shared/plan/plan.ts';
import { SHUTTING_DOWN } from '../../../src-shared/text/messages.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import type { AttemptFacts, JobRow } from '../../db/tables/jobs.ts';
import type { Swap } from '../../db/tables/swaps.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { ProcessSuspender } from '../../media/ffmpeg/process-manager.ts';
import type { Likeness } from '../../media/verify/pictures/compare-pictures.ts';
import { VerificationError } from '../../media/verify/verify-request.ts';
import type { MasterContext } from '../context.ts';
import { type Identity, identify, sameContent } from '../files/file-identity.ts';
import { makeLibraryLock } from '../library/library-lock.ts';
import { pauseLibrary } from '../library/pause-library.ts';
import type { LeaseHandle } from '../queue/lease-handle.ts';
import type { QueuePause } from '../queue/queue-pause.ts';
import type { Vault } from '../vault/vault.ts';
import { isOfDatabase, isOfDisk, isUnrelated, noSavings, storageProblem } from './intake-faults.ts';
import { type PostponedResults, RetryLater } from './postponed-results.ts';
import { NotBegun, type Swapper } from './swap.ts';

/** Attempts for a result that this computer can't check or store: spread over half an hour, since each wait doubles the last. */
const MAX_TRIES = 6;

/** A result that a worker hands over, with its report. */
export interface Delivery {
  /** Absolute path; moved away from there. */
  file: string;
  decodedFrames: number[];
  captionLines: number;
  teletextLines?: number[] | undefined;
  damaged: boolean;
  quality?: QualityReport | undefined;
  log: string;
}

/** A result in the master's hands. */
export interface Handed extends Delivery {
  /** Aborted once the worker was told to deliver the result later. */
  gone: AbortSignal;
}

/** What results are taken in with. */
export interface AdmissionParts {
  ctx: MasterContext;
  /** Pauses the queue for faults of this computer. */
  pause: QueuePause;
  swapper: Swapper;
  vault: Vault;
  /** Holds checks while they would disturb the user of this computer. */
  brake: ProcessSuspender;
  /** What results wait for. */
  holds: PostponedResults;
  /** Aborted when this Flotilla ends. */
  stopping: AbortSignal;
  /** Called when a replacement is postponed. */
  retryWaiting: () => void;
}

/** Takes a result in: staged, checked, put in place, or left where it came from to be delivered again. */
export class Admission {
  readonly #parts: AdmissionParts;
  /** Several copies to one disk at a time would slow each other down. */
  readonly #copies = makeLibraryLock((root) => root);

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the result is in place or never will be.
   * @returns the outcome if nothing was replaced
   * @throws RetryLater when it has to be delivered again, Fault `fenced` when the lease was lost
   */
  async admit(task: LeaseHandle, delivery: Handed): Promise<Outcome | undefined> {
    const { jobs, files, libraries } = this.#parts.ctx;
    const job = jobs.get(task.job);
    const file = job && files.get(job.file);
    const library = file && libraries.get(file.library);
    if (!job || !file?.probe || !file.hash || !library) throw new Error(`task ${task.lease.task} has lost its file`);
    const wait = this.#parts.holds.why(ofLibrary(library)) ?? this.#parts.holds.why(keyOf(task.lease));
    if (wait) throw new RetryLater(wait);
    await this.#requireLibrary(library);
    // Here and below the video may be another worker's by now, whose task must not hear of this one.
    task.requireHeld();
    const tries = jobs.tries.begin(job.id, task.lease.epoch);
    const work: Work = { task, job, file, library, delivery, tries };
    if (tries > MAX_TRIES) return this.#giveUp(work, 'Flotilla stopped unexpectedly each time it checked the result.');
    try {
      return await this.#verifyAndReplace(work);
    } catch (error) {
      return this.#endedBy(error, work);
    }
  }

  /** @throws RetryLater while the library is out of reach, or another Flotilla's: no try is counted then */
  async #requireLibrary(library: LibraryView): Promise<void> {
    const { root } = library;
    try {
      await this.#parts.ctx.owners.require(library);
      await callWithTimeout(root, () => access(root, constants.R_OK | constants.X_OK));
    } catch (error) {
      const reason =
        error instanceof Fault
          ? error.message
          : `The folder ${root} cannot be read; is its disk or network share connected?`;
      if (!(error instanceof Fault && error.code === 'conflict')) pauseLibrary(this.#parts.ctx, library.id, reason);
      throw new RetryLater(reason, { cause: error });
    }
  }

  async #verifyAndReplace({ task, job, file, library, delivery }: Work): Promise<Outcome | undefined> {
    const { jobs, owners } = this.#parts.ctx;
    const settings = withOverrides(this.#parts.ctx.settings(), file.overrides);
    const { size } = await lstat(delivery.file);
    task.requireHeld();
    const saved = (100 * (file.size - size)) / file.size;
    if (saved < settings.minSavings) return noSavings(file.size, size, settings.minSavings);

    jobs.apply(file.id, 'deliver');
    task.setStage('staging');
    const source = path.join(library.root, file.path);
    const keepDays = settings.testingMode ? null : settings.vaultDays;
    const plan = Plan.parse(jobs.planOf(job.id, task.lease.epoch));
    const known = { inode: file.inode, version: file.version, size: file.size, hash: file.hash ?? '' };
    // Its times may have been set since it was probed.
    const now = await identify(source);
    if (!now) throw new SourceGone(`${source} no longer exists.`);
    const sourceIdentity = sameContent(now, known) ? now : known;
    const at = { file: file.id, job: job.id, ...task.lease, root: library.root };
    const request = { ...at, source, sourceIdentity, container: plan.container, keepDays };
    const stage = () => {
      delivery.gone.throwIfAborted();
      return this.#parts.swapper.stage(request, delivery.file);
    };
    const swap = await this.#copies.hold(library.root, stage).catch((error: unknown) => {
      throw new NotStaged(messageOf(error), { cause: error });
    });
    if (this.#parts.holds.end(ofLibrary(library))) pauseLibrary(this.#parts.ctx, library.id, null);
    let likeness: Likeness;
    let proven: Identity | undefined;
    try {
      proven = await identify(swap.staged);
      if (!proven) throw new NotBegun(`${swap.staged} is missing`);
      likeness = await this.#check(task, { ...delivery, swap, plan, proven });
      await owners.require(library).catch((error) => {
        throw new RetryLater(messageOf(error), { cause: error });
      });
    } catch (error) {
      // What stays of it is cleared away at the next start.
      await this.#parts.swapper.discard(swap).catch(() => undefined);
      throw error;
    }
    task.setStage('replacing');
    await this.#replace(swap, { stages: task.stages, log: delivery.log, likeness, quality: delivery.quality }, proven);
    if (swap.keepDays !== null && swap.keepDays <= 0) await this.#parts.vault.purge({ all: false, dryRun: false });
    return undefined;
  }

  /** @throws NotBegun; any other failure is recorded in the file's state and the journal */
  async #replace(swap: Swap, attempt: AttemptFacts, proven: Identity): Promise<void> {
    try {
      await this.#parts.swapper.replace(swap, attempt, proven);
    } catch (error) {
      if (error instanceof NotBegun) throw error;
      if (error instanceof Fault && error.code === 'fenced') throw error;
      if (this.#parts.ctx.swaps.all().some(({ id }) => id === swap.id)) this.#parts.retryWaiting();
      const fault = error instanceof Fault && error.code === 'conflict' ? undefined : messageOf(error);
      if (fault) this.#parts.pause.beginFor(fault);
    }
  }

  async #check(task: LeaseHandle, check: Handed & { swap: Swap; plan: Plan; proven: Identity }): Promise<Likeness> {
    const { swap, plan, proven, gone, decodedFrames, captionLines, teletextLines, damaged } = check;
    task.setStage('checking');
    const file = this.#parts.ctx.files.get(swap.file);
    const settings = withOverrides(this.#parts.ctx.settings(), file?.overrides ?? []);
    // Before encodes here, which would make those wait that other computers are done with.
    const nice = Math.floor(settings.niceLevel / 2);
    const held = task.signal;
    try {
      if (!file?.probe) throw new Error('the file was removed from the list');
      return await this.#parts.ctx.verifier.verify({
        source: swap.source,
        sourceVersion: swap.sourceIdentity.version,
        sourceProbe: file.probe,
        plan,
        result: swap.staged,
        resultVersion: proven.version,
        ...{ decodedFrames, captionLines, teletextLines, damaged },
        salvaged: settings.convertDamaged,
        signal: AbortSignal.any([this.#parts.stopping, held, gone]),
        run: { priority: { nice, ionice: settings.ioniceClass }, brake: this.#parts.brake },
        onProgress: (share) => task.setStage('checking', share),
      });
    } catch (error) {
      held.throwIfAborted();
      throw error;
    }
  }

  /**
   * Decides about a result that wasn't put in place: rejected, or left where it came from for another attempt, up to
   * `MAX_TRIES`, without a new encode.
   * @throws RetryLater when it will be tried again, Fault `fenced`
   */
  #endedBy(error: unknown, work: Work): Outcome | undefined {
    if (error instanceof Fault && error.code === 'fenced') throw error;
    if (error instanceof VerificationError) {
      const seed = error.seed === undefined ? '' : `\nThe check's seed: ${error.seed}`;
      return failed(error.message, `${work.delivery.log}${seed}`);
    }
    work.task.requireHeld();
    if (error instanceof RetryLater) this.#postpone(work, error.message, error);
    if (this.#parts.stopping.aborted) this.#postpone(work, SHUTTING_DOWN, error);
    if (work.delivery.gone.aborted) this.#postpone(work, messageOf(work.delivery.gone.reason), error);
    const inner = error instanceof NotStaged || error instanceof NotBegun ? (error.cause ?? error) : error;
    if (isOfDatabase(inner)) {
      this.#parts.holds.begin(keyOf(work.task.lease), storageProblem(inner), work.tries);
      this.#parts.pause.beginFor(storageProblem(inner));
      this.#postpone(work, storageProblem(inner), inner);
    }
    if (error instanceof NotStaged) return this.#notStaged(inner, work);
    // The next grant detects what happened to the source.
    if (error instanceof SourceGone && work.tries > 1) return { kind: 'released', reason: error.message };
    const beside = isUnrelated(inner) || error instanceof NotBegun;
    const what = error instanceof NotBegun ? 'save' : 'verify';
    const reason = error instanceof SourceGone ? error.message : `Couldn't ${what} the result: ${messageOf(inner)}`;
    // Limited, because the result itself may be the reason that it can't be read. The same computer would make the same again.
    if (!beside && work.tries > 1) return failed(reason, work.delivery.log);
    if (beside && work.tries >= MAX_TRIES) return this.#giveUp(work, reason);
    return this.#tryAgain(work, reason, inner);
  }

  #notStaged(error: unknown, work: Work): undefined {
    const { library } = work;
    if (error instanceof Fault && error.code === 'conflict') return this.#giveUp(work, error.message, 'not-replaced');
    const reason = storageProblem(error, library.root);
    if (isOfDisk(error)) {
      this.#parts.holds.begin(ofLibrary(library), reason);
      pauseLibrary(this.#parts.ctx, library.id, reason);
      this.#postpone(work, reason, error);
    }
    return work.tries < MAX_TRIES ? this.#tryAgain(work, reason, error) : this.#giveUp(work, reason);
  }

  /** The result waits where it came from, ever longer. @throws RetryLater */
  #tryAgain(work: Work, reason: string, error: unknown): never {
    this.#parts.holds.begin(keyOf(work.task.lease), reason, work.tries);
    if (isUnrelated(error)) this.#parts.pause.beginFor(reason);
    this.#reopen(work);
    throw new RetryLater(reason, { cause: error });
  }

  /** As {@link #tryAgain}, for an obstacle unrelated to the result: the attempt doesn't count. @throws RetryLater */
  #postpone(work: Work, reason: string, cause: unknown): never {
    this.#reopen(work, { pardoned: true });
    throw new RetryLater(reason, { cause });
  }

  #reopen({ job, file, task: { lease } }: Work, { pardoned = false } = {}): void {
    const { jobs, db } = this.#parts.ctx;
    try {
      db.transaction(() => {
        if (pardoned) jobs.tries.voidAttempt(job.id, lease.epoch);
        if (jobs.task(lease.task)?.state === 'delivered') jobs.apply(file.id, 'reopen');
      })();
    } catch (error) {
      // That is made up for when it is delivered again.
      if (!isOfDatabase(error)) throw error;
    }
  }

  /** Blocks the video instead of encoding it again when its results aren't at fault. */
  #giveUp({ job, file, task, delivery, tries }: Work, why: string, code = 'not-checked'): undefined {
    const { jobs, db } = this.#parts.ctx;
    const times = code === 'not-checked' ? ` Tried ${tries} times. Fix this, then retry.` : '';
    const reason = `${why.replace(/\.?$/, '.')}${times}`;
    const { lease, stages } = task;
    db.transaction(() => {
      jobs.endAttempt(job.id, lease.epoch, { outcome: 'blocked', reason, log: delivery.log, stages });
      jobs.apply(file.id, 'block', { code, reason });
    })();
  }
}

/** There is nothing to be replaced: the original was removed, or its disk is not there. */
class SourceGone extends Error {}

/** The result could not be brought to its library. */
class NotStaged extends Error {}

/** A result that is being taken in. */
interface Work {
  task: LeaseHandle;
  job: JobRow;
  file: FileRow;
  library: LibraryView;
  delivery: Handed;
  /** Which time this is. */
  tries: number;
}

/** Key of a postponed result. */
export const keyOf = ({ task, epoch }: Lease) => `task ${task}-${epoch}`;
const ofLibrary = ({ id }: LibraryView) => `library ${id}`;

/** The same computer would make the same again. */
export const failed = (reason: string, log: string): Outcome => ({ kind: 'failed', reason, log, refused: true });
