import { isDeepStrictEqual } from 'node:util';
import type { WorkerView } from '../../src-shared/fleet-view.ts';
import type { Orders } from '../../src-shared/lease.ts';
import type { Hello } from '../../src-shared/protocol.ts';
import type { Load, WorkerMode, WorkerSettings, WorkerState } from '../../src-shared/worker-info.ts';
import type { Yielding } from '../../src-shared/yielding.ts';
import { yieldingSentence } from '../../src-shared/yielding-words.ts';
import type { MasterContext } from './context.ts';
import type { Leases } from './leases.ts';

/** A worker as the master knows it for good. */
export interface Member {
  id: string;
  name: string;
  /** True for the one in the master's own process. */
  local: boolean;
  mode: WorkerMode;
  settings: WorkerSettings;
  hello: Hello | null;
  /** Milliseconds since 1970. */
  addedAt: number;
  seenAt: number | null;
}

/** A worker at fault is tried again at least so often. */
const LONGEST_RETRY_MS = 15 * 60_000;

/** Why a worker takes no more work, by its mode. */
const WISHES: Record<WorkerMode, string | null> = {
  active: null,
  paused: 'Paused by you.',
  draining: 'It ends what it has and takes no more, as you asked.',
};

/** What is known of a worker while this process lives. */
interface Presence {
  linked: boolean;
  /** Why it takes no work by its own decision. */
  yielding: Yielding | null;
  load: Load | null;
  /** What has to be put right on it before it can work. */
  fault: string | undefined;
  /** Why it has to prove first that it can work. */
  doubt: string | undefined;
  retry: NodeJS.Timeout | undefined;
  /** Faults since it last did something well. */
  faults: number;
}

/** What a fleet is made of. */
export interface FleetParts {
  /** All workers, the local one among them. */
  members: () => Member[];
  leases: Leases;
  /** How soon a worker at fault is tried again, twice as late each time that it was in vain; in ms. */
  retryMs: number;
  /** Told when a worker is at fault, or is not any more. */
  onFaults: () => void;
}

/** The workers as they are now: who is there, who may be given work, and who waits for something to be put right. */
export class Fleet {
  readonly #ctx: MasterContext;
  readonly #members: () => Member[];
  readonly #leases: Leases;
  readonly #retryMs: number;
  readonly #onFaults: () => void;
  readonly #present = new Map<string, Presence>();
  readonly #shown = new Map<string, string>();
  #still = false;

  constructor(ctx: MasterContext, parts: FleetParts) {
    this.#ctx = ctx;
    this.#members = parts.members;
    this.#leases = parts.leases;
    this.#retryMs = parts.retryMs;
    this.#onFaults = parts.onFaults;
  }

