/** Longest wait between two tries to take in a result, in ms. */
const MAX_WAIT_MS = 900_000;

/** The result is fine but can't be accepted now: it stays where it came from until it's delivered again. */
export class RetryLater extends Error {}

/** What results wait for, by a key of the caller's: while it is held, nothing of it is tried. */
export class PostponedResults {
  readonly #retryMs: number;
  /** Until when, in ms of the monotonic clock. */
  readonly #held = new Map<string, { reason: string; until: number }>();

  /** @param retryMs how long a first wait is, in ms */
  constructor(retryMs: number) {
    this.#retryMs = retryMs;
  }

  /** Why something is not tried now; undefined where it may be. */
  why(key: string): string | undefined {
    const held = this.#held.get(key);
    return held && performance.now() < held.until ? held.reason : undefined;
  }

  /** Postpones a result; the wait doubles with each of the failed `times`. */
  begin(key: string, reason: string, times = 1): void {
    const wait = Math.min(this.#retryMs * 2 ** (times - 1), MAX_WAIT_MS);
    this.#held.set(key, { reason, until: performance.now() + wait });
  }

  /** @returns false when it was not held, nor had been */
  end(key: string): boolean {
    return this.#held.delete(key);
  }
}
