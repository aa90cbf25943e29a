import type { Caller } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type Grant, type Lease, LOG_LENGTH, type Outcome, type Progress } from '../../src-shared/lease.ts';
import { shorten } from '../../src-shared/plain-text.ts';
import { aborted } from '../aborted.ts';
import type { Logger } from '../log.ts';

/** Within a stage it is told so often how far it is, in ms. */
const TELL_MS = 500;

/** One task that this worker holds, from the grant to the master's last word on it. */
export class Assignment {
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
  readonly #end = new AbortController();
  #lost = false;

  /** @param told `onProgress` of every step; `log` of those that matter later */
  constructor(grant: Grant, call: Caller, told: { onProgress: () => void; log?: Logger | undefined }) {
    this.grant = grant;
    this.#call = call;
    this.#onProgress = told.onProgress;
    const { job, task, epoch, file } = grant;
    this.#log = told.log?.child({ ...(job !== undefined && { job }), task, epoch, file });
    this.tell('taken');
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

  /** True when the lease is no longer ours: no word of it to the master. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Writes a line about this task to the log. */
  tell(what: string, facts: object = {}): void {
    this.#log?.info(facts, `${this.grant.path}: ${what}`);
  }

  /** Ends the work: the lease is not ours any more. */
  lose(): void {
    const why = this.converted
      ? 'over; the master needs nothing more of it'
      : 'lost; it is not ours or not wanted any more';
    if (!this.#lost) this.tell(why);
    this.#lost = true;
    this.#end.abort();
  }

  /** Ends the work: this node stops. */
  stop(): void {
    this.#end.abort();
  }

  /** Tells the master how far it is; a cut connection is no reason to stop, a refusal is. */
  readonly report = (progress: Progress): void => {
    this.progress = progress;
    const now = performance.now();
    if (progress.stage !== this.#stage) this.tell(progress.stage);
    else if (now - this.#toldAt < TELL_MS) return;
    this.#stage = progress.stage;
    this.#toldAt = now;
    this.#onProgress();
    this.#call('job.progress', { ...this.lease, progress }).catch((error: unknown) => this.#loseOn(error));
  };

  /**
   * Gives it back with its outcome.
   * @throws what keeps the master from hearing it
   */
  async giveBack(outcome: Outcome): Promise<void> {
    const told = {
      ...outcome,
      ...('log' in outcome && { log: outcome.log.slice(-LOG_LENGTH) }),
      ...('reason' in outcome && outcome.reason && { reason: shorten(outcome.reason) }),
    } as Outcome;
    const { kind, ...rest } = told;
    this.tell(`given back (${kind})`, rest);
    try {
      await this.#call('job.finish', { ...this.lease, outcome: told });
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
