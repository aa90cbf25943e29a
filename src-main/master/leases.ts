import { Fault } from '../../src-shared/errors.ts';
import type { Lease, Progress, RunningView } from '../../src-shared/lease.ts';

/** When a lease is in doubt and when it is over, in ms. */
export interface LeaseTerms {
  /** How often a worker tells what it holds. */
  beat: number;
  /** Not heard of for so long, a task is in doubt. */
  suspect: number;
  /** Not heard of for so long, it is given to others. */
  expire: number;
}

export const LEASE_TERMS: LeaseTerms = { beat: 10_000, suspect: 60_000, expire: 300_000 };

/** Two clocks in ms: `monotonic` measures terms; `wall` only shows that this computer slept, which the other may leave out. */
export interface Clock {
  monotonic: () => number;
  wall: () => number;
}

export const SYSTEM_CLOCK: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/** What those are told who come with a lease that is over. */
export const FENCED = 'This task was given to another worker or ended meanwhile; its result is not wanted any more.';

/** Heartbeats that may come late before it counts as sleep. */
const LATE_BEATS = 3;

/** A task that some worker holds, with the in-memory stages of its lease. */
export interface Held {
  view: RunningView;
  epoch: number;
  /** When it was granted, or taken up again here. */
  since: number;
  /** When its worker was last heard to hold it. */
  renewed: number;
  /** Heartbeats in a row that did not name it. */
  unnamed: number;
  /** The master has the result: nothing is needed of the worker any more. */
  taken: boolean;
  /** Aborted when the lease is over, for what is done under it. */
  over: AbortController;
  stageStarted: number;
  /** Seconds that each stage took so far. */
  stages: Record<string, number>;
}

/** Who holds which task, and since when it was not heard of. Only this clock ends leases; nothing here is durable. */
export class Leases {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  readonly #held = new Map<number, Held>();
  #ticked: { monotonic: number; wall: number };
  /** Workers that stand still. */
  readonly #still = new Set<string>();

  constructor(clock: Clock, terms: LeaseTerms) {
    this.#clock = clock;
    this.#terms = terms;
    this.#ticked = this.#read();
  }

  get all(): Held[] {
    return [...this.#held.values()];
  }

  get(task: number): Held | undefined {
    return this.#held.get(task);
  }

  /** The task as long as it is held under this very lease: it may be another worker's by now. */
  under({ task, epoch }: Lease): Held | undefined {
    const held = this.#held.get(task);
    return held?.epoch === epoch ? held : undefined;
  }

  of(worker: string): Held[] {
    return this.all.filter((held) => held.view.workerId === worker);
  }

  /** Notes a grant, or at start one of before, with a fresh term. */
  add(view: RunningView, epoch: number): void {
    const now = this.#clock.monotonic();
    const { task } = view;
    const fresh = {
      since: now,
      renewed: now,
      unnamed: 0,
      taken: false,
      over: new AbortController(),
      stageStarted: now,
      stages: {},
    };
    this.#held.set(task, { view, epoch, ...fresh });
  }

  /** How long a lease has been held, in ms; long enough to have worked on it where that is not known. */
  age(lease: Lease): number {
    const held = this.under(lease);
    return held ? this.#clock.monotonic() - held.since : Number.POSITIVE_INFINITY;
  }

  drop(held: Held): void {
    this.#held.delete(held.view.task);
    held.over.abort(new Fault('fenced', FENCED));
  }

  /** Notes how far a task is. */
  enter(held: Held, progress: Progress): void {
    if (held.view.progress.stage !== progress.stage) this.#closeStage(held);
    held.view = { ...held.view, progress };
  }

  /** Seconds that each stage of a task took so far under a lease. */
  stages(lease: Lease): Record<string, number> {
    const held = this.under(lease);
    if (held) this.#closeStage(held);
    return held?.stages ?? {};
  }

  #closeStage(held: Held): void {
    const { stage } = held.view.progress;
    const now = this.#clock.monotonic();
    if (!this.#still.has(held.view.workerId))
      held.stages[stage] = (held.stages[stage] ?? 0) + (now - held.stageStarted) / 1000;
    held.stageStarted = now;
  }

  /** While a worker stands still, time counts for no stage of what it holds. */
  standStill(worker: string, on: boolean): void {
    if (on === this.#still.has(worker)) return;
    for (const held of this.of(worker)) this.#closeStage(held);
    if (on) this.#still.add(worker);
    else this.#still.delete(worker);
  }

  /** Its worker was heard to hold it. */
  renew(held: Held): void {
    held.renewed = this.#clock.monotonic();
    held.unnamed = 0;
  }

  /**
   * A worker told all that it holds.
   * @param attached true where nothing can be under way to it, after a start or a cut; else a grant may just have crossed
   *   its message, and only what two in a row do not name is forgotten
   * @returns what it has forgotten
   */
  heard(worker: string, named: Lease[], attached: boolean): Held[] {
    const forgotten: Held[] = [];
    for (const held of this.of(worker).filter(({ taken }) => !taken)) {
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

  /**
   * To be called at every beat. Where a call is late, this computer slept or this program was halted, and nobody could be
   * heard: every lease gets a fresh term then.
   * @returns the leases that are over
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
