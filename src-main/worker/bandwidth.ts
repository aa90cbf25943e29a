import { TokenBucket } from 'limiter';

/** Given out at a time, in bytes, and in a second: a slow line never stands still for long, nor does a change of the limit. */
const [LARGEST_SLICE, SLICES_A_SECOND] = [64 * 1024, 10];

/** A limit on the bytes a second that all transfers in one direction take together. */
export class Bandwidth {
  #rate: number | null = null;
  #slice = LARGEST_SLICE;
  #bucket: TokenBucket | undefined;

  /** @param rate bytes a second; null is no limit. Takes effect on transfers that run. */
  limit(rate: number | null): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#slice = Math.min(LARGEST_SLICE, Math.ceil((rate ?? LARGEST_SLICE) / SLICES_A_SECOND));
    this.#bucket =
      rate === null
        ? undefined
        : new TokenBucket({ bucketSize: this.#slice, tokensPerInterval: rate, interval: 'second' });
  }

  /** How many bytes may go at a time. */
  get slice(): number {
    return this.#bucket ? this.#slice : Number.POSITIVE_INFINITY;
  }

  /** Resolves when so many bytes may go. */
  async take(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && this.#bucket; ) {
      const slice = Math.min(left, this.#slice);
      left -= slice;
      await this.#bucket.removeTokens(slice);
    }
  }
}
