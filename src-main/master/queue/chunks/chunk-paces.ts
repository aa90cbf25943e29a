import type { Chunk } from '../../../../src-shared/plan/chunks.ts';

/** Silence of a helper after which its chunk is given to another one too, in ms: a lease is suspect then. */
const SILENT_MS = 60_000;
/** How many times longer than expected a chunk has to take until that is no guide any more. */
const LATE = 1.5;
/** How many times longer than the others a worker is expected to take that has encoded none yet: it has to get the video first. */
const COLD = 2;

/** A worker's lease of one chunk. */
export interface ChunkRun {
  worker: string;
  /** When it was granted, and when the worker last named it, by the monotonic clock. */
  since: number;
  renewed: number;
  /** Heartbeats of the worker since then. */
  unnamed: number;
}

/** How fast workers encode the chunks of one video, learned from those that are done. */
export class ChunkPaces {
  /** How long workers took for their latest chunk, in ms for each frame. */
  readonly #pace = new Map<string, number>();

  /** True before any chunk is done. */
  get isEmpty(): boolean {
    return this.#pace.size === 0;
  }

  /** Whether a worker has encoded a chunk of the video. */
  knows(worker: string): boolean {
    return this.#pace.has(worker);
  }

  /** Takes note of how long a worker took for a chunk, in ms. */
  learn(worker: string, { from, to }: Chunk, ms: number): void {
    this.#pace.set(worker, Math.max(1, ms) / (to - from));
  }

  /** How long a worker will probably take for a chunk, in ms; undefined before the first one of the video is done. */
  expected({ from, to }: Chunk, worker: string): number | undefined {
    const known = [...this.#pace.values()];
    const mean = known.length > 0 ? known.reduce((sum, pace) => sum + pace, 0) / known.length : undefined;
    const pace = this.#pace.get(worker) ?? (mean && COLD * mean);
    return pace && pace * (to - from);
  }

  /**
   * How long a worker will probably still take for the chunk that it encodes, in ms. Where that isn't known, or it should have been done
   * long ago, as long as it has taken so far.
   */
  left(chunk: Chunk, run: Pick<ChunkRun, 'worker' | 'since'> & Partial<ChunkRun>, now: number): number {
    if (isSilent(run, now)) return Number.POSITIVE_INFINITY;
    const elapsed = now - run.since;
    const expected = this.knows(run.worker) ? this.expected(chunk, run.worker) : undefined;
    return expected === undefined || elapsed > LATE * expected ? elapsed : Math.max(0, expected - elapsed);
  }
}

/** Whether a helper was not heard of for too long; the video's own worker has its own term. */
export const isSilent = ({ renewed }: Partial<ChunkRun>, now: number) =>
  renewed !== undefined && now - renewed >= SILENT_MS;