  stop(): void {
    for (const { retry } of this.#present.values()) clearTimeout(retry);
  }

  member(id: string): Member | undefined {
    return this.#members().find((member) => member.id === id);
  }

  /** A worker's connection came up, or the last one went down. */
  linked(id: string, linked: boolean): void {
    this.#presence(id).linked = linked;
    this.show(id);
  }

  /** A worker told whether it takes work, and if not, why, and how busy its computer is. */
  heard(id: string, yielding: Yielding | null, load: Load | null): void {
    const presence = this.#presence(id);
    const same = isDeepStrictEqual(presence.yielding, yielding);
    Object.assign(presence, { yielding, load });
    // Of many that have nothing to do, most say the same each time.
    if (!same || this.#leases.of(id).length > 0) this.show(id);
  }

  /** Whether what a worker holds stands still, by a user's wish or its own decision. */
  #standsStill({ id, mode }: Member): boolean {
    return this.#still || mode === 'paused' || this.#presence(id).yielding?.held === true;
  }

  /** A user changed something about a worker: it and the users are told. */
  changed(id: string): void {
    const member = this.member(id);
    if (!member) return;
    this.#ctx.emit('orders', { worker: id, ...this.ordersFor(member) });
    this.show(id);
    if (member.mode === 'active') this.#ctx.emit('work', {});
  }

  /** What a worker is to do now. */
  ordersFor({ id, settings, mode }: Member): Orders {
    const prove = this.#presence(id).doubt !== undefined;
    return { settings, mode: this.#still ? 'paused' : mode, prove };
  }

  /** Every worker lets what it has stand still, or goes on. */
  standStill(on: boolean): void {
    if (on === this.#still) return;
    this.#still = on;
    for (const { id } of this.#members()) this.changed(id);
  }

  /** A worker was removed: nothing of it is remembered. */
  forget(id: string): void {
    clearTimeout(this.#present.get(id)?.retry);
    this.#present.delete(id);
    this.#shown.delete(id);
  }

  /**
   * The circuit breaker: this worker is given no work, until it is tried again.
   * @param how `prove`: what is tried is no film but whether it can do its work at all
   */
  halt(id: string, reason: string, { prove = false } = {}): void {
    const presence = this.#presence(id);
    presence.fault = reason;
    presence.doubt = undefined;
    clearTimeout(presence.retry);
    const wait = Math.min(this.#retryMs * 2 ** presence.faults, LONGEST_RETRY_MS);
    presence.faults += 1;
    presence.retry = setTimeout(() => (prove ? this.doubt(id, reason) : this.recovered(id, false)), wait);
    presence.retry.unref();
    this.show(id);
    this.#onFaults();
  }

  /** This worker is given no work until it has proven that it can do it; until then that is no fault. */
  doubt(id: string, reason: string): void {
    this.#presence(id).doubt = reason;
    this.changed(id);
  }

  /** True while a worker that is there has to prove that it can do its work. */
  get doubting(): boolean {
    return [...this.#present.values()].some(({ linked, doubt }) => linked && doubt !== undefined);
  }

  /** A worker that was at fault is given work again; `proven` when it did something well. */
  recovered(id: string, proven: boolean): void {
    const presence = this.#presence(id);
    if (proven) presence.faults = 0;
    if (presence.fault === undefined && presence.doubt === undefined) return;
    presence.fault = presence.doubt = undefined;
    clearTimeout(presence.retry);
    this.show(id);
    this.#onFaults();
    this.#ctx.emit('work', {});
  }

  /** Tries every worker again at once. */
  recoverAll(): void {
    for (const id of this.#present.keys()) this.recovered(id, false);
  }

  /** Whether a worker is given work; being connected is its own matter. */
  mayWork(id: string): boolean {
    const member = this.member(id);
    const { fault, doubt } = this.#presence(id);
    // While others are dismissed, they would ask for what was just taken from them.
    const isLed = member?.local || this.#ctx.settings().lead;
    return isLed && member?.mode === 'active' && fault === undefined && doubt === undefined;
  }

  /** Workers that are there, whether they take work now or not. */
  get connected(): Member[] {
    return this.#members().filter(({ id }) => this.#presence(id).linked);
  }

  /** Workers that are there and take work. */
  get ready(): Member[] {
    return this.#members().filter(({ id }) => {
      const { linked, yielding } = this.#presence(id);
      return linked && yielding === null && this.mayWork(id);
    });
  }

  /** Other workers that are there and take work. */
  othersThan(id: string): Member[] {
    return this.ready.filter((member) => member.id !== id);
  }

  /** The fault that keeps all of the workers that are there from working, if so. */
  get fault(): string | undefined {
    const there = this.#members()
      .map(({ id }) => this.#presence(id))
      .filter(({ linked }) => linked);
    return there.every(({ fault }) => fault !== undefined) ? there[0]?.fault : undefined;
  }

  /** True when all of the workers that are there stand still: by a user's wish, or because they step back for theirs. */
  get standsStill(): boolean {
    const there = this.#members().filter(({ id }) => this.#presence(id).linked);
    return there.length > 0 && there.every((member) => this.#standsStill(member));
  }

  views(): WorkerView[] {
    return this.#members().map((member) => this.#view(member));
  }

  view(id: string): WorkerView | undefined {
    const member = this.member(id);
    return member && this.#view(member);
  }

  /** As time goes by, the state of a worker may change without an event. */
  showAll(): void {
    for (const { id } of this.#members()) this.show(id);
  }

  /** Tells users about a worker when anything but the progress of its tasks is different. */
  show(id: string): void {
    const member = this.member(id);
    if (!member) return;
    this.#leases.standStill(id, this.#standsStill(member));
    const view = this.#view(member);
    const { running, seenAt: _, load: __, ...rest } = view;
    const shown = JSON.stringify([rest, running.map(({ task }) => task)]);
    if (this.#shown.get(id) === shown) return;
    this.#shown.set(id, shown);
    this.#ctx.emit('worker', view);
  }

  #presence(id: string): Presence {
    const known = this.#present.get(id);
    if (known) return known;
    const presence: Presence = {
      ...{ linked: false, yielding: null, load: null },
      ...{ fault: undefined, doubt: undefined, retry: undefined, faults: 0 },
    };
    this.#present.set(id, presence);
    return presence;
  }

  /** How every worker is, without what has to be looked up. */
  brief(): { name: string; state: WorkerState; fault: boolean }[] {
    return this.#members().map((member) => {
      const { fault } = this.#presence(member.id);
      return { name: member.name, state: this.#state(member), fault: fault !== undefined };
    });
  }

  #state(member: Member, held = this.#leases.of(member.id)): WorkerState {
    const suspect = held.some((task) => this.#leases.isSuspect(task));
    const { fault, doubt, ...presence } = this.#presence(member.id);
    const busy = held.length > 0;
    return stateOf({ ...presence, fault: fault ?? doubt, member, still: this.#still, suspect, busy });
  }

  #view(member: Member): WorkerView {
    const { linked, yielding, load, doubt, ...presence } = this.#presence(member.id);
    const fault = presence.fault ?? doubt;
    const held = this.#leases.of(member.id);
    const still = this.#still;
    const busy = held.length > 0;
    const state = this.#state(member, held);
    const why = yielding && yieldingSentence(yielding, { here: member.local, busy });
    const { id, name, local, mode, settings, addedAt, seenAt } = member;
    const hello = member.hello && briefly(member.hello);
    const problem = {
      suspect: `${name} has not been heard of for a while; what it works on is given to others if it stays silent.`,
      waiting: fault ?? null,
      paused: WISHES[mode] ?? (still ? 'Everything stands still, as you asked.' : why),
      yielding: why,
      offline: null,
      working: WISHES[mode] ?? why,
      idle: null,
    }[state];
    return {
      ...{ id, name, local, mode, settings, hello, addedAt, seenAt },
      connected: linked,
      load,
      state,
      problem,
      running: held.map(({ view }) => view),
      storage: this.#ctx.storage.of(member.id),
      ...this.#ctx.jobs.results(member.id),
    };
  }
}

/** How a worker introduced itself, without the hundreds of codecs that it decodes: they would be sent with each word about it. */
function briefly({ computer, ...hello }: Hello): Hello {
  const { decoders: _, ...ffmpeg } = computer.ffmpeg;
  return { ...hello, computer: { ...computer, ffmpeg } };
}

function stateOf(now: {
  member: Member;
  still: boolean;
  linked: boolean;
  yielding: Yielding | null;
  fault: string | undefined;
  suspect: boolean;
  busy: boolean;
}): WorkerState {
  if (now.suspect) return 'suspect';
  if (!now.linked && !now.busy) return 'offline';
  if (now.still || now.member.mode === 'paused') return 'paused';
  if (now.fault !== undefined) return 'waiting';
  const { yielding, busy } = now;
  if (yielding && (yielding.held || !busy)) return yielding.cause === 'user' ? 'paused' : 'yielding';
  if (busy) return 'working';
  return now.member.mode === 'draining' ? 'paused' : 'idle';
}
