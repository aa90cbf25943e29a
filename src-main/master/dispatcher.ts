import pLimit from 'p-limit';
import type { Actor } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import {
  type Grant,
  type Held as HeldWord,
  type Lease,
  MOST_AHEAD,
  type Orders,
  type Outcome,
  type Progress,
  type RunningView,
  type Stage,
} from '../../src-shared/lease.ts';
import type { SkipCode } from '../../src-shared/plan.ts';
import type { FileRow } from '../db/files.ts';
import type { TaskRow } from '../db/jobs.ts';
import type { MasterContext } from './context.ts';
import { Fleet, type Member } from './fleet.ts';
import { Granter } from './granter.ts';
import { type Clock, FENCED, type Held, LEASE_TERMS, Leases, type LeaseTerms, SYSTEM_CLOCK } from './leases.ts';
import { leftToOthers, retryFor } from './matching.ts';
import { Pause } from './pause.ts';
import { Returns } from './returns.ts';
import { Trials } from './trials.ts';

/** Verdicts on a video that a computer at fault comes to as well: they need a second opinion where there is one to be had. */
const DOUBTFUL: ReadonlySet<SkipCode> = new Set(['captions', 'container-refuses', 'damaged', 'data']);

/** A film is given up after so many attempts of its own fault. */
const ATTEMPTS = 3;
/** After a fault of a computer it is given work again after so long. */
const RETRY_MS = 60_000;

/** What a dispatcher is made of. */
export interface DispatcherParts {
  /** All workers, the local one among them. */
  members: () => Member[];
  terms?: LeaseTerms;
  clock?: Clock;
  /** After a fault work is given out again after so long, in ms. */
  retryMs?: number;
  /** Told of an error that nobody else is told of. */
  onDefect?: (error: unknown) => void;
}

/** Gives out work under leases and takes back what became of it. */
export class Dispatcher {
  readonly fleet: Fleet;
  readonly trials: Trials;
  /** Why no work is given out or done at present, if so. */
  readonly pause: Pause;
  readonly #ctx: MasterContext;
  readonly #granter: Granter;
  readonly #leases: Leases;
  readonly #returns: Returns;
  /** One grant at a time: the checks before it take their time, and two must not find the same job. */
  readonly #turn = pLimit(1);
  readonly #ticking: NodeJS.Timeout;
  #expired = 0;

