import { isDeepStrictEqual } from 'node:util';
import type { Emit } from '../../../src-shared/contract/index.ts';

/** How often a pause with an end compares the clock, in ms: timers stop while the computer sleeps. */
const CLOCK_MS = 30_000;

/** One reason for a pause. */
interface Cause {
  reason: string;
  byUser: boolean;
  /** True: running conversions are paused too, on every worker. */
  held: boolean;
  /** When it ends automatically, in ms since 1970; null: when someone ends it. */
  until: number | null;
}

/** The pause of the queue: by the user, or for a fault of this computer or of every worker. */
export class QueuePause {
  readonly #emit: Emit;
  readonly #commonFault: () => string | undefined;
  readonly #retryMs: number;
  readonly #pauseRunning: (on: boolean) => void;
  #set: Cause | undefined;
  /** As published last; initially not paused. */
  #published: Pick<QueuePause, 'reason' | 'held' | 'until'> = { reason: null, held: false, until: null };
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param parts - `commonFault` returns the fault that keeps all workers from working; `retryMs` is when work resumes after a
   *   fault; `pauseRunning` pauses or resumes running conversions too
   */
  constructor(
    emit: Emit,
    parts: { commonFault: () => string | undefined; retryMs: number; pauseRunning: (on: boolean) => void },
  ) {
    this.#emit = emit;
    this.#commonFault = parts.commonFault;
    this.#retryMs = parts.retryMs;
    this.#pauseRunning = parts.pauseRunning;
  }

  /** The reason as one sentence; null while the queue isn't paused. */
  get reason(): string | null {
    return this.#set?.reason ?? this.#commonFault() ?? null;
  }

  /** True while paused for another reason than faults of workers. */
  get on(): boolean {
    return this.#set !== undefined;
  }

  get byUser(): boolean {
    return this.#set?.byUser ?? false;
  }

  /** True while running conversions are paused too. */
  get held(): boolean {
    return this.#set?.held ?? false;
  }

  /** When it ends automatically, in ms since 1970; null if no one has set a time. */
  get until(): number | null {
    return this.#set?.until ?? null;
  }

  /** Pauses for a fault of this computer. It ends automatically, to try again, and never replaces a pause by the user. */
  beginFor(reason: string): void {
    this.begin({ reason, byUser: false, held: false, until: null });
  }

  /** Pauses the queue. */
  begin(pause: Cause): void {
    if (this.#set?.byUser && !pause.byUser) return;
    this.#set = pause;
    this.#pauseRunning(pause.held);
    clearTimeout(this.#retry);
    if (pause.until !== null) this.#endAt(pause.until);
    else if (!pause.byUser) this.#endIn(this.#retryMs, () => this.end());
    this.publish();
  }

  #endAt(until: number): void {
    const left = until - Date.now();
    if (left <= 0) this.end();
    else this.#endIn(Math.min(left, CLOCK_MS), () => this.#endAt(until));
  }

  #endIn(ms: number, end: () => void): void {
    this.#retry = setTimeout(end, ms);
    this.#retry.unref();
  }

  /** Resumes the queue. */
  end(): void {
    this.stop();
    this.#set = undefined;
    this.#pauseRunning(false);
    this.publish();
    this.#emit('work', {});
  }

  /** Publishes the pause if it changed. */
  publish(): void {
    const { reason, held, until } = this;
    const now = { reason, held, until };
    if (isDeepStrictEqual(now, this.#published)) return;
    this.#published = now;
    this.#emit('paused', { reason });
  }

  stop(): void {
    clearTimeout(this.#retry);
  }
}
