import pLimit from 'p-limit';
import { jobsOf } from '../../../src-shared/fleet/worker-info.ts';
import {
  type Grant,
  type Held as Heartbeat,
  type Lease,
  MAX_AHEAD,
  type Orders,
  type Outcome,
  type Progress,
  type RunningView,
} from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { TaskRow } from '../../db/tables/jobs.ts';
import type { MasterContext } from '../context.ts';
import { ChunkMatcher } from './chunks/chunk-matcher.ts';
import { SharedChunks } from './chunks/shared-chunks.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { LeaseBuilder } from './lease-builder.ts';
import { LeaseHandle } from './lease-handle.ts';
import { LeaseRecovery } from './lease-recovery.ts';
import { type Clock, FENCED, LEASE_TERMS, Leases, type LeaseTerms, SYSTEM_CLOCK } from './leases.ts';
import type { Member } from './member.ts';
import { openScopes } from './open-scopes.ts';
import { asOfWorker, Outcomes } from './outcomes.ts';
import { QueuePause } from './queue-pause.ts';
import { ReturnedTasks } from './returned-tasks.ts';
import { leftToOthers, retryFor } from './worker-matching.ts';
import { WorkerRegistry } from './worker-registry.ts';

/** Time until a computer gets work again after a fault, in ms. */
const RETRY_MS = 60_000;

/** Dependencies of a dispatcher. */
export interface DispatcherParts {
  /** All workers, including the local one. */
  members: () => Member[];
  terms?: LeaseTerms;
  clock?: Clock;
  /** Time until work resumes after a fault, in ms. */
  retryMs?: number;
  /** Called with errors that no caller receives. */
  onDefect?: (error: unknown) => void;
}

/** Leases tasks to workers and takes their outcomes. */
export class Dispatcher {
  readonly workers: WorkerRegistry;
  readonly breaker: CircuitBreaker;
  /** Whether the queue is paused, and why. */
  readonly pause: QueuePause;
  /** The videos whose chunks several workers encode. */
  readonly chunks: SharedChunks;
  /** Which of them a worker can help with. */
  readonly matcher: ChunkMatcher;
  readonly #ctx: MasterContext;
  readonly #granter: LeaseBuilder;
  readonly #outcomes: Outcomes;
  readonly #leases: Leases;
  readonly #returns: ReturnedTasks;
  readonly #recovery: LeaseRecovery;
  /** One grant at a time: its checks take a while, and two must not find the same job. */
  readonly #turn = pLimit(1);
  readonly #tickMs: number;
  readonly #onDefect: ((error: unknown) => void) | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #expired = 0;

