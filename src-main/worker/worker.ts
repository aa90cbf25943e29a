import pLimit from 'p-limit';
import type { Caller } from '../../src-shared/contract.ts';
import { messageOf } from '../../src-shared/errors.ts';
import type { Grant, Lease, Orders, Progress } from '../../src-shared/lease.ts';
import { shorten } from '../../src-shared/plain-text.ts';
import { type Load, WORKER_DEFAULTS } from '../../src-shared/worker-info.ts';
import type { Yielding } from '../../src-shared/yielding.ts';
import type { Logger } from '../log.ts';
import { Assignment } from './assignment.ts';
import { type AttemptParts, Attempts } from './attempts.ts';
import type { Pace } from './citizen.ts';
import type { DisturbanceSignals } from './disturbance.ts';
import { Stance } from './stance.ts';
import type { Result } from './transfer.ts';

/** How often a worker tells its master what it holds, in ms. */
const BEAT_MS = 10_000;

/** What a worker is made of; the number of films at a time is its own unless the master's user says otherwise. */
export interface WorkerParts extends Pick<AttemptParts, 'transfer' | 'converter' | 'workspace' | 'keeps' | 'jobs'> {
  call: Caller;
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
  readonly #attempts: Attempts;
  readonly #stopping = new AbortController();
  readonly #stance: Stance;
  #orders: Orders = { settings: WORKER_DEFAULTS, mode: 'active', prove: false };
  /** The node wants to end: no more work is taken. */
  #windingDown = false;
  /** The master knows what is held: from then on work may be asked for. */
  #attached = false;
  #asking: Promise<void> | undefined;
  #telling: Promise<void> | undefined;
  #proving: Promise<void> | undefined;
  /** Self-tests share a folder. */
  readonly #testing = pLimit(1);
  /** Whether this computer can convert at all; undefined until it has been tried. */
  #fit: boolean | undefined;
  /** False after a no, until there may be work again. */
  #wanting = true;
  #started: Promise<void> | undefined;
  #beating: NodeJS.Timeout | undefined;
  /** Resolves at the next heartbeat that the master answered. */
  #answered = Promise.withResolvers<void>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { signals, pace } = parts;
    const isBusy = () => this.#held.size > 0;
    this.#stance = new Stance({ signals, pace, isBusy, changed: (yielding) => this.#onStance(yielding) });
    this.#attempts = new Attempts({
      ...parts,
      brake: this.#stance.brake,
      onConverted: () => this.hint(),
      answered: () => this.#answered.promise,
    });
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
    const kept = this.#parts.keeps ? await this.#parts.workspace.kept() : [];
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
    this.#attempts.jobs = orders.settings.jobs ?? this.#parts.jobs;
    this.#stance.obey(orders);
    this.#parts.transfer.limit(orders.settings.bandwidth);
    this.#parts.onOrders?.(orders);
    if (orders.prove) this.#prove();
    this.#ask();
  }

  /** Tells the master whether this computer can convert anything at all. */
  #prove(): void {
    const { signal } = this.#stopping;
    const { call, onFault } = this.#parts;
    this.#proving ??= this.#test({ anew: true })
      .then(async (problem) => {
        this.#fit = problem === null;
        if (!signal.aborted) await call('worker.prove', { problem });
      })
      .catch(onFault)
      .finally(() => {
        this.#proving = undefined;
      });
  }

  #test(how: { anew: boolean }): Promise<string | null> {
    const { signal } = this.#stopping;
    const { converter, workspace } = this.#parts;
    const test = () =>
      workspace.use({ name: 'test', needed: 0, signal }, (folder) => converter.test(folder, signal, how));
    return this.#testing(test)
      .catch(messageOf)
      .then((problem) => problem && shorten(problem));
  }

  /** Before the first video: a computer that cannot convert a known one says so, and takes none until it can. */
  async #isFit(): Promise<boolean> {
    if (this.#fit !== undefined) return this.#fit;
    const problem = await this.#test({ anew: false });
    if (this.#stopping.signal.aborted) return false;
    if (problem !== null) await this.#parts.call('worker.prove', { problem });
    // What it was asked to prove in the meantime is the newer word.
    this.#fit ??= problem === null;
    return this.#fit;
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
    if (leaving) this.#attempts.giveUp();
    this.#stopping.abort();
    this.#stance.stop();
    await this.#started;
    clearInterval(this.#beating);
    for (const assignment of this.#held.values()) assignment.stop();
    await Promise.all([this.#asking, this.#proving]);
    await Promise.all([...this.#held.values()].map(({ done }) => done));
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
      if (ahead === undefined || !(await this.#isFit())) return;
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
    const { jobs } = this.#attempts;
    return held.length >= jobs + ahead || before > jobs ? undefined : before === jobs;
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
    const outcome = await this.#attempts.make(assignment, result);
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
