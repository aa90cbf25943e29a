import type { Emit } from '../../../src-shared/contract/index.ts';
import type { Lease, Outcome, Stage } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { TaskRow } from '../../db/tables/jobs.ts';
import { FENCED, type Leases } from './leases.ts';

/** The part of the dispatcher that a {@link LeaseHandle} uses. */
export interface LeaseOwner {
  requireHeld(lease: Lease): TaskRow;
  regain(lease: Lease): boolean;
  finish(lease: Lease, outcome: Outcome): void;
  release(lease: Lease): void;
}

/** A delivered task that the master works on. Its lease can't expire until one of the methods ends it or returns the task. */
export class LeaseHandle {
  readonly lease: Lease;
  /** Number of the task's job. */
  readonly job: number;
  readonly #owner: LeaseOwner;
  readonly #leases: Leases;
  readonly #emit: Emit;
  readonly #onCompleted: () => void;

  /** @param parts - `onCompleted` is called when the worker has done its part */
  constructor(
    { id, epoch, job }: TaskRow,
    parts: { owner: LeaseOwner; leases: Leases; emit: Emit; onCompleted: () => void },
  ) {
    this.lease = { task: id, epoch };
    this.job = job;
    this.#owner = parts.owner;
    this.#leases = parts.leases;
    this.#emit = parts.emit;
    this.#onCompleted = parts.onCompleted;
  }

  /** Returns the task as stored. @throws Fault `fenced` when the lease was lost */
  requireHeld(): TaskRow {
    return this.#owner.requireHeld(this.lease);
  }

  /** Aborted when the lease ends, with the Fault `fenced`. */
  get signal(): AbortSignal {
    return this.#leases.findByLease(this.lease)?.over.signal ?? AbortSignal.abort(new Fault('fenced', FENCED));
  }

  /** Seconds that each stage took so far. */
  get stages(): Record<string, number> {
    return this.#leases.stages(this.lease);
  }

  /** Shows the stage that the master is in, and its progress from 0 to 1. */
  setStage(stage: Stage, share?: number): void {
    const held = this.#leases.findByLease(this.lease);
    if (!held) return;
    this.#leases.setStage(held, { stage, ...(share !== undefined && { share }) });
    this.#emit('progress', held.view);
  }

  /** Ends the task with an outcome that isn't a replacement. @throws Fault `fenced` when the lease was lost */
  finish(outcome: Outcome): void {
    this.#owner.finish(this.lease, outcome);
  }

  /** Ends the lease after the result was put in place, or blocked for no fault of its worker. */
  complete(): void {
    this.release();
    this.#onCompleted();
  }

  /** Ends the lease without an outcome. */
  release(): void {
    this.#owner.release(this.lease);
  }

  /** Returns the task to its worker, which may deliver it again. Does nothing once the lease has ended. */
  unclaim(): void {
    const held = this.#leases.findByLease(this.lease);
    if (!held) return;
    this.#leases.setTaken(held, false);
    this.#leases.renew(held);
  }

  /** Restores the lease if only this process lost it. @returns false when it has ended */
  regain(): boolean {
    return this.#owner.regain(this.lease);
  }
}
