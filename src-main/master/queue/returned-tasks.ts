import type { Clock } from './leases.ts';

/** A task that comes back within this time of its grant was returned at once: nothing can have been converted, in ms. */
const AT_ONCE_MS = 10_000;
/** So often a task may come back at once before it rests. */
const FREE_RETURNS = 2;
/** Tasks in a row that a worker may return at once before it is halted: more than one that stops at its start can hold. */
const RETURNS_IN_A_ROW = 8;
/** A task that keeps coming back is given out at least so often, in ms. */
const MAX_REST_MS = 15 * 60_000;

interface Returned {
  /** The worker that returned it last. */
  worker: string;
  times: number;
  /** Until when it rests, by the monotonic clock. */
  until: number;
}

/**
 * Remembers the jobs that came back at once: each goes to another worker if there is one, and rests the longer the more often it
 * comes back, so that no worker can keep the queue busy with taking and returning.
 */
export class ReturnedTasks {
  readonly #clock: Clock;
  readonly #restMs: number;
  readonly #jobs = new Map<number, Returned>();
  readonly #inARow = new Map<string, number>();

  /** @param restMs how long a job rests first, twice as long each time after; in ms */
  constructor(clock: Clock, restMs: number) {
    this.#clock = clock;
    this.#restMs = restMs;
  }

  /**
   * Notes that a job came back without an outcome.
   * @param heldMs how long its worker held it
   * @returns true when the worker has returned enough in a row that it should be halted
   */
  note(job: number, worker: string, heldMs: number): boolean {
    if (heldMs > AT_ONCE_MS) {
      this.settled(job, worker);
      return false;
    }
    const times = (this.#jobs.get(job)?.times ?? 0) + 1;
    const rest = times <= FREE_RETURNS ? 0 : Math.min(this.#restMs * 2 ** (times - FREE_RETURNS - 1), MAX_REST_MS);
    this.#jobs.set(job, { worker, times, until: this.#clock.monotonic() + rest });
    const row = (this.#inARow.get(worker) ?? 0) + 1;
    this.#inARow.set(worker, row % RETURNS_IN_A_ROW);
    return row >= RETURNS_IN_A_ROW;
  }

  /** Forgets the returns of a job that has an outcome or was worked on, and those of its worker. */
  settled(job: number, worker: string): void {
    this.#jobs.delete(job);
    this.#inARow.delete(worker);
  }

  /**
   * Returns the jobs that a worker is not given now.
   * @param elsewhere true while another worker could take what this one returned
   */
  keptFrom(worker: string, elsewhere: boolean): number[] {
    const now = this.#clock.monotonic();
    return [...this.#jobs].flatMap(([job, returned]) =>
      returned.until > now || (elsewhere && returned.worker === worker) ? [job] : [],
    );
  }

  /** Forgets what came back long ago. @returns true while a job rests, so that workers have to be asked again later */
  sweep(): boolean {
    const now = this.#clock.monotonic();
    for (const [job, { until }] of this.#jobs) if (now - until > MAX_REST_MS) this.#jobs.delete(job);
    return this.#jobs.size > 0;
  }
}