  constructor(ctx: MasterContext, parts: DispatcherParts) {
    const { members, terms = LEASE_TERMS, clock = SYSTEM_CLOCK, retryMs = RETRY_MS, onDefect } = parts;
    this.#ctx = ctx;
    this.#granter = new Granter(ctx);
    this.#leases = new Leases(clock, terms);
    this.#returns = new Returns(clock, retryMs);
    this.fleet = new Fleet(ctx, { members, leases: this.#leases, retryMs, onFaults: () => this.pause.tell() });
    this.trials = new Trials(ctx, this.fleet);
    this.pause = new Pause(ctx.emit, {
      fleetFault: () => this.fleet.fault,
      retryMs,
      standStill: (on) => this.fleet.standStill(on),
    });
    const tick = () => {
      try {
        this.tick();
      } catch (error) {
        // A disk of the database that is full or gone for a while must not end the master.
        onDefect?.(error);
      }
    };
    this.#ticking = setInterval(tick, terms.beat);
    this.#ticking.unref();
  }

  /** Leases that ended since the start because their worker was not heard of. */
  get expired(): number {
    return this.#expired;
  }

  get running(): RunningView[] {
    return this.#leases.all.map((held) => held.view);
  }

  /** Results that were delivered while another one is checked. */
  get awaitingCheck(): number {
    const begun: ReadonlySet<Stage> = new Set(['staging', 'checking', 'replacing']);
    return this.#leases.all.filter(({ taken, view }) => taken && !begun.has(view.progress.stage)).length;
  }

  /** Gives out work again, also to workers that were at fault. */
  resume(): void {
    this.fleet.recoverAll();
    this.pause.end();
  }

  stop(): void {
    clearInterval(this.#ticking);
    this.pause.stop();
    this.fleet.stop();
  }

  /**
   * At start: workers may have gone on without us, and the local one may have kept a result: their leases get a fresh term, and
   * a result that was lost here can be delivered again. What a worker does not hold any more its first word tells.
   */
  restore(): void {
    const { jobs, files, swaps } = this.#ctx;
    for (const task of jobs.openTasks()) {
      const job = jobs.get(task.job);
      const file = job && files.get(job.file);
      if (!file || job.state !== 'leased' || swaps.all().some((swap) => swap.job === job.id)) continue;
      const member = this.fleet.member(task.worker ?? '');
      if (member) this.#reopen(task, file, member);
      else this.#release(task, 'Flotilla was ended meanwhile.');
    }
  }

  #hold(of: { id: number; epoch: number; path: string; file: number; library: number }, member: Member): void {
    const { file, library, path } = of;
    const { id: workerId, name: worker } = member;
    const progress: Progress = { stage: 'preparing' };
    this.#leases.add({ task: of.id, file, library, path, worker, workerId, progress }, of.epoch);
  }

  /** A worker's connection came up, or the last one went down: what none could do before may be possible now. */
  linked(id: string, linked: boolean): void {
    this.fleet.linked(id, linked);
    const member = this.fleet.member(id);
    if (linked && member) retryFor(this.#ctx, member);
  }

  /**
   * The next task for a worker; null when there is none.
   * @param ahead for a film that is fetched while another one is encoded: only while the others have enough to do, and none
   *   that is read in place: whoever is free first may have it
   */
  lease(worker: string, ahead: boolean): Promise<Grant | null> {
    return this.#turn(async () => {
      const left: number[] = [];
      for (;;) {
        const member = this.fleet.member(worker);
        if (!member || this.pause.on || !this.fleet.mayWork(worker)) return null;
        const most = (member.settings.jobs ?? 1) + MOST_AHEAD;
        if (this.#leases.of(worker).length >= most) return null;
        const scopes = this.#ctx.scopes().filter(({ library }) => {
          const view = this.#ctx.libraries.get(library);
          return view?.paused === null && !view.held;
        });
        const others = this.fleet.othersThan(worker);
        const needed = others.reduce((n, { settings }) => n + (settings.jobs ?? 1), 0);
        if (ahead && !this.#ctx.jobs.hasMoreThan(needed, scopes)) return null;
        const elsewhere = others.length > 0;
        const { connected } = this.fleet;
        const job = this.#ctx.jobs.first(scopes, this.#ctx.settings().fileOrder, {
          notTo: elsewhere ? worker : '',
          except: [...left, ...this.#returns.keptFrom(worker, elsewhere)],
          needs: leftToOthers(this.#ctx, member, connected),
        });
        if (!job || (ahead && this.#ctx.storage.isShared(worker, job.library))) return null;
        const grant = await this.#granter.grant(job, member, connected);
        if (grant === 'left') left.push(job.id);
        if (!grant || grant === 'left') continue;
        this.#hold({ ...grant, id: grant.task }, member);
        this.fleet.show(worker);
        return grant;
      }
    });
  }

  /**
   * A worker told what it holds: those leases are renewed, and what it has forgotten is given to others.
   * @param attached true after a start or a cut, when nothing can be under way to it
   * @returns those that it holds in vain
   */
  beat(worker: string, { held, yielding, load }: HeldWord, attached: boolean): Orders & { lost: Lease[] } {
    const member = this.fleet.member(worker);
    if (!member) throw new Fault('denied', 'This computer is no worker here any more.');
    for (const { view } of this.#leases.heard(worker, held, attached)) {
      this.#withdraw(view.task, `${member.name} was started afresh or cut off meanwhile.`);
    }
    this.fleet.heard(worker, yielding, load);
    const lost = held.filter((lease) => !this.#isHeld(lease, worker));
    return { lost, ...this.fleet.ordersFor(member) };
  }

  #isHeld({ task, epoch }: Lease, worker: string): boolean {
    const row = this.#ctx.jobs.task(task);
    return row?.epoch === epoch && row.worker === worker && (row.state === 'leased' || row.state === 'delivered');
  }

  /** Ends the leases of workers that have not been heard of for too long. */
  tick(): void {
    for (const { view } of this.#leases.tick()) {
      this.#expired += 1;
      this.#withdraw(view.task, `${view.worker} was not heard of for too long.`);
    }
    this.#holdStrays();
    if (this.#returns.sweep()) this.#ctx.emit('work', {});
    this.fleet.showAll();
  }

  /**
   * The net below all else: a task that is open in the database without being held here would stay so forever. Its worker gets a
   * fresh term, and loses it like any other when it does not name it.
   */
  #holdStrays(): void {
    const { jobs, files } = this.#ctx;
    for (const task of jobs.openTasks()) {
      const job = jobs.get(task.job);
      if (job?.state !== 'leased' || this.#leases.under(leaseOf(task))) continue;
      const file = files.get(job.file);
      const member = this.fleet.member(task.worker ?? '');
      if (!file || !member) this.#release(task, 'Its worker is not known any more.');
      else this.#reopen(task, file, member);
    }
  }

  #reopen(task: TaskRow, { id: file, library, path }: FileRow, member: Member): void {
    if (task.state === 'delivered') this.#ctx.jobs.apply(file, 'reopen');
    this.#hold({ ...task, path, file, library }, member);
  }

  /**
   * Holds a lease again that was lost here only: the row still names its worker, whose result may be delivered again.
   * @returns false where it is over
   */
  regain(lease: Lease): boolean {
    const task = this.#ctx.jobs.task(lease.task);
    const job = task && this.#ctx.jobs.get(task.job);
    const file = job && this.#ctx.files.get(job.file);
    const member = task && this.fleet.member(task.worker ?? '');
    if (!member || !file || job.state !== 'leased' || !this.#isHeld(lease, member.id)) return false;
    this.drop(lease);
    this.#reopen(task, file, member);
    return true;
  }

  /** The worker that holds a task loses it; another one gets it. */
  #withdraw(task: number, reason: string): void {
    const row = this.#ctx.jobs.task(task);
    if (row?.state === 'leased' || row?.state === 'delivered') this.#release(row, reason);
    this.#revoke(task);
    this.#ctx.emit('work', {});
  }

  #release(task: TaskRow, reason: string): void {
    const { jobs, db } = this.#ctx;
    const job = jobs.get(task.job);
    if (job?.state !== 'leased') return;
    this.#noteReturn(task);
    db.transaction(() => {
      jobs.endAttempt(job.id, task.epoch, { outcome: 'interrupted', reason, stages: this.stages(leaseOf(task)) });
      jobs.apply(job.file, 'release');
    })();
  }

  /** A task comes back without an outcome. */
  #noteReturn(task: TaskRow): void {
    const worker = task.worker ?? '';
    if (!this.#returns.note(task.job, worker, this.#leases.age(leaseOf(task)))) return;
    const name = this.fleet.member(worker)?.name ?? worker;
    this.fleet.halt(
      worker,
      `${name} keeps returning videos without converting them. If device.pem was copied from one computer to another, delete it on one of them and pair that one again; otherwise see its log. It is tried again automatically.`,
    );
  }

  #revoke(task: number): void {
    const held = this.#leases.get(task);
    if (!held) return;
    const lease = { task, epoch: held.epoch };
    this.drop(lease);
    this.#ctx.emit('revoked', { worker: held.view.workerId, ...lease });
  }

  /** Ends work on a file that some worker holds; its state is the caller's matter. */
  cancel(file: number): void {
    for (const { view } of this.#leases.all.filter((held) => held.view.file === file)) this.#revoke(view.task);
  }

  /** A worker was removed: what it held is given to others. */
  dismiss(worker: string): void {
    this.recall(worker, 'was removed');
    this.fleet.forget(worker);
  }

  /**
   * What a worker holds is given to others.
   * @param why goes on from its name: `was removed`
   */
  recall(worker: string, why: string): void {
    for (const { view, taken } of this.#leases.of(worker)) {
      // What is in our hands already needs it no more.
      if (!taken) this.#withdraw(view.task, `${view.worker} ${why}.`);
    }
  }

  /**
   * The task, if the lease is still in force.
   * @param worker who says so; left out by the master itself
   * @throws Fault `fenced` otherwise
   */
  claim(lease: Lease, worker?: string): TaskRow {
    const row = this.#ctx.jobs.task(lease.task);
    const open = row?.state === 'leased' || row?.state === 'delivered';
    if (!open || row.epoch !== lease.epoch || (worker !== undefined && row.worker !== worker)) {
      // What one worker says about another's lease changes nothing of it.
      if (worker === undefined || this.#leases.under(lease)?.view.workerId === worker) this.drop(lease);
      throw new Fault('fenced', FENCED);
    }
    return row;
  }

  /** Takes a result into the master's hands: the lease cannot end until {@link finish}, {@link drop} or {@link letGo}. */
  take(lease: Lease): TaskRow {
    const row = this.claim(lease);
    const held = this.#leases.get(lease.task);
    if (row.state !== 'leased' || held?.taken) throw new Fault('fenced', 'This task has been delivered already.');
    if (held) {
      held.taken = true;
      this.#ctx.emit('progress', held.view);
    }
    return row;
  }

  /** What was taken could not be dealt with: its worker may deliver it again or give it back. */
  letGo(lease: Lease): void {
    const held = this.#leases.under(lease);
    if (!held) return;
    held.taken = false;
    this.#leases.renew(held);
  }

  /** Notes how far a worker is. @throws Fault `fenced` when the lease is lost */
  progress(lease: Lease, progress: Progress, worker: string): void {
    this.claim(lease, worker);
    const held = this.#leases.get(lease.task);
    // A word of before the delivery that comes late.
    if (!held || held.taken) return;
    this.#leases.renew(held);
    this.#show(held, progress);
  }

  /** A stage that the master itself is in, and how far, 0 to 1. */
  enter(lease: Lease, stage: Stage, share?: number): void {
    const held = this.#leases.under(lease);
    if (held) this.#show(held, { stage, ...(share !== undefined && { share }) });
  }

  #show(held: Held, progress: Progress): void {
    this.#leases.enter(held, progress);
    this.#ctx.emit('progress', held.view);
  }

  /** Seconds that each stage of a task took so far under a lease. */
  stages(lease: Lease): Record<string, number> {
    return this.#leases.stages(lease);
  }

  /** Aborted as soon as the lease is over, with the Fault `fenced`. */
  whileHeld(lease: Lease): AbortSignal {
    return this.#leases.under(lease)?.over.signal ?? AbortSignal.abort(new Fault('fenced', FENCED));
  }

  /** The lease is over: nothing of it is shown any more. */
  drop(lease: Lease): void {
    const held = this.#leases.under(lease);
    if (!held) return;
    this.#leases.drop(held);
    this.fleet.show(held.view.workerId);
  }

  /** Takes a task back from its worker. @throws Fault `fenced` when the lease is lost or the result delivered */
  giveBack(lease: Lease, outcome: Outcome, worker: string): void {
    this.claim(lease, worker);
    if (this.#leases.get(lease.task)?.taken) throw new Fault('fenced', 'This task has been delivered already.');
    this.finish(lease, outcome);
    if (outcome.kind === 'node') this.fleet.halt(worker, outcome.reason);
  }

  /** Ends a task with its outcome. @throws Fault `fenced` when the lease is lost */
  finish(lease: Lease, outcome: Outcome): void {
    const task = this.claim(lease);
    const { jobs } = this.#ctx;
    const job = jobs.get(task.job);
    if (!job) throw new Error(`task ${task.id} has no job`);
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    const log = 'log' in outcome ? outcome.log : undefined;
    const unconfirmed = outcome.kind === 'skip' && this.#isUnconfirmed(task, outcome.code);
    const ended = unconfirmed ? 'unconfirmed' : outcome.kind;
    const refused = outcome.kind === 'failed' && outcome.refused === true;
    const end = { outcome: ended, stages: this.stages(lease), ...(reason && { reason }), ...(log && { log }), refused };
    if (outcome.kind === 'released') this.#noteReturn(task);
    else this.#returns.settled(job.id, task.worker ?? '');
    this.#ctx.db.transaction(() => {
      const burnt = jobs.endAttempt(job.id, lease.epoch, end, outcome.kind === 'failed');
      if (outcome.kind === 'skip' && !unconfirmed) jobs.apply(job.file, 'skip', outcome);
      else if (outcome.kind === 'failed' && (burnt >= ATTEMPTS || (refused && this.#isRefusedByAll(task))))
        jobs.apply(job.file, 'fail', { code: 'attempts', reason: outcome.reason });
      else jobs.apply(job.file, 'release', reason ? { reason } : {});
    })();
    this.drop(lease);
    if (outcome.kind === 'failed' && task.worker) {
      this.trials.failed(task.worker, { ...lease, job: job.id });
    } else if (outcome.kind === 'skip' && task.worker) {
      if (DOUBTFUL.has(outcome.code)) this.trials.judged(task.worker, outcome.code);
      else this.didWell(task.worker);
    }
    this.#ctx.emit('work', {});
  }

  /** Whether another computer has to look at a video before the verdict of this one counts. */
  #isUnconfirmed({ job, worker }: TaskRow, code: SkipCode): boolean {
    if (!worker || !DOUBTFUL.has(code) || this.fleet.othersThan(worker).length === 0) return false;
    return this.#ctx.jobs.unconfirmed(job).length === 0;
  }

  /** Whether no other computer is there to try once what was refused: the same one would make the same result again. */
  #isRefusedByAll({ job, worker }: TaskRow): boolean {
    return this.#ctx.jobs.refusedOf(job).length > 1 || this.fleet.othersThan(worker ?? '').length === 0;
  }

  /** A worker did what it was to do. */
  didWell(worker: string): void {
    this.trials.succeeded(worker);
    this.fleet.recovered(worker, true);
  }
}

const leaseOf = ({ id, epoch }: TaskRow): Lease => ({ task: id, epoch });

/** The id of the worker that makes a call. @throws Fault `denied` for anybody else */
export function workerOf(actor: Actor): string {
  if (actor.kind !== 'worker') throw new Fault('denied', 'Only a worker may do that.');
  return actor.worker;
}
