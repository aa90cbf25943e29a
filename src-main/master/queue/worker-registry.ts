import { isDeepStrictEqual } from 'node:util';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import type { Yielding } from '../../../src-shared/fleet/availability.ts';
import type { Load, WorkerState } from '../../../src-shared/fleet/worker-info.ts';
import type { Orders } from '../../../src-shared/jobs/lease.ts';
import type { MasterContext } from '../context.ts';
import type { SharedChunks } from './chunks/shared-chunks.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Leases } from './leases.ts';
import type { Member } from './member.ts';
import { type WorkerStatus, workerState, workerView } from './worker-view.ts';

/** A worker's connection and report while this process runs. */
interface Presence {
  connected: boolean;
  /** Why it takes no work by its own decision. */
  yielding: Yielding | null;
  load: Load | null;
}

/** Dependencies of a registry. */
export interface WorkerRegistryParts {
  /** All workers, including the local one. */
  members: () => Member[];
  leases: Leases;
  chunks: SharedChunks;
  breaker: CircuitBreaker;
}

/** The workers as they are now: which are connected, which may get work, and how users see them. */
export class WorkerRegistry {
  readonly #ctx: MasterContext;
  readonly #members: () => Member[];
  readonly #leases: Leases;
  readonly #chunks: SharedChunks;
  readonly #breaker: CircuitBreaker;
  readonly #present = new Map<string, Presence>();
  /** Views as published last, without what changes all the time. */
  readonly #published = new Map<string, string>();
  /** True while running conversions are paused on every worker. */
  #allPaused = false;

  constructor(ctx: MasterContext, { members, leases, chunks, breaker }: WorkerRegistryParts) {
    this.#ctx = ctx;
    this.#members = members;
    this.#leases = leases;
    this.#chunks = chunks;
    this.#breaker = breaker;
    breaker.onChange((worker, change) => (change === 'probation' ? this.changed(worker) : this.publish(worker)));
  }

  member(id: string): Member | undefined {
    return this.#members().find((member) => member.id === id);
  }

  /** Records that a worker's connection came up, or that its last one went down. */
  onConnected(id: string, connected: boolean): void {
    this.#presence(id).connected = connected;
    this.publish(id);
  }

