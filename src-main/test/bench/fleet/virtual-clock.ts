import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/** Turns of the event loop without work after which nothing but timers can bring more. */
const IDLE_TURNS = 3;
/** Names of the requests by which Node waits for a disk: FSReqCallback, FSReqPromise, CloseReq. */
const DISK = /Req/;

interface Alarm {
  due: number;
  /** Of those that are due at the same time, the first that was set rings first. */
  order: number;
  ring: () => void;
  /** Of an interval, in ms. */
  every?: number;
}

/** What `setTimeout` returns, as far as it is used. */
class VirtualTimer {
  readonly #clock: VirtualClock;
  readonly alarm: Alarm;

  constructor(clock: VirtualClock, alarm: Alarm) {
    this.#clock = clock;
    this.alarm = alarm;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  close(): this {
    this.#clock.clear(this);
    return this;
  }
}

type Callback = (...args: unknown[]) => void;

/**
 * Replaces the timers and clocks of this process by simulated ones: as soon as nothing but a timer is left to wait for, the time of the next
 * timer has come. Work takes no time, and all waits keep their proportions, however long they are.
 */
export class VirtualClock {
  readonly #alarms = new Set<Alarm>();
  readonly #wall = Date.now();
  #now = 0;
  #order = 0;

  /** Ms since the clock was made. */
  get now(): number {
    return this.#now;
  }

  /** Puts this clock in the place of Node's, until the returned function is called. */
  install(): () => void {
    const real = { setTimeout, setInterval, clearTimeout, clearInterval };
    const [realWait, realNow, realDate] = [timers.setTimeout, performance.now, Date.now];
    const put = (parts: object, wait: unknown, now: () => number, date: () => number) => {
      Object.assign(globalThis, parts);
      Object.assign(timers, { setTimeout: wait });
      syncBuiltinESMExports();
      performance.now = now;
      Date.now = date;
    };
    const clear = (timer: unknown) => {
      if (timer instanceof VirtualTimer) this.clear(timer);
      else real.clearTimeout(timer as NodeJS.Timeout);
    };
    const virtual = {
      setTimeout: (ring: Callback, ms = 0, ...args: unknown[]) => this.#set(() => ring(...args), ms),
      setInterval: (ring: Callback, ms = 0, ...args: unknown[]) => this.#set(() => ring(...args), ms, Math.max(1, ms)),
      clearTimeout: clear,
      clearInterval: clear,
    };
    const wait = (ms?: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      this.wait(ms ?? 0, signal).then(() => value);
    put(
      virtual,
      wait,
      () => this.#now,
      () => this.#wall + this.#now,
    );
    return () => put(real, realWait, realNow, realDate);
  }

  #set(ring: () => void, ms: number, every?: number): VirtualTimer {
    this.#order += 1;
    const due = this.#now + Math.max(1, Number(ms) || 0);
    const alarm = { due, order: this.#order, ring, ...(every !== undefined && { every }) };
    this.#alarms.add(alarm);
    return new VirtualTimer(this, alarm);
  }

  clear({ alarm }: VirtualTimer): void {
    this.#alarms.delete(alarm);
  }

  /** Resolves after so many ms. @throws the reason of the aborted `signal` */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.clear(timer);
        reject(signal?.reason);
      };
      const timer = this.#set(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * Lets time go by until `isOver`.
   * @throws when that can't happen any more, or didn't within `most` ms
   */
  async runUntil(isOver: () => boolean, most: number): Promise<void> {
    for (;;) {
      await settled();
      if (isOver()) return;
      const next = this.#next();
      if (!next || next.due > most) throw new Error(`the simulation did not end within ${most / 1000} s`);
      this.#now = Math.max(this.#now, next.due);
      if (next.every === undefined) this.#alarms.delete(next);
      else Object.assign(next, { due: this.#now + next.every, order: ++this.#order });
      next.ring();
    }
  }

  #next(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms)
      if (!first || alarm.due < first.due || (alarm.due === first.due && alarm.order < first.order)) first = alarm;
    return first;
  }
}

/** Resolves when this process has nothing to do and waits for no disk. */
async function settled(): Promise<void> {
  for (let idle = 0; idle < IDLE_TURNS; idle += 1) {
    await new Promise(setImmediate);
    if (process.getActiveResourcesInfo().some((kind) => DISK.test(kind))) idle = -1;
  }
}
