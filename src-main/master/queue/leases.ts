import type { Lease, Progress, RunningView, Stage } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Member } from './member.ts';

/** When a lease is suspect and when it ends, in ms. */
export interface LeaseTerms {
  /** Interval of heartbeats. */
  beat: number;
  /** Silence after which a lease is suspect. */
  suspect: number;
  /** Silence after which a lease ends. */
  expire: number;
}

export const LEASE_TERMS: LeaseTerms = { beat: 10_000, suspect: 60_000, expire: 300_000 };

/** Two clocks in ms: `monotonic` measures terms; `wall` only shows that this computer slept, which the other may leave out. */
export interface Clock {
  monotonic: () => number;
  wall: () => number;
}

export const SYSTEM_CLOCK: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/** Answer to calls with a lease that has ended. */
export const FENCED = 'This task was reassigned or canceled. Its result was discarded.';

/** Missed ticks after which we assume that the computer slept. */
export const LATE_BEATS = 3;

/** A worker without a connection that misses this many heartbeats is gone: within 30 s, as its connection ends after 30 s of silence. */
const GONE_BEATS = 2;

/** Stages of a result that is being taken in. */
const TAKEN_IN: ReadonlySet<Stage> = new Set(['staging', 'checking', 'replacing']);

/** A task that some worker holds, with the in-memory stages of its lease. */
export interface Held {
  view: RunningView;
  epoch: number;
  /** When it was granted, or restored here. */
  since: number;
  /** When its worker last named it. */
  renewed: number;
  /** True once its worker named it: the grant has arrived. */
  arrived: boolean;
  /** Heartbeats in a row that did not name it. */
  unnamed: number;
  /** The master has the result: nothing is needed of the worker any more. */
  taken: boolean;
  /** Aborted when the lease ends; stops the work done under it. */
  over: AbortController;
  stageStarted: number;
  /** Seconds that each stage took so far. */
  stages: Record<string, number>;
}

/** A task that is leased, and the file that it is about. */
interface LeasedFile {
  /** Of the task. */
  id: number;
  epoch: number;
  path: string;
  file: number;
  library: number;
  size: number;
  /** Bytes that the result will roughly have. */
  estimate?: number | null | undefined;
  /** Computers help with it before they begin another video. */
  allComputers?: boolean;
}

/** Which worker holds which task, and when it last renewed it. Only this clock ends leases; nothing here is durable. */
export class Leases {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  readonly #held = new Map<number, Held>();
  #ticked: { monotonic: number; wall: number };
  /** Workers whose running conversions are suspended. */
  readonly #suspended = new Set<string>();

  constructor(clock: Clock, terms: LeaseTerms) {
    this.#clock = clock;
    this.#terms = terms;
    this.#ticked = this.#read();
  }

