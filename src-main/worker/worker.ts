import type { Caller } from '../../src-shared/contract/index.ts';
import type { Yielding } from '../../src-shared/fleet/availability.ts';
import { jobsOf, type Load, WORKER_DEFAULTS } from '../../src-shared/fleet/worker-info.ts';
import type { Grant, Lease, Orders, Progress } from '../../src-shared/jobs/lease.ts';
import type { Logger } from '../log/logger.ts';
import type { DisturbanceSignals, Pace } from '../platform/activity-types.ts';
import { availableProcessors } from '../platform/processors.ts';
import { Availability } from './availability/availability.ts';
import type { ChunkConverter } from './encode/chunk-converter.ts';
import { ChunkSharing } from './encode/chunk-sharing.ts';
import type { ActiveChunk } from './task/active-chunk.ts';
import { ActiveTask } from './task/active-task.ts';
import { ChunkHelper } from './task/chunk-helper.ts';
import { SelfTestRunner } from './task/self-test-runner.ts';
import { type AttemptParts, TaskRunner } from './task/task-runner.ts';
import type { ChunkTransfer } from './transfer/chunk-transfer.ts';
import type { Result, Transfer } from './transfer/transfer.ts';

/** Interval of heartbeats, in ms. */
const BEAT_MS = 10_000;

/** Dependencies of a worker; the number of videos at a time is its own unless the master's user has set it. */
export interface WorkerParts extends Pick<AttemptParts, 'transfer' | 'converter' | 'workspace' | 'keeps' | 'jobs'> {
  call: Caller;
  /** By which videos are shared with other workers; left out where each is encoded by one alone. */
  chunks?: { transfer: Transfer & ChunkTransfer; converter: ChunkConverter };
  /** Called when the master can't be reached; the next heartbeat tries again. */
  onFault: (error: unknown) => void;
  /** How busy this computer is. */
  load: () => Promise<Load>;
  /** Signals that work would disturb the user, and how fast the worker reacts. */
  signals: DisturbanceSignals;
  pace?: Pace | undefined;
  /** Called with each configuration from the master. */
  onOrders?: (orders: Orders) => void;
  /** Called when it starts or stops yielding to the user. */
  onYield?: (yielding: Yielding | null) => void;
  /** Called when the master has no work. */
  onNoWork?: () => void;
  /** Called when a task starts, ends, or makes progress. */
  onProgress?: () => void;
  beatMs?: number;
  /** Processors that it may keep busy. */
  processors?: () => number;
  /** Receives the steps of each task; omitted where the master logs them. */
  log?: Logger;
}

/** What a computer works on. */
export interface Holding {
  videos: number;
  /** Work that is done again if it ends now, in s; Infinity where a video begins anew. */
  secondsAtRisk: number;
}