  /** Records from a heartbeat whether a worker takes work, and how busy its computer is. */
  onMessage(id: string, yielding: Yielding | null, load: Load | null): void {
    const presence = this.#presence(id);
    const same = isDeepStrictEqual(presence.yielding, yielding);
    Object.assign(presence, { yielding, load });
    // Idle workers mostly repeat their previous heartbeat.
    if (!same || this.#leases.heldBy(id).length > 0) this.publish(id);
  }

  /** Sends a worker its new configuration after a user changed it, and publishes the worker. */
  changed(id: string): void {
    const member = this.member(id);
    if (!member) return;
    this.#ctx.emit('orders', { worker: id, ...this.configFor(member) });
    this.publish(id);
    if (member.mode === 'active') this.#ctx.emit('work', {});
  }

  /** Returns the current orders of a worker. */
  configFor({ id, settings, mode }: Member): Orders {
    const prove = this.#breaker.probationOf(id) !== undefined;
    return { settings, mode: this.#allPaused ? 'paused' : mode, prove };
  }

  /** Pauses or resumes the running conversions of every worker. */
  pauseAll(on: boolean): void {
    if (on === this.#allPaused) return;
    this.#allPaused = on;
    for (const { id } of this.#members()) this.changed(id);
  }

  /** Forgets a removed worker. */
  forget(id: string): void {
    this.#breaker.forget(id);
    this.#present.delete(id);
    this.#published.delete(id);
  }

  /** Returns true if a worker may get work. Whether it's connected is a separate matter. */
  mayWork(id: string): boolean {
    const member = this.member(id);
    // While leases are revoked because workers are no longer accepted, they must not get the same tasks again.
    const accepted = member?.local || this.#ctx.settings().lead;
    return accepted && member?.mode === 'active' && this.#faultOf(id) === undefined;
  }

  /** Workers that are connected, whether or not they take work. */
  get connected(): Member[] {
    return this.#members().filter(({ id }) => this.#presence(id).connected);
  }

  /** Workers that are connected and take work. */
  get ready(): Member[] {
    return this.connected.filter(({ id }) => this.#presence(id).yielding === null && this.mayWork(id));
  }

  /** Returns the other workers that are connected and take work. */
  othersThan(id: string): Member[] {
    return this.ready.filter((member) => member.id !== id);
  }

  /** The fault of the first connected worker if every one is at fault. */
  get fault(): string | undefined {
    const faults = this.connected.map(({ id }) => this.#breaker.faultOf(id));
    return faults.every((fault) => fault !== undefined) ? faults[0] : undefined;
  }

  /** True while a connected worker has to pass a self-test. */
  get isTesting(): boolean {
    return this.connected.some(({ id }) => this.#breaker.probationOf(id) !== undefined);
  }

  /** True when the running conversions of every connected worker are suspended, by a user or by their pause rules. */
  get isSuspended(): boolean {
    const { connected } = this;
    return connected.length > 0 && connected.every((member) => this.#isSuspended(member));
  }

  views(): WorkerView[] {
    return this.#members().map((member) => this.#view(member));
  }

  view(id: string): WorkerView | undefined {
    const member = this.member(id);
    return member && this.#view(member);
  }

  /** Returns the state of every worker, which costs no query. */
  states(): { name: string; state: WorkerState; fault: boolean }[] {
    return this.#members().map((member) => ({
      name: member.name,
      state: workerState(this.#status(member)),
      fault: this.#breaker.faultOf(member.id) !== undefined,
    }));
  }

  /** Publishes every worker that changed: some states depend on time alone. */
  publishAll(): void {
    for (const { id } of this.#members()) this.publish(id);
  }

  /** Publishes a worker if anything changed except the progress of its tasks. */
  publish(id: string): void {
    const member = this.member(id);
    if (!member) return;
    this.#leases.setSuspended(id, this.#isSuspended(member));
    const view = this.#view(member);
    const { running, seenAt: _, load: __, ...rest } = view;
    const published = JSON.stringify([rest, running.map(({ task }) => task)]);
    if (this.#published.get(id) === published) return;
    this.#published.set(id, published);
    this.#ctx.emit('worker', view);
  }

  #isSuspended({ id, mode }: Member): boolean {
    return this.#allPaused || mode === 'paused' || this.#presence(id).yielding?.held === true;
  }

  #faultOf(id: string): string | undefined {
    return this.#breaker.faultOf(id) ?? this.#breaker.probationOf(id);
  }

  #presence(id: string): Presence {
    const known = this.#present.get(id);
    if (known) return known;
    const presence: Presence = { connected: false, yielding: null, load: null };
    this.#present.set(id, presence);
    return presence;
  }

  #status(member: Member): WorkerStatus {
    const held = this.#leases.heldBy(member.id);
    return {
      member,
      ...this.#presence(member.id),
      fault: this.#faultOf(member.id),
      allPaused: this.#allPaused,
      gone: this.#leases.isGone(member.id),
      suspect: held.some((task) => this.#leases.isSuspect(task)),
      running: held.map(({ view }) => view),
      helping: this.#helping(member.id),
    };
  }

  /** The videos of other workers that a worker encodes a chunk of. */
  #helping(id: string): WorkerView['helping'] {
    return this.#chunks.helpOf(id).flatMap(({ task }) => {
      const view = this.#leases.get(task)?.view;
      return view ? { task, file: view.file, path: view.path, worker: view.worker } : [];
    });
  }

  #view(member: Member): WorkerView {
    const { storage, jobs } = this.#ctx;
    return workerView(this.#status(member), { storage: storage.of(member.id), ...jobs.results(member.id) });
  }
}
