import { lstat } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Grant, Lease, Outcome, Progress, RunningView, Stage } from '../../src-shared/contract.ts';
import { Fault, nodeFaultReason } from '../../src-shared/errors.ts';
import { makePlan } from '../../src-shared/plan.ts';
import type { FileRow } from '../db/files.ts';
import type { JobRow, TaskRow } from '../db/jobs.ts';
import type { MasterContext } from './context.ts';
import { inodeOf, sameInode, sampledHash, versionOf } from './identity.ts';
import type { Swapper } from './swap.ts';

/** A film is given up after so many attempts of its own fault. */
const ATTEMPTS = 3;
/** After a fault of this computer, work is given out again after so long. */
const RETRY_MS = 60_000;

/** A task that some worker holds, with the in-memory stages of its lease. */
interface Held {
  view: RunningView;
  epoch: number;
  stageStarted: number;
  stages: Record<string, number>;
}

/** Gives out work under leases and takes back what became of it. */
export class Dispatcher {
  readonly #ctx: MasterContext;
  readonly #swapper: Swapper;
  readonly #held = new Map<number, Held>();
  /** One lease at a time: the checks before it take their time, and two must not find the same job. */
  readonly #turn = pLimit(1);
  #paused: { reason: string; byUser: boolean } | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(ctx: MasterContext, swapper: Swapper) {
    this.#ctx = ctx;
    this.#swapper = swapper;
  }

  get paused(): string | null {
    return this.#paused?.reason ?? null;
  }

  get running(): RunningView[] {
    return [...this.#held.values()].map((held) => held.view);
  }

  /** Gives out no more work. A pause for a fault of this computer ends by itself, to try again. */
  pause(reason: string, byUser: boolean): void {
    this.#paused = { reason, byUser };
    this.#ctx.emit('paused', { reason });
    if (byUser) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => !this.#paused?.byUser && this.resume(), RETRY_MS);
    this.#retry.unref();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = undefined;
    this.#ctx.emit('paused', { reason: null });
    this.#ctx.emit('work', {});
  }

  stop(): void {
    clearTimeout(this.#retry);
  }

  /** The next task for `worker`; null when there is none. */
  lease(worker: string): Promise<Grant | null> {
    return this.#turn(async () => {
      this.#releaseForgotten(worker);
      for (;;) {
        if (this.#paused) return null;
        const scopes = this.#ctx.scopes().filter((s) => this.#ctx.libraries.get(s.library)?.paused === null);
        const job = this.#ctx.jobs.first(scopes, this.#ctx.settings().fileOrder);
        if (!job) return null;
        const grant = await this.#grant(job, worker);
        if (grant) return grant;
      }
    });
  }

  /** Who asks for work holds nothing: a task it could not give back, for want of disk space say, is free again. */
  #releaseForgotten(worker: string): void {
    for (const task of this.#ctx.jobs.openTasks()) {
      if (task.worker === worker && !this.#held.has(task.id)) this.#release(task);
    }
  }

  #release(task: TaskRow): void {
    const { jobs, swaps } = this.#ctx;
    const job = jobs.get(task.job);
    if (job?.state !== 'leased' || swaps.all().some((swap) => swap.job === job.id)) return;
    jobs.endAttempt(job.id, task.epoch, { outcome: 'interrupted', reason: 'Flotilla was ended meanwhile.' });
    jobs.apply(job.file, 'release');
  }

  /** Leases `job`, unless its file has something against it; then the file is in another state afterwards. */
  async #grant(job: JobRow, worker: string): Promise<Grant | undefined> {
    const { files, jobs, libraries } = this.#ctx;
    const file = files.get(job.file);
    const library = libraries.get(job.library);
    if (!file || !library) throw new Error(`job ${job.id} has no file`);
    const source = path.join(library.root, file.path);
    if (!file.probe) throw new Error(`file ${file.id} was queued without a probe`);
    const settings = this.#ctx.settings();
    const plan = makePlan(file.probe, settings, this.#ctx.tables());
    try {
      if (!(await this.#unchanged(file, source, library.root))) return undefined;
      if (plan.kind === 'convert') await this.#swapper.check(source, plan.container);
    } catch (error) {
      if (error instanceof Fault && error.code === 'conflict') {
        jobs.apply(file.id, 'block', { code: 'not-replaceable', reason: error.message });
        return undefined;
      }
      const reason = nodeFaultReason(error);
      if (!reason) throw error;
      libraries.setPaused(library.id, `${library.root}: ${reason}`);
      this.#ctx.emit('library', { ...library, paused: `${library.root}: ${reason}` });
      return undefined;
    }
    if (plan.kind === 'skip') {
      jobs.apply(file.id, 'skip', plan);
      return undefined;
    }
    const task = jobs.lease(job, worker, plan);
    const view: RunningView = {
      task: task.id,
      file: file.id,
      library: library.id,
      path: file.path,
      worker,
      progress: { stage: 'preparing' },
    };
    this.#held.set(task.id, { view, epoch: task.epoch, stageStarted: performance.now(), stages: {} });
    return {
      task: task.id,
      epoch: task.epoch,
      file: file.id,
      library: library.id,
      path: file.path,
      size: file.size,
      plan,
      probe: file.probe,
      version: file.version,
      uselessAt: Math.ceil(file.size * (1 - settings.minSavings / 100)),
      priority: { nice: settings.niceLevel, ionice: settings.ioniceClass },
      convertDamaged: settings.convertDamaged,
    };
  }

  /** False when the file is no longer what was probed; it is on its way to be looked into again then. */
  async #unchanged(file: FileRow, source: string, root: string): Promise<boolean> {
    const { files, jobs, libraries } = this.#ctx;
    try {
      const stat = await lstat(source, { bigint: true });
      const sameBytes = sameInode(inodeOf(stat), file.inode) || (await sampledHash(source)) === file.hash;
      if (versionOf(stat) === file.version && sameBytes) {
        // FAT and some network shares number a file anew at times; the replacement compares with the number of now.
        if (inodeOf(stat) !== file.inode) files.setPlace(file.id, { path: file.path, inode: inodeOf(stat) });
        if (stat.nlink === 1n || !this.#ctx.settings().skipHardLinked) return true;
        const reason = `The file has ${stat.nlink} hard links, so replacing it would save no space; the others would keep the original.`;
        jobs.apply(file.id, 'skip', { code: 'hard-linked', reason });
        return false;
      }
      const settles = Date.now() + this.#ctx.settings().settleMinutes * 60_000;
      this.#ctx.db.transaction(() => {
        files.setVersion(file.id, {
          path: file.path,
          inode: inodeOf(stat),
          version: versionOf(stat),
          size: Number(stat.size),
          mtime: Number(stat.mtimeMs),
          settles,
        });
        jobs.apply(file.id, 'change');
      })();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      try {
        await lstat(root);
      } catch {
        const library = libraries.get(file.library);
        const reason = `The folder ${root} cannot be read; is its disk or network share connected?`;
        libraries.setPaused(file.library, reason);
        if (library) this.#ctx.emit('library', { ...library, paused: reason });
        return false;
      }
      files.setMissing(file.id, Date.now());
      jobs.apply(file.id, 'change');
    }
    return false;
  }

  /** The task, if the lease is still in force. @throws Fault `fenced` otherwise */
  claim({ task, epoch }: Lease): TaskRow {
    const row = this.#ctx.jobs.task(task);
    if (row?.epoch !== epoch || row.state === 'closed' || row.state === 'ready') {
      throw new Fault(
        'fenced',
        'This task was given to another worker or ended meanwhile; its result is not wanted any more.',
      );
    }
    return row;
  }

  /** Notes how far a task is. @throws Fault `fenced` when the lease is lost */
  progress(lease: Lease, progress: Progress): void {
    this.claim(lease);
    const held = this.#held.get(lease.task);
    if (!held) return;
    if (held.view.progress.stage !== progress.stage) this.#closeStage(held);
    held.view = { ...held.view, progress };
    this.#ctx.emit('progress', held.view);
  }

  /** A stage that the master itself is in. */
  enter(lease: Lease, stage: Stage): void {
    this.progress(lease, { stage });
  }

  #closeStage(held: Held): void {
    const { stage } = held.view.progress;
    held.stages[stage] = (held.stages[stage] ?? 0) + (performance.now() - held.stageStarted) / 1000;
    held.stageStarted = performance.now();
  }

  /** Seconds that each stage of a task took so far. */
  stages(task: number): Record<string, number> {
    const held = this.#held.get(task);
    if (held) this.#closeStage(held);
    return held?.stages ?? {};
  }

  /** The lease is over: nothing of it is shown any more. */
  drop(task: number): void {
    this.#held.delete(task);
  }

  /** Takes a task back with its outcome. @throws Fault `fenced` when the lease is lost */
  finish(lease: Lease, outcome: Outcome): void {
    const task = this.claim(lease);
    const { jobs } = this.#ctx;
    const job = jobs.get(task.job);
    if (!job) throw new Error(`task ${task.id} has no job`);
    const stages = this.stages(task.id);
    this.drop(task.id);
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    const log = 'log' in outcome ? outcome.log : undefined;
    const end = { outcome: outcome.kind, stages, ...(reason && { reason }), ...(log && { log }) };
    this.#ctx.db.transaction(() => {
      const burnt = jobs.endAttempt(job.id, lease.epoch, end, outcome.kind === 'failed');
      if (outcome.kind === 'skip') jobs.apply(job.file, 'skip', outcome);
      else if (outcome.kind === 'failed' && burnt >= ATTEMPTS)
        jobs.apply(job.file, 'fail', { code: 'attempts', reason: outcome.reason });
      else jobs.apply(job.file, 'release', reason ? { reason } : {});
    })();
    if (outcome.kind === 'node') this.pause(outcome.reason, false);
    this.#ctx.emit('work', {});
  }

  /** At start no worker of this process holds anything: what a crash left leased is given out again. */
  releaseAll(): void {
    for (const task of this.#ctx.jobs.openTasks()) this.#release(task);
  }
}
