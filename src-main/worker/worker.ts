import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Caller } from '../../src-shared/contract.ts';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import type { Grant, Lease, Orders, Outcome, Progress } from '../../src-shared/lease.ts';
import { baseLayerOf } from '../../src-shared/plan.ts';
import { type Load, WORKER_DEFAULTS } from '../../src-shared/worker-info.ts';
import type { Yielding } from '../../src-shared/yielding.ts';
import { faultPoint } from '../fault.ts';
import type { Logger } from '../log.ts';
import { Assignment } from './assignment.ts';
import type { Pace } from './citizen.ts';
import type { Conversion, Converter } from './converter.ts';
import type { DisturbanceSignals } from './disturbance.ts';
import { Lane, type Turn } from './lane.ts';
import { Stance } from './stance.ts';
import type { Workspace } from './workspace.ts';

/** How often a worker tells its master what it holds, in ms. */
const BEAT_MS = 10_000;

export type Result = Extract<Conversion, { kind: 'result' }>;

/** Where a transfer may put what it fetches, what ends it, and who is told how far it is. */
export interface TransferWork {
  /** The lease's own folder, which is gone with the lease. */
  folder: string;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** How a worker gets at originals and hands results over: in place here, over the network elsewhere. */
export interface Transfer {
  /** Films that may be under way beside those that are encoded, one to come and the others to go; 0 where nothing travels. */
  readonly ahead: number;
  /** @param rate bytes a second, each way; null is no limit */
  limit(rate: number | null): void;
  /** Bytes that `source` writes at the most: 0 where originals are read in place. */
  needs(grant: Grant): Promise<number>;
  /**
   * Absolute path of the original on this computer, fetched into `work.folder` where it cannot be read in place; it waits by
   * itself for the connection.
   * @throws Fault `node` when it is out of reach, `fenced` when the lease is lost
   */
  source(grant: Grant, work: TransferWork): Promise<string>;
  /** False when the original can no longer be read where `source` said: storage that was shared is gone, say. */
  holds(grant: Grant, source: string): Promise<boolean>;
  /**
   * Resolves when the master has the result and needs nothing of it any more; goes on where an earlier call with the same
   * lease stopped, also one of before a restart.
   * @throws Fault `node` when the master cannot be reached or cannot take it now, `fenced` when it came too late
   */
  deliver(grant: Grant, result: Result, work: TransferWork): Promise<void>;
}

/** What a worker is made of. */
export interface WorkerParts {
  call: Caller;
  transfer: Transfer;
  converter: Converter;
  workspace: Workspace;
  /** True: finished results stay on the disk until the master has them, also over a restart of this node. */
  keeps: boolean;
  /** Films at a time unless the master's user says otherwise. */
  jobs: number;
  /** Told when the master cannot be asked or answered; the next heartbeat tries again. */
  onFault: (error: unknown) => void;
  /** How busy this computer is. */
  load: () => Promise<Load>;
  /** What tells whether work would disturb, and how fast that is heeded. */
  signals: DisturbanceSignals;
  pace?: Pace | undefined;
  /** Told what the master's user wants, at every word of the master. */
  onOrders?: (orders: Orders) => void;
  /** Told when it steps back, and when it comes again. */
  onYield?: (yielding: Yielding | null) => void;
  /** Told how far the films are that it holds, and of every one that comes or goes. */
  onProgress?: () => void;
  beatMs?: number;
  /** Told of each film; where left out, somebody else tells of them. */
  log?: Logger;
}

/** Converts films for a master, the local one or another computer's. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #held = new Map<string, Assignment>();
  readonly #encoding = pLimit(1);
  /** Films get their room and their originals, and come to be encoded, in the order in which they were granted. */
  readonly #fetching = new Lane();
  readonly #lining = new Lane();
  readonly #stopping = new AbortController();
  readonly #stance: Stance;
  #keeps: boolean;
  #orders: Orders = { settings: WORKER_DEFAULTS, mode: 'active', prove: false };
  /** The node wants to end: no more work is taken. */
  #windingDown = false;
  /** The master knows what is held: from then on work may be asked for. */
  #attached = false;
  #asking: Promise<void> | undefined;
  #telling: Promise<void> | undefined;
  #proving: Promise<void> | undefined;
  /** False after a no, until there may be work again. */
  #wanting = true;
  #started: Promise<void> | undefined;
  #beating: NodeJS.Timeout | undefined;
  /** Resolves at the next heartbeat that the master answered. */
  #answered = Promise.withResolvers<void>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#encoding.concurrency = parts.jobs;
    this.#keeps = parts.keeps;
    const { signals, pace } = parts;
    const isBusy = () => this.#held.size > 0;
    this.#stance = new Stance({ signals, pace, isBusy, changed: (yielding) => this.#onStance(yielding) });
  }

  /** Why it takes no work by its own decision; null while it does. */
  get yielding(): Yielding | null {
    return this.#stance.yielding;
  }

  /** What the master's user wants. */
  get orders(): Orders {
    return this.#orders;
  }

  /** What it holds, and how far that is. */
  get work(): { grant: Grant; progress: Progress }[] {
    return [...this.#held.values()].filter(({ lost }) => !lost);
  }

  /** Takes up results of before the last end, and then work; resolves when the master has been told, if it can be. */
  async start(): Promise<void> {
    this.#started ??= this.#start();
    await this.#started;
    await this.linked();
  }

  async #start(): Promise<void> {
    const kept = this.#keeps ? await this.#parts.workspace.kept() : [];
    for (const { grant, result } of kept) this.#take(grant, result);
    await this.#stance.fresh();
    if (this.#stopping.signal.aborted) return;
    this.#beating = setInterval(() => this.#beat(), this.#parts.beatMs ?? BEAT_MS);
  }

  /** The master can be reached (again): it is told what is held, and asked for work. */
  async linked(): Promise<void> {
    if (!this.#started) return;
    // What is left of before has to be among what it is told.
    await this.#started;
    this.unlinked();
    // Calls of before end with the connection; what they were granted after all is not known here.
    await Promise.all([this.#asking, this.#telling]);
    if (!this.#stopping.signal.aborted) await this.#tellHeld('job.attach');
  }

  /** The master is out of reach: what is held goes on. */
  unlinked(): void {
    this.#attached = false;
  }

  /** Work can be had: with room for it, it is asked for at once. */
  hint(): void {
    this.#wanting = true;
    this.#ask();
  }

  /** A lease is lost: what is done under it ends. */
  revoke(lease: Lease): void {
    this.#held.get(keyOf(lease))?.lose();
  }

  /** The master's user wants something else of this worker. */
  obey(orders: Orders): void {
    this.#orders = orders;
    this.#encoding.concurrency = this.#jobs;
    this.#stance.obey(orders);
    this.#parts.transfer.limit(orders.settings.bandwidth);
    this.#parts.onOrders?.(orders);
    if (orders.prove) this.#prove();
    this.#ask();
  }

  /** Tells the master whether this computer can convert anything at all. */
  #prove(): void {
    const { signal } = this.#stopping;
    const { call, converter, workspace, onFault } = this.#parts;
    this.#proving ??= workspace
      .use({ name: 'test', needed: 0, signal }, (folder) => converter.test(folder, signal))
      .catch(messageOf)
      .then(async (problem) => {
        if (!signal.aborted) await call('worker.prove', { problem });
      })
      .catch(onFault)
      .finally(() => {
        this.#proving = undefined;
      });
  }

  /** The user of this computer wants it to rest, whatever the master's wants: `held`, what runs stands still too. */
  rest(rest: { held: boolean } | null): void {
    this.#stance.rest(rest);
  }

  #onStance(yielding: Yielding | null): void {
    this.#parts.onYield?.(yielding);
    if (this.#attached) this.#beat();
    if (!yielding) this.hint();
  }

  /** Films in its hands. */
  get holds(): number {
    return this.#held.size;
  }

  /** Takes no more work until {@link carryOn}; resolves when what it held at the call is done. */
  async windDown(): Promise<void> {
    this.#windingDown = true;
    await this.#asking;
    await Promise.all([...this.#held.values()].map(({ done }) => done));
  }

  carryOn(): void {
    this.#windingDown = false;
    this.hint();
  }

  /**
   * Ends what runs, gives it back, and resolves when nothing is left behind but results that the master lacks.
   * @param leaving there is no next start for this master: results are given up too
   */
  async stop({ leaving = false } = {}): Promise<void> {
    if (leaving) this.#keeps = false;
    this.#stopping.abort();
    this.#stance.stop();
    await this.#started;
    clearInterval(this.#beating);
    for (const assignment of this.#held.values()) assignment.stop();
    await Promise.all([this.#asking, this.#proving]);
    await Promise.all([...this.#held.values()].map(({ done }) => done));
  }

  get #jobs(): number {
    return this.#orders.settings.jobs ?? this.#parts.jobs;
  }

  #beat(): void {
    // A burst of words that the network held up would make the master take a grant that crossed them for forgotten.
    if (this.#telling) return;
    if (this.#attached) this.#tellHeld('job.beat');
    // The first word after a start or a cut did not get through.
    else if (!this.#asking) this.#tellHeld('job.attach');
  }

  #tellHeld(name: 'job.attach' | 'job.beat'): Promise<void> {
    this.#telling = this.#tell(name).finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #tell(name: 'job.attach' | 'job.beat'): Promise<void> {
    const held = [...this.#held.values()].filter(({ lost }) => !lost).map(({ lease }) => lease);
    try {
      const load = await this.#parts.load();
      // A master in this process closes its books as soon as this worker has ended.
      if (this.#stopping.signal.aborted) return;
      const { lost, ...orders } = await this.#parts.call(name, { held, yielding: this.yielding, load });
      for (const lease of lost) this.revoke(lease);
      if (!this.#attached) this.#wanting = true;
      this.#attached = true;
      this.#answered.resolve();
      this.#answered = Promise.withResolvers();
      this.obey(orders);
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  /** Asks until there is no room or no work; one question at a time. */
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
      if (this.#attached) await this.#stance.fresh();
      const ahead = this.#room();
      if (ahead === undefined) return;
      // A hint that comes while this question is under way makes for another one.
      this.#wanting = false;
      const grant = await this.#parts.call('job.lease', { ahead });
      if (!grant) continue;
      this.#take(grant);
      this.#wanting = true;
    }
  }

  /** Whether work can be taken: for now (false), to have it when a film is done (true), or not at all. */
  #room(): boolean | undefined {
    const mayAsk = this.#attached && !this.#stopping.signal.aborted && this.#orders.mode === 'active';
    if (!mayAsk || this.#windingDown || this.yielding) return undefined;
    const { ahead } = this.#parts.transfer;
    const held = [...this.#held.values()].filter(({ lost }) => !lost);
    const before = held.filter(({ converted }) => !converted).length;
    return held.length >= this.#jobs + ahead || before > this.#jobs ? undefined : before === this.#jobs;
  }

  #take(grant: Grant, result?: Result): void {
    const { call, log } = this.#parts;
    const assignment = new Assignment(grant, call, { onProgress: () => this.#parts.onProgress?.(), log });
    this.#held.set(keyOf(grant), assignment);
    if (this.#stopping.signal.aborted) assignment.stop();
    assignment.done = this.#run(assignment, result)
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#held.delete(keyOf(grant));
        this.#parts.onProgress?.();
        this.hint();
      });
  }

  async #run(assignment: Assignment, result?: Result): Promise<void> {
    const outcome = await this.#attempt(assignment, result);
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

  /** @returns how it ended, or undefined when the master needs no word of it */
  async #attempt(assignment: Assignment, result?: Result): Promise<Outcome | undefined> {
    const { grant, signal, name } = assignment;
    const { transfer, workspace } = this.#parts;
    const turns = result ? undefined : { fetch: this.#fetching.turn(), line: this.#lining.turn() };
    try {
      await Promise.race([turns?.fetch.comes, assignment.ended]);
      // Pictures that are encoded apart lie beside the result until they are in it.
      const copies = baseLayerOf(grant.plan) ? 2 : 1;
      const needed = result ? 0 : copies * grant.uselessAt + (await transfer.needs(grant));
      return await workspace.use({ name, needed, signal }, async (folder) => {
        const conversion = result ?? (await this.#convert(assignment, folder, turns));
        if (conversion.kind !== 'result') return conversion;
        if (this.#keeps && !result) await workspace.keep({ grant, result: conversion });
        await this.#deliver(assignment, conversion, folder);
        assignment.tell('handed over');
        return undefined;
      });
    } catch (error) {
      if (signal.aborted) return assignment.converted && this.#keeps ? undefined : { kind: 'released' };
      if (error instanceof Fault && error.code === 'fenced') return undefined;
      const reason = error instanceof Fault && error.code === 'node' ? error.message : nodeFaultReason(error);
      if (reason) return { kind: 'node', reason };
      return { kind: 'failed', reason: messageOf(error), log: (error as Error).stack ?? '' };
    } finally {
      turns?.fetch.pass();
      turns?.line.pass();
    }
  }

  async #convert(
    assignment: Assignment,
    folder: string,
    turns: { fetch: Turn; line: Turn } | undefined,
  ): Promise<Result | Outcome> {
    const { grant, signal, report } = assignment;
    const { transfer, converter } = this.#parts;
    const source = await transfer.source(grant, { folder, signal, report });
    turns?.fetch.pass();
    const work = { folder, signal, report, brake: this.#stance.brake };
    await converter.prepare(grant, source, work);
    await Promise.race([turns?.line.comes, assignment.ended]);
    const encoding = this.#encoding(async (): Promise<Result | Outcome> => {
      if (signal.aborted) return { kind: 'released' };
      const threads = this.#jobs > 1 ? Math.max(1, Math.floor(os.availableParallelism() / this.#jobs)) : undefined;
      return converter.convert(grant, source, { ...work, threads });
    });
    turns?.line.pass();
    const conversion = await encoding;
    if (signal.aborted) return { kind: 'released' };
    if (conversion.kind === 'result') {
      assignment.converted = true;
      this.hint();
      // What was fetched would only take room while the result is on its way.
      if (path.dirname(source) === folder) await rm(source, { force: true });
    }
    return conversion;
  }

  /** Hands a result over, as often as it takes. A stop leaves it for the next start, where results are kept. */
  async #deliver(assignment: Assignment, result: Result, folder: string): Promise<void> {
    const { grant, signal, report, name } = assignment;
    assignment.converted = true;
    for (;;) {
      try {
        await this.#parts.transfer.deliver(grant, result, { folder, signal, report });
        return faultPoint('delivered');
      } catch (error) {
        const again = error instanceof Fault && error.code === 'node';
        if (again) await Promise.race([this.#answered.promise, assignment.ended]);
        if (this.#keeps && signal.aborted && !assignment.lost) this.#parts.workspace.leave(name);
        if (!again || signal.aborted) throw error;
      }
    }
  }
}

const keyOf = ({ task, epoch }: Lease) => `${task}-${epoch}`;