  get all(): Held[] {
    return [...this.#held.values()];
  }

  /** Those whose results were delivered, and are not taken in yet. */
  get awaitingCheck(): Held[] {
    return this.all.filter(({ taken, view }) => taken && !TAKEN_IN.has(view.progress.stage));
  }

  get(task: number): Held | undefined {
    return this.#held.get(task);
  }

  /** The task as long as it is held under this very lease: it may be another worker's by now. */
  findByLease({ task, epoch }: Lease): Held | undefined {
    const held = this.#held.get(task);
    return held?.epoch === epoch ? held : undefined;
  }

  heldBy(worker: string): Held[] {
    return this.all.filter((held) => held.view.workerId === worker);
  }

  /** Adds a lease of a worker with a fresh term. */
  hold(
    { id: task, epoch, path, file, library, size, estimate, allComputers = false }: LeasedFile,
    { id: workerId, name: worker }: Pick<Member, 'id' | 'name'>,
  ): void {
    const view = { task, file, library, path, worker, workerId, size, progress: { stage: 'preparing' as const } };
    this.add(
      { ...view, ...(typeof estimate === 'number' && { estimate }), ...(allComputers && { allComputers }) },
      epoch,
    );
  }

  /** Adds a lease with a fresh term. */
  add(view: RunningView, epoch: number): void {
    const now = this.#clock.monotonic();
    const { task } = view;
    const fresh = {
      since: now,
      renewed: now,
      arrived: false,
      unnamed: 0,
      taken: false,
      over: new AbortController(),
      stageStarted: now,
      stages: {},
    };
    this.#held.set(task, { view: { startedAt: this.#clock.wall(), ...view }, epoch, ...fresh });
  }

  /** How long a lease has been held, in ms; long enough to have worked on it where that is not known. */
  age(lease: Lease): number {
    const held = this.findByLease(lease);
    return held ? this.#clock.monotonic() - held.since : Number.POSITIVE_INFINITY;
  }

  drop(held: Held): void {
    this.#held.delete(held.view.task);
    held.over.abort(new Fault('fenced', FENCED));
  }

  /** Notes how far a task is. */
  setStage(held: Held, progress: Progress): void {
    if (held.view.progress.stage !== progress.stage) this.#closeStage(held);
    held.view = { ...held.view, progress };
  }

  /** Notes whether computers help with a video before they begin another one. @returns whether that is new */
  setAllComputers(held: Held, on: boolean): boolean {
    const { allComputers = false, ...view } = held.view;
    held.view = { ...view, ...(on && { allComputers: on }) };
    return on !== allComputers;
  }

  /** Seconds that each stage of a task took so far under a lease. */
  stages(lease: Lease): Record<string, number> {
    const held = this.findByLease(lease);
    if (held) this.#closeStage(held);
    return held?.stages ?? {};
  }

  #closeStage(held: Held): void {
    const { stage } = held.view.progress;
    const now = this.#clock.monotonic();
    if (!this.#suspended.has(held.view.workerId))
      held.stages[stage] = (held.stages[stage] ?? 0) + (now - held.stageStarted) / 1000;
    held.stageStarted = now;
  }

  /** Suspends or resumes the clock of a worker's stages. */
  setSuspended(worker: string, on: boolean): void {
    if (on === this.#suspended.has(worker)) return;
    for (const held of this.heldBy(worker)) this.#closeStage(held);
    if (on) this.#suspended.add(worker);
    else this.#suspended.delete(worker);
  }

  /** Renews a lease that its worker named. */
  renew(held: Held): void {
    held.renewed = this.#clock.monotonic();
    held.arrived = true;
    held.unnamed = 0;
  }

  /**
   * Renews the leases that a heartbeat names.
   * @param attached - true for the first one after a start or a lost connection. Otherwise a grant may have crossed the
   *   heartbeat, and only a lease that two in a row don't name counts as forgotten
   * @returns the leases that the worker has forgotten
   */
  renewNamed(worker: string, named: Lease[], attached: boolean): Held[] {
    const forgotten: Held[] = [];
    for (const held of this.heldBy(worker).filter(({ taken }) => !taken)) {
      if (named.some(({ task, epoch }) => task === held.view.task && epoch === held.epoch)) {
        this.renew(held);
      } else {
        held.unnamed += 1;
        if (attached || held.unnamed > 1) forgotten.push(held);
      }
    }
    return forgotten;
  }

  isSuspect(held: Held): boolean {
    return !held.taken && this.#clock.monotonic() - held.renewed >= this.#terms.suspect;
  }

  /** Notes whether the master has the result of a task. */
  setTaken(held: Held, taken: boolean): void {
    held.taken = taken;
    held.view = { ...held.view, delivered: taken };
  }

  /** True while nothing that this worker holds needs it, or it was not heard of for some heartbeats. */
  isGone(worker: string): boolean {
    const silence = GONE_BEATS * this.#terms.beat;
    return this.heldBy(worker).every(({ taken, renewed }) => taken || this.#clock.monotonic() - renewed >= silence);
  }

  /**
   * Finds expired leases; call it at the interval of heartbeats. A late call means that this computer slept or this program was
   * suspended, so that no heartbeat could arrive: every lease gets a fresh term then.
   * @returns the leases that have expired
   */
  tick(): Held[] {
    const last = this.#ticked;
    this.#ticked = this.#read();
    const { monotonic, wall } = this.#ticked;
    const late = LATE_BEATS * this.#terms.beat;
    if (monotonic - last.monotonic > late || wall - last.wall > late) {
      for (const held of this.all) held.renewed = monotonic;
    }
    return this.all.filter((held) => !held.taken && monotonic - held.renewed >= this.#terms.expire);
  }

  #read(): { monotonic: number; wall: number } {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.wall() };
  }
}
