import type { Lease, Outcome } from '../../../src-shared/jobs/lease.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { TaskRow } from '../../db/tables/jobs.ts';
import type { MasterContext } from '../context.ts';
import type { SharedChunks } from './chunks/shared-chunks.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Leases } from './leases.ts';
import type { ReturnedTasks } from './returned-tasks.ts';
import type { WorkerRegistry } from './worker-registry.ts';

/** Verdicts that a faulty computer reaches too: another worker has to confirm them, if there is one. */
const DOUBTFUL: ReadonlySet<SkipCode> = new Set([
  'captions',
  'changes',
  'container-refuses',
  'damaged',
  'data',
  'dolby-vision',
  'old-ffmpeg',
  'too-damaged',
]);
/** Costs another encode to confirm, so it's confirmed only for a worker that says little else. */
const TOO_LARGE: SkipCode = 'no-savings';

/** What is added to the reason why a result was refused that several computers made. */
const HELPED = "Other computers encoded parts of it, so it's encoded by one alone from now on.";

/** Failed attempts after which a video is given up. */
const ATTEMPTS = 3;
/** An encode that a fault of its computer ended after this many seconds counts as wasted work. */
const WORK_S = 60;

/**
 * Limits the outcome of an attempt to what a worker can know: other reasons to skip a video, and the rejection of a result, are
 * decided by the master or the user.
 */
export function asOfWorker(outcome: Outcome): Outcome {
  if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.reason, log: outcome.log };
  if (outcome.kind !== 'skip' || DOUBTFUL.has(outcome.code) || outcome.code === TOO_LARGE) return outcome;
  const reason = `Its worker skipped it for a reason that workers can't know (${outcome.code}); check that computer.`;
  return { kind: 'failed', reason, log: '' };
}

/** Records how attempts ended: for the attempt, for the video, and for the reliability of the worker. */
export class Outcomes {
  readonly #ctx: MasterContext;
  readonly #workers: WorkerRegistry;
  readonly #breaker: CircuitBreaker;
  readonly #leases: Leases;
  readonly #returns: ReturnedTasks;
  readonly #chunks: SharedChunks;

  constructor(
    ctx: MasterContext,
    parts: {
      workers: WorkerRegistry;
      breaker: CircuitBreaker;
      leases: Leases;
      returns: ReturnedTasks;
      chunks: SharedChunks;
    },
  ) {
    this.#ctx = ctx;
    this.#workers = parts.workers;
    this.#breaker = parts.breaker;
    this.#leases = parts.leases;
    this.#returns = parts.returns;
    this.#chunks = parts.chunks;
  }

  /**
   * Ends the attempt of a task that was taken from its worker.
   * @param vain - set if work was wasted, which is limited
   */
  interrupted(task: TaskRow, reason: string, vain?: { crashed: boolean }): void {
    const { jobs, db } = this.#ctx;
    const job = jobs.get(task.job);
    if (job?.state !== 'leased') return;
    this.#noteReturn(task);
    const stages = this.#leases.stages(leaseOf(task));
    db.transaction(() => {
      jobs.endAttempt(job.id, task.epoch, { outcome: 'interrupted', reason, stages });
      if (vain) jobs.tries.noteWasted(job.id, task.epoch, vain.crashed);
      jobs.apply(job.file, 'release');
    })();
  }

  /** Records that a task came back without an outcome. */
  #noteReturn(task: TaskRow): void {
    const worker = task.worker ?? '';
    if (!this.#returns.note(task.job, worker, this.#leases.age(leaseOf(task)))) return;
    const name = this.#workers.member(worker)?.name ?? worker;
    this.#breaker.trip(
      worker,
      `${name} keeps returning videos without converting them. If device.pem was copied from one computer to another, delete it on one of them and pair that one again; otherwise see its log. It is tried again automatically.`,
    );
  }

  /** Ends a task with its outcome, while its lease is still held. */
  record(task: TaskRow, outcome: Outcome): void {
    const job = this.#ctx.jobs.get(task.job);
    if (!job) throw new Error(`task ${task.id} has no job`);
    const stages = this.#leases.stages(leaseOf(task));
    if (outcome.kind === 'released') this.#noteReturn(task);
    else this.#returns.settled(job.id, task.worker ?? '');
    const { jobs } = this.#ctx;
    const isRefused = outcome.kind === 'failed' && outcome.refused === true;
    const helped = isRefused && this.#chunks.refuse(leaseOf(task));
    const said = 'reason' in outcome ? outcome.reason : undefined;
    const reason = helped ? `${said} ${HELPED}` : said;
    const log = 'log' in outcome ? outcome.log : undefined;
    const unconfirmed = outcome.kind === 'skip' && this.#isUnconfirmed(task, outcome.code);
    const ended = unconfirmed ? 'unconfirmed' : outcome.kind;
    const refused = isRefused && !helped;
    const quality = outcome.kind === 'skip' ? outcome.quality : undefined;
    const end = { outcome: ended, stages, ...(reason && { reason }), ...(log && { log }), refused, quality };
    this.#ctx.db.transaction(() => {
      const burnt = jobs.endAttempt(job.id, task.epoch, end, outcome.kind === 'failed');
      if (outcome.kind === 'node' && (stages.encoding ?? 0) >= WORK_S) jobs.tries.noteWasted(job.id, task.epoch);
      if (outcome.kind === 'skip' && !unconfirmed) jobs.apply(job.file, 'skip', outcome);
      else if (outcome.kind === 'failed' && (burnt >= ATTEMPTS || (refused && this.#isRefusedByAll(task))))
        jobs.apply(job.file, 'fail', { code: 'attempts', reason: outcome.reason });
      else jobs.apply(job.file, 'release', reason ? { reason } : {});
    })();
    if (task.worker && !helped) this.#judge(task.worker, { task: task.id, epoch: task.epoch, job: job.id }, outcome);
  }

  #judge(worker: string, attempt: Lease & { job: number }, outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#breaker.recordFailure(worker, attempt);
    if (outcome.kind !== 'skip') return;
    if (outcome.code === TOO_LARGE) {
      this.#breaker.recordOversize(worker, outcome.code);
      for (const other of this.#ctx.jobs.tries.unconfirmed(attempt.job))
        if (other !== worker) this.#breaker.confirmVerdict(other, outcome.code);
    }
    this.#breaker.recordVerdict(worker, outcome.code);
  }

  /** Returns true if another worker has to confirm the verdict before it counts. */
  #isUnconfirmed({ job, worker }: TaskRow, code: SkipCode): boolean {
    if (!worker || this.#workers.othersThan(worker).length === 0) return false;
    if (!DOUBTFUL.has(code) && !this.#breaker.repeatsVerdict(worker, code)) return false;
    return this.#ctx.jobs.tries.unconfirmed(job).length === 0;
  }

  /** Returns true if no other worker can try a refused video: the same one would make the same result again. */
  #isRefusedByAll({ job, worker }: TaskRow): boolean {
    return this.#ctx.jobs.tries.refusedOf(job).length > 1 || this.#workers.othersThan(worker ?? '').length === 0;
  }
}

const leaseOf = ({ id, epoch }: TaskRow): Lease => ({ task: id, epoch });
