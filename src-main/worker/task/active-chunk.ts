import type { ChunkGrant, ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Progress } from '../../../src-shared/jobs/lease.ts';

/** One chunk of another computer's video that this worker encodes. */
export class ActiveChunk {
  readonly grant: ChunkGrant;
  /** Resolves when this node is rid of it. */
  done: Promise<void> = Promise.resolve();
  /** How far it is. */
  progress: Progress = { stage: 'preparing' };
  readonly #onProgress: () => void;
  readonly #startedAt = performance.now();
  readonly #end = new AbortController();
  #lost = false;

  /** @param onProgress called when it enters another stage */
  constructor(grant: ChunkGrant, onProgress: () => void) {
    this.grant = grant;
    this.#onProgress = onProgress;
  }

  get lease(): ChunkLease {
    const { task, epoch, from, to } = this.grant;
    return { task, epoch, from, to };
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** True when the lease was lost: nothing more is reported to the master. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Seconds of work that would be repeated if it ended now. */
  get secondsAtRisk(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Ends the work because the lease was lost. */
  lose(): void {
    this.#lost = true;
    this.#end.abort();
  }

  /** Ends the work because this node stops. */
  stop(): void {
    this.#end.abort();
  }

  readonly report = (progress: Progress): void => {
    const isNew = progress.stage !== this.progress.stage;
    this.progress = progress;
    if (isNew) this.#onProgress();
  };
}