  constructor(ctx: MasterContext, parts: DispatcherParts) {
    const { members, terms = LEASE_TERMS, clock = SYSTEM_CLOCK, retryMs = RETRY_MS, onDefect } = parts;
    this.#ctx = ctx;
    this.#granter = new LeaseBuilder(ctx);
    this.#leases = new Leases(clock, terms);
    this.#returns = new ReturnedTasks(clock, retryMs);
    this.chunks = new SharedChunks(clock, terms, ctx.emit);
    this.breaker = new CircuitBreaker(ctx, { members, retryMs });
    const shared = { leases: this.#leases, chunks: this.chunks, breaker: this.breaker };
    this.workers = new WorkerRegistry(ctx, { members, ...shared });
    this.matcher = new ChunkMatcher(ctx, { workers: this.workers, leases: this.#leases, chunks: this.chunks });
    this.#outcomes = new Outcomes(ctx, { workers: this.workers, returns: this.#returns, ...shared });
    this.#recovery = new LeaseRecovery(ctx, { workers: this.workers, leases: this.#leases, outcomes: this.#outcomes });
    this.pause = new QueuePause(ctx.emit, {
      commonFault: () => this.workers.fault,
      retryMs,
      pauseRunning: (on) => this.workers.pauseAll(on),
    });
    this.breaker.onChange((_, change) => change !== 'probation' && this.pause.publish());
    this.#tickMs = terms.beat;
    this.#onDefect = onDefect;
  }

  /** Restores the leases of the previous run, and ends expired leases from now on. */
  start(): void {
    this.#recovery.restore();
    const tick = () => {
      try {
        this.tick();
      } catch (error) {
        // A disk of the database that is full or temporarily gone must not end the master.
        this.#onDefect?.(error);
      }
    };
    this.#ticking = setInterval(tick, this.#tickMs).unref();
  }

  /** Leases that expired since the start. */
  get expired(): number {
    return this.#expired;
  }

  get running(): RunningView[] {
    return this.#leases.all.map((held) => held.view);
  }

  /** Delivered results that wait while others are checked. */
  get awaitingCheck(): number {
    return this.#leases.awaitingCheck.length;
  }

  /** Resumes the queue, also for workers at fault. */
  resume(): void {
    this.breaker.resetAll();
    this.pause.end();
  }

  stop(): void {
    clearInterval(this.#ticking);
    this.pause.stop();
    this.breaker.stop();
  }

  /** Records that a worker's connection came up or its last one went down. A new worker may be able to do what no other could. */
  onConnected(id: string, linked: boolean): void {
    this.workers.onConnected(id, linked);
    const member = this.workers.member(id);
    if (linked && member) retryFor(this.#ctx, member);
  }

  /**
   * Returns the next task for a worker; null when there is none.
   * @param ahead for a video that is fetched while another one is encoded: only while the other workers have enough to do, and
   *   none that is read in place, which goes to the first worker that is free
   * @returns none as well for a worker that is to help with a video that its user wants all computers on
   */
  lease(worker: string, ahead: boolean): Promise<Grant | null> {
    return this.#turn(async () => {
      const asker = this.workers.member(worker);
      if (asker && this.matcher.holdsBack(asker, ahead)) return null;
      const left: number[] = [];
      for (;;) {
        const member = this.workers.member(worker);
        if (!member || this.pause.on || !this.workers.mayWork(worker)) return null;
        const most = jobsOf(member.settings, member.hello?.computer.cores) + MAX_AHEAD;
        if (this.#leases.heldBy(worker).length >= most) return null;
        const scopes = openScopes(this.#ctx);
        const others = this.workers.othersThan(worker);
        const needed = others.reduce((n, { settings, hello }) => n + jobsOf(settings, hello?.computer.cores), 0);
        if (ahead && !this.#ctx.jobs.queued.hasMoreThan(needed, scopes)) return null;
        const elsewhere = others.length > 0;
        const { connected } = this.workers;
        const job = this.#ctx.jobs.queued.first(scopes, this.#ctx.settings().fileOrder, {
          notTo: elsewhere ? worker : '',
          except: [...left, ...this.#returns.keptFrom(worker, elsewhere)],
          needs: leftToOthers(this.#ctx, member, connected),
        });
        if (!job || (ahead && this.#ctx.storage.isShared(worker, job.library))) return null;
        const grant = await this.#granter.build(job, member, connected);
        if (!grant || grant === 'left') {
          // One that stays in the queue is not looked at a second time.
          if (this.#ctx.jobs.get(job.id)?.state === 'queued') left.push(job.id);
          continue;
        }
        const { predicted: estimate, all_computers: all } = this.#ctx.jobs.get(job.id) ?? job;
        this.#leases.hold({ ...grant, id: grant.task, estimate, allComputers: all === 1 }, member);
        this.workers.publish(worker);
        return grant;
      }
    });
  }

  /**
   * Handles a heartbeat: renews the leases that it names, and gives tasks that the worker has forgotten to others.
   * @param attached - true for the first one after a start or a lost connection, when no grant can be in transit
   * @returns the leases it no longer owns, and its configuration
   */
  beat(worker: string, { held, yielding, load }: Heartbeat, attached: boolean): Orders & { lost: Lease[] } {
    const member = this.workers.member(worker);
    if (!member) throw new Fault('denied', 'This computer is no longer a worker here.');
    for (const { view, arrived } of this.#leases.renewNamed(worker, held, attached)) {
      // A worker that stops in order returns its tasks; a grant to a remote worker may have been lost in transit.
      const crashed = attached && (member.local || arrived);
      this.#expire(view.task, `${member.name} restarted or lost its connection.`, { crashed });
    }
    if (this.chunks.countBeat(worker)) this.#ctx.emit('work', {});
    this.workers.onMessage(worker, yielding, load);
    const lost = held.filter((lease) => !this.#recovery.isHeld(lease, worker));
    return { lost, ...this.workers.configFor(member) };
  }

  /** Ends the leases of workers that have been silent for too long. */
  tick(): void {
    for (const { view } of this.#leases.tick()) {
      this.#expired += 1;
      this.#expire(view.task, `${view.worker} stopped responding.`, { crashed: false });
    }
    this.#recovery.holdStrays();
    const chunkWaits = this.chunks.tick() || this.matcher.mayWait || this.matcher.isHelpWanted;
    if (this.#returns.sweep() || chunkWaits) this.#ctx.emit('work', {});
    this.workers.publishAll();
  }

  /** Ends the lease of a task, which another worker gets. */
  #expire(task: number, reason: string, vain?: { crashed: boolean }): void {
    const row = this.#ctx.jobs.task(task);
    if (row?.state === 'leased' || row?.state === 'delivered') this.#outcomes.interrupted(row, reason, vain);
    this.#revoke(task);
    this.#ctx.emit('work', {});
  }

  #revoke(task: number): void {
    const held = this.#leases.get(task);
    if (!held) return;
    const lease = { task, epoch: held.epoch };
    this.release(lease);
    this.#ctx.emit('revoked', { worker: held.view.workerId, ...lease });
  }

  /** Ends work on a file. Changing the file's state is up to the caller. */
  cancel(file: number): void {
    for (const { view } of this.#leases.all.filter((held) => held.view.file === file)) this.#revoke(view.task);
  }

  /** Gives the tasks of a removed worker to others, and forgets the worker. */
  removeWorker(worker: string): void {
    this.revokeAll(worker, 'was removed');
    this.workers.forget(worker);
  }

  /**
   * Gives the tasks of a worker to others.
   * @param why - continues a sentence that begins with its name: `was removed`
   */
  revokeAll(worker: string, why: string): void {
    for (const { view, taken } of this.#leases.heldBy(worker)) {
      // Delivered results don't need their worker anymore.
      if (!taken) this.#expire(view.task, `${view.worker} ${why}.`);
    }
    if (this.chunks.revokeAll(worker)) this.#ctx.emit('work', {});
  }

  /**
   * Returns the task if the lease is in force.
   * @param worker - the caller; omitted by the master itself
   * @throws Fault `fenced` otherwise
   */
  requireHeld(lease: Lease, worker?: string): TaskRow {
    const row = this.#ctx.jobs.task(lease.task);
    const open = row?.state === 'leased' || row?.state === 'delivered';
    if (!open || row.epoch !== lease.epoch || (worker !== undefined && row.worker !== worker)) {
      // A worker can't end the lease of another one.
      if (worker === undefined || this.#leases.findByLease(lease)?.view.workerId === worker) this.release(lease);
      throw new Fault('fenced', FENCED);
    }
    return row;
  }

  /**
   * Takes over a delivered task. The lease can't expire until the handle ends it or returns the task.
   * @throws Fault `fenced` when the lease was lost or the task was already delivered
   */
  claim(lease: Lease): LeaseHandle {
    let row = this.requireHeld(lease);
    const held = this.#leases.get(lease.task);
    // It was delivered before, but its return couldn't be recorded.
    if (row.state === 'delivered' && held && !held.taken) row = this.#putBack(lease, row);
    if (row.state !== 'leased' || held?.taken) throw new Fault('fenced', 'This task was already delivered.');
    this.chunks.drop(lease);
    if (held) {
      this.#leases.setTaken(held, true);
      this.#ctx.emit('progress', held.view);
    }
    const { worker } = row;
    return new LeaseHandle(row, {
      owner: {
        requireHeld: (of) => this.requireHeld(of),
        finish: (of, outcome) => this.finish(of, outcome),
        release: (of) => this.release(of),
        regain: (of) => this.#recovery.regain(of),
      },
      leases: this.#leases,
      emit: this.#ctx.emit,
      onCompleted: () => {
        this.chunks.forget(lease);
        if (worker) this.breaker.recordSuccess(worker);
      },
    });
  }

  #putBack(lease: Lease, { job }: TaskRow): TaskRow {
    const row = this.#ctx.jobs.get(job);
    if (row?.state === 'leased') this.#ctx.jobs.apply(row.file, 'reopen');
    return this.requireHeld(lease);
  }

  /** Records the progress of a task. @throws Fault `fenced` when the lease is lost */
  progress(lease: Lease, progress: Progress, worker: string): void {
    const { job } = this.requireHeld(lease, worker);
    const held = this.#leases.get(lease.task);
    // A progress report that arrived after delivery.
    if (!held || held.taken) return;
    this.#leases.renew(held);
    const done = progress.chunks?.done;
    if (done !== undefined && done !== held.view.progress.chunks?.done)
      this.#ctx.jobs.tries.noteChunks(job, lease.epoch, done);
    const isNew = progress.stage !== held.view.progress.stage;
    // Chunks turned out not to do for this video.
    if (progress.stage === 'encoding' && !progress.chunks) this.chunks.drop(lease);
    this.#leases.setStage(held, this.chunks.withComputers(lease, progress));
    // Workers may have waited for its chunks.
    if (isNew && held.view.allComputers) this.#ctx.emit('work', {});
    this.#ctx.emit('progress', held.view);
  }

  /** Ends a lease without an outcome. */
  release(lease: Lease): void {
    this.chunks.drop(lease);
    const held = this.#leases.findByLease(lease);
    if (!held) return;
    this.#leases.drop(held);
    this.workers.publish(held.view.workerId);
  }

  /** Takes a task back from its worker, believing only what a worker can know. @throws Fault `fenced` when the lease is lost or the result was delivered */
  giveBack(lease: Lease, outcome: Outcome, worker: string): void {
    this.requireHeld(lease, worker);
    if (this.#leases.get(lease.task)?.taken) throw new Fault('fenced', 'This task was already delivered.');
    this.finish(lease, asOfWorker(outcome));
    if (outcome.kind === 'node') this.breaker.trip(worker, outcome.reason);
  }

  /** Ends a task with its outcome. @throws Fault `fenced` when the lease is lost */
  finish(lease: Lease, outcome: Outcome): void {
    const task = this.requireHeld(lease);
    this.#outcomes.record(task, outcome);
    this.release(lease);
    this.#ctx.emit('work', {});
  }
}
