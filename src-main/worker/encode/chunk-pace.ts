import { chunkSeconds } from '../../../src-shared/plan/chunks.ts';

/** Learns how fast this computer encodes, so that a chunk takes a minute or two. */
export class ChunkPace {
  /** Seconds of video in every chunk, regardless of speed. */
  readonly fixed: number | undefined;
  /** Of the chunk that was encoded last. */
  #pixelsPerSecond: number | undefined;

  /** @param fixed for tests, which have short videos */
  constructor(fixed?: number) {
    this.fixed = fixed;
  }

  /** Seconds of video that a chunk holds. @param pixels in a second of the video */
  secondsFor(pixels: number): number {
    return this.fixed ?? chunkSeconds(this.#pixelsPerSecond && this.#pixelsPerSecond / pixels);
  }

  /** Takes note of a chunk. @param took seconds for `seconds` of video */
  learn({ seconds, took, pixels }: { seconds: number; took: number; pixels: number }): void {
    if (took > 0) this.#pixelsPerSecond = (seconds * pixels) / took;
  }
}
