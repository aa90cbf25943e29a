import type { Caller } from '../../../src-shared/contract/index.ts';
import { type Grant, type Lease, LOG_LENGTH, type Outcome, type Progress } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { shorten } from '../../../src-shared/util/plain-text.ts';
import type { Logger } from '../../log/logger.ts';
import { aborted } from '../../util/abort.ts';

/** Interval of progress reports within a stage, in ms. */
const TELL_MS = 500;

/** One task that this worker holds, from the grant to the master's last word on it. */
export class ActiveTask {
  readonly grant: Grant;
  /** Resolves when this node is rid of it. */
  done: Promise<void> = Promise.resolve();
  /** Encoded: it only has to be handed over. */
  converted = false;
  /** How far it is. */
  progress: Progress = { stage: 'preparing' };
  /** Resolves when the work is to end. */
  readonly ended: Promise<void>;
  readonly #call: Caller;
  readonly #onProgress: () => void;
  readonly #log: Logger | undefined;
  #stage: string | undefined;
  #toldAt = 0;
  /** Chunks that are done, and when the last of them was. */
  #chunks: { done: number; at: number } | undefined;
  readonly #end = new AbortController();
  #lost = false;

  /** @param observers - `onProgress` is called after each step; `log` receives the steps that matter later */
  constructor(grant: Grant, call: Caller, observers: { onProgress: () => void; log?: Logger | undefined }) {
    this.grant = grant;
    this.#call = call;
    this.#onProgress = observers.onProgress;
    const { job, task, epoch, file } = grant;
    this.#log = observers.log?.child({ ...(job !== undefined && { job }), task, epoch, file });
    this.record('taken');
    this.ended = aborted(this.signal);
  }

  get lease(): Lease {
    return { task: this.grant.task, epoch: this.grant.epoch };
  }

  /** Of its folder. */
  get name(): string {
    return `${this.grant.task}-${this.grant.epoch}`;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** True when the lease was lost: nothing more is reported to the master. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Seconds of work that would be repeated if it ended now; undefined if the video starts over. */
  get secondsAtRisk(): number | undefined {
    if (this.converted) return 0;
    return this.#chunks && (performance.now() - this.#chunks.at) / 1000;
  }

  /** Writes a line about this task to the log. */
  record(what: string, facts: object = {}): void {
    this.#log?.info(facts, `${this.grant.path}: ${what}`);
  }

  /** Ends the work because the lease was lost. */
  lose(): void {
    const why = this.converted ? 'done; the master needs nothing more' : 'lost; it was reassigned or canceled';
    if (!this.#lost) this.record(why);
    this.#lost = true;
    this.#end.abort();
  }

  /** Ends the work because this node stops. */
  stop(): void {
    this.#end.abort();
  }

  /** Reports progress to the master. A refusal ends the work; a lost connection doesn't. */
  readonly report = (progress: Progress): void => {
    this.progress = progress;
    const now = performance.now();
    const { chunks } = progress;
    if (chunks && chunks.done !== this.#chunks?.done) this.#chunks = { done: chunks.done, at: now };
    if (!chunks && progress.stage === 'encoding') this.#chunks = undefined;
    if (progress.stage !== this.#stage) this.record(progress.stage);
    else if (now - this.#toldAt < TELL_MS) return;
    this.#stage = progress.stage;
    this.#toldAt = now;
    this.#onProgress();
    this.#call('job.progress', { ...this.lease, progress }).catch((error: unknown) => this.#loseOn(error));
  };

  /**
   * Returns the task to the master with its outcome.
   * @throws when the master can't be reached
   */
  async giveBack(outcome: Outcome): Promise<void> {
    const reported = {
      ...outcome,
      ...('log' in outcome && { log: outcome.log.slice(-LOG_LENGTH) }),
      ...('reason' in outcome && outcome.reason && { reason: shorten(outcome.reason) }),
    } as Outcome;
    const { kind, ...rest } = reported;
    this.record(`returned (${kind})`, rest);
    try {
      await this.#call('job.finish', { ...this.lease, outcome: reported });
    } catch (error) {
      if (!this.#loseOn(error)) throw error;
    }
  }

  /** @returns true when the error says that the lease is lost */
  #loseOn(error: unknown): boolean {
    const refused = error instanceof Fault && (error.code === 'fenced' || error.code === 'denied');
    if (refused) this.lose();
    return refused;
  }
}