/** Converts videos for a master, the local one or another computer's. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #held = new Map<string, ActiveTask>();
  readonly #attempts: TaskRunner;
  /** Encodes chunks of other workers' videos. */
  readonly #helper: ChunkHelper | undefined;
  readonly #stopping = new AbortController();
  readonly #availability: Availability;
  readonly #selfTests: SelfTestRunner;
  #orders: Orders = { settings: WORKER_DEFAULTS, mode: 'active', prove: false };
  /** The node wants to end: no more work is taken. */
  #draining = false;
  /** True once the master knows the held tasks: work may be requested from then on. */
  #attached = false;
  #asking: Promise<void> | undefined;
  #reporting: Promise<void> | undefined;
  /** False after the master had no work, until it signals more. */
  #wanting = true;
  #started: Promise<void> | undefined;
  #beating: NodeJS.Timeout | undefined;
  /** Resolves at the next heartbeat that the master answered. */
  #answered = Promise.withResolvers<void>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { call, converter, onFault, pace, signals, workspace } = parts;
    this.#selfTests = new SelfTestRunner({ call, converter, workspace, onFault, signal: this.#stopping.signal });
    const isBusy = () => this.#held.size > 0 || this.#helping.length > 0;
    this.#availability = new Availability({
      signals,
      pace,
      isBusy,
      changed: (yielding) => this.#onAvailability(yielding),
    });
    this.#attempts = new TaskRunner({
      ...parts,
      brake: this.#availability.brake,
      onConverted: () => this.wake(),
      share: parts.chunks && ((assignment) => this.#share(assignment)),
      answered: () => this.#answered.promise,
    });
    this.#helper =
      parts.chunks &&
      new ChunkHelper({
        ...{ ...parts.chunks, call, workspace, onFault, log: parts.log },
        brake: this.#availability.brake,
        encode: (work) => this.#attempts.encode(work),
        onProgress: () => parts.onProgress?.(),
        onDone: () => this.wake(),
      });
  }

  /** Lets other workers encode chunks of a video. */
  #share({ grant, lease }: ActiveTask): ChunkSharing {
    const { call, chunks, log } = this.#parts;
    return new ChunkSharing({
      ...{ call, lease, log: log?.child({ ...(grant.job !== undefined && { job: grant.job }), ...lease }) },
      fetch: async (chunk, file, signal) => chunks?.transfer.fetchChunk(chunk, file, signal),
    });
  }

  /** The chunks of other workers' videos that it encodes. */
  get #helping(): ActiveChunk[] {
    return this.#helper?.active ?? [];
  }

  /** Why it yields to the user; null while it takes work. */
  get yielding(): Yielding | null {
    return this.#availability.yielding;
  }

  /** The configuration from the master. */
  get orders(): Orders {
    return this.#orders;
  }

  /** The tasks it holds and the videos that it helps with, with their progress. */
  get work(): { grant: Grant; progress: Progress }[] {
    return [...[...this.#held.values()].filter(({ lost }) => !lost), ...this.#helping];
  }

  /** Resumes the results of the previous run, then requests work. Resolves when the master knows the held tasks, if it can be reached. */
  async start(): Promise<void> {
    this.#started ??= this.#start();
    await this.#started;
    await this.onConnected();
  }

  async #start(): Promise<void> {
    const kept = this.#parts.keeps ? await this.#parts.workspace.kept() : [];
    for (const { grant, result } of kept) this.#take(grant, result);
    await this.#availability.whenFresh();
    if (this.#stopping.signal.aborted) return;
    this.#beating = setInterval(() => this.#beat(), this.#parts.beatMs ?? BEAT_MS);
  }

  /** Reports the held tasks to the master, which can be reached again, and requests work. */
  async onConnected(): Promise<void> {
    if (!this.#started) return;
    // The report has to include the results of the previous run.
    await this.#started;
    this.onDisconnected();
    this.#helper?.reset();
    // Earlier calls end with the connection; a grant in their answers never arrives.
    await Promise.all([this.#asking, this.#reporting]);
    if (!this.#stopping.signal.aborted) await this.#reportHeld('job.attach');
  }

  /** Continues the held tasks while the master can't be reached. */
  onDisconnected(): void {
    this.#attached = false;
  }

  /** Asks for work, which may be available now. */
  wake(): void {
    this.#wanting = true;
    this.#ask();
  }

  /** Ends the work under a lost lease. */
  revoke(lease: Lease): void {
    this.#held.get(keyOf(lease))?.lose();
    this.#helper?.revoke(lease);
  }

  /** Applies the configuration from the master. */
  applyConfig(orders: Orders): void {
    this.#orders = orders;
    this.#attempts.jobs = jobsOf(
      { jobs: orders.settings.jobs ?? this.#parts.jobs },
      (this.#parts.processors ?? availableProcessors)(),
    );
    this.#availability.setRules(orders);
    this.#parts.transfer.limit(orders.settings.bandwidth);
    this.#parts.onOrders?.(orders);
    if (orders.prove) this.#selfTests.run();
    this.#ask();
  }

  /** Pauses work at the wish of the user here, regardless of the master; `held` suspends running conversions too. */
  pause(rest: { held: boolean } | null): void {
    this.#availability.pause(rest);
  }

  #onAvailability(yielding: Yielding | null): void {
    this.#parts.onYield?.(yielding);
    if (this.#attached) this.#beat();
    if (!yielding) this.wake();
  }

  /** What it works on. */
  get holding(): Holding {
    const held = [...this.#held.values(), ...this.#helping];
    const atRisk = held.map(({ secondsAtRisk }) => secondsAtRisk ?? Number.POSITIVE_INFINITY);
    return { videos: atRisk.length, secondsAtRisk: Math.max(0, ...atRisk) };
  }

  /** Stops taking work. Resolves when current work is finished. Undone by {@link resume}. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#asking;
    await Promise.all([...this.#held.values(), ...this.#helping].map(({ done }) => done));
  }

  resume(): void {
    this.#draining = false;
    this.wake();
  }

  /**
   * Ends running tasks, returns them, and resolves when nothing is left but results that the master lacks.
   * @param leaving there's no next start for this master: results are given up too
   */
  async stop({ leaving = false } = {}): Promise<void> {
    if (leaving) this.#attempts.giveUp();
    this.#stopping.abort();
    this.#availability.stop();
    await this.#started;
    clearInterval(this.#beating);
    for (const assignment of [...this.#held.values(), ...this.#helping]) assignment.stop();
    await Promise.all([this.#asking, this.#selfTests.settled()]);
    await this.#helper?.stop();
    await Promise.all([...this.#held.values()].map(({ done }) => done));
  }

  #beat(): void {
    // Delayed heartbeats could arrive after a new lease was granted, and the master would think that we dropped it.
    if (this.#reporting) return;
    if (this.#attached) this.#reportHeld('job.beat');
    // The first report after a start or a lost connection didn't get through.
    else if (!this.#asking) this.#reportHeld('job.attach');
  }

  #reportHeld(name: 'job.attach' | 'job.beat'): Promise<void> {
    this.#reporting = this.#sendHeartbeat(name).finally(() => {
      this.#reporting = undefined;
    });
    return this.#reporting;
  }

  async #sendHeartbeat(name: 'job.attach' | 'job.beat'): Promise<void> {
    const held = [...this.#held.values()].filter(({ lost }) => !lost).map(({ lease }) => lease);
    try {
      const load = await this.#parts.load();
      // A master in this process closes its database as soon as this worker has stopped.
      if (this.#stopping.signal.aborted) return;
      const { lost, ...orders } = await this.#parts.call(name, { held, yielding: this.yielding, load });
      for (const lease of lost) this.revoke(lease);
      if (!this.#attached) this.#wanting = true;
      this.#attached = true;
      this.#answered.resolve();
      this.#answered = Promise.withResolvers();
      this.applyConfig(orders);
      await this.#helper?.beat();
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  /** Asks until there is no room or no work, one call at a time. */
  #ask(): void {
    this.#asking ??= this.#askOn()
      .catch((error: unknown) => {
        this.#wanting = true;
        this.#parts.onFault(error);
      })
      .finally(() => {
        this.#asking = undefined;
      });
  }

  async #askOn(): Promise<void> {
    while (this.#wanting) {
      if (this.#attached) await this.#availability.whenFresh();
      const ahead = this.#room();
      if (ahead === undefined) await this.#helper?.release();
      if (ahead === undefined || !(await this.#selfTests.isFit())) return;
      // A wake-up during this call leads to another one.
      this.#wanting = false;
      const grant = await this.#parts.call('job.lease', { ahead });
      if (!grant) {
        const helps = !ahead && (await this.#helper?.take());
        if (!helps) this.#parts.onNoWork?.();
        continue;
      }
      await this.#helper?.release();
      this.#take(grant);
      this.#wanting = true;
    }
  }

  /** Whether work can be taken: for now (false), to have it when a video is done (true), or not at all. */
  #room(): boolean | undefined {
    const mayAsk = this.#attached && !this.#stopping.signal.aborted && this.#orders.mode === 'active';
    if (!mayAsk || this.#draining || this.yielding) return undefined;
    const { ahead } = this.#parts.transfer;
    const held = [...this.#held.values()].filter(({ lost }) => !lost);
    const before = held.filter(({ converted }) => !converted).length + this.#helping.length;
    const { jobs } = this.#attempts;
    return held.length + this.#helping.length >= jobs + ahead || before > jobs ? undefined : before === jobs;
  }

  #take(grant: Grant, result?: Result): void {
    const { call, log } = this.#parts;
    const assignment = new ActiveTask(grant, call, { onProgress: () => this.#parts.onProgress?.(), log });
    this.#held.set(keyOf(grant), assignment);
    if (this.#stopping.signal.aborted) assignment.stop();
    assignment.done = this.#run(assignment, result)
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#held.delete(keyOf(grant));
        this.#parts.onProgress?.();
        this.wake();
      });
  }

  async #run(assignment: ActiveTask, result?: Result): Promise<void> {
    const outcome = await this.#attempts.run(assignment, result);
    while (outcome && !assignment.lost) {
      try {
        return await assignment.giveBack(outcome);
      } catch (error) {
        this.#parts.onFault(error);
        if (this.#stopping.signal.aborted) return;
        await Promise.race([this.#answered.promise, assignment.ended]);
      }
    }
  }
}

const keyOf = ({ task, epoch }: Lease) => `${task}-${epoch}`;
