import type { Lease } from '../../../src-shared/jobs/lease.ts';
import type { FileRow } from '../../db/tables/files.ts';
import type { TaskRow } from '../../db/tables/jobs.ts';
import type { MasterContext } from '../context.ts';
import type { Leases } from './leases.ts';
import type { Member } from './member.ts';
import type { Outcomes } from './outcomes.ts';
import type { WorkerRegistry } from './worker-registry.ts';

/** Restores leases that the database has and this process doesn't: after a restart, or after an error. */
export class LeaseRecovery {
  readonly #ctx: MasterContext;
  readonly #workers: WorkerRegistry;
  readonly #leases: Leases;
  readonly #outcomes: Outcomes;

  constructor(ctx: MasterContext, parts: { workers: WorkerRegistry; leases: Leases; outcomes: Outcomes }) {
    this.#ctx = ctx;
    this.#workers = parts.workers;
    this.#leases = parts.leases;
    this.#outcomes = parts.outcomes;
  }

  /**
   * Gives the leases of the previous run a fresh term: workers may have continued, and the local one may have kept a result. A
   * result that was lost here can be delivered again. The first heartbeat of a worker shows what it doesn't hold anymore.
   */
  restore(): void {
    const { jobs, files, swaps } = this.#ctx;
    for (const task of jobs.openTasks()) {
      const job = jobs.get(task.job);
      const file = job && files.get(job.file);
      if (!file || job.state !== 'leased' || swaps.all().some((swap) => swap.job === job.id)) continue;
      const member = this.#workers.member(task.worker ?? '');
      if (member) this.#reopen(task, file, member);
      else this.#outcomes.interrupted(task, 'Flotilla was stopped.');
    }
  }

  /**
   * Restores leases of tasks that are open in the database but not held here, which would stay open forever. Their workers get a
   * fresh term and lose it like any other if they don't name the task.
   */
  holdStrays(): void {
    const { jobs, files } = this.#ctx;
    for (const task of jobs.openTasks()) {
      const job = jobs.get(task.job);
      if (job?.state !== 'leased' || this.#leases.findByLease({ task: task.id, epoch: task.epoch })) continue;
      const file = files.get(job.file);
      const member = this.#workers.member(task.worker ?? '');
      if (!file || !member) this.#outcomes.interrupted(task, 'Its worker was removed.');
      else this.#reopen(task, file, member);
    }
  }

  /**
   * Restores a lease that only this process lost: the row still names its worker, which may deliver the result again.
   * @returns false when the lease has ended
   */
  regain(lease: Lease): boolean {
    const task = this.#ctx.jobs.task(lease.task);
    const job = task && this.#ctx.jobs.get(task.job);
    const file = job && this.#ctx.files.get(job.file);
    const member = task && this.#workers.member(task.worker ?? '');
    if (!member || !file || job.state !== 'leased' || !this.isHeld(lease, member.id)) return false;
    const held = this.#leases.findByLease(lease);
    if (held) this.#leases.drop(held);
    this.#reopen(task, file, member);
    return true;
  }

  /** Returns true if the database has this lease for this worker. */
  isHeld({ task, epoch }: Lease, worker: string): boolean {
    const row = this.#ctx.jobs.task(task);
    return row?.epoch === epoch && row.worker === worker && (row.state === 'leased' || row.state === 'delivered');
  }

  #reopen(task: TaskRow, { id: file, library, path, size }: FileRow, member: Member): void {
    if (task.state === 'delivered') this.#ctx.jobs.apply(file, 'reopen');
    const job = this.#ctx.jobs.get(task.job);
    const [estimate, allComputers] = [job?.predicted, job?.all_computers === 1];
    this.#leases.hold({ ...task, path, file, library, size, estimate, allComputers }, member);
  }
}
