import { TokenBucket } from 'limiter';

/** Size of a slice, in bytes, and slices per second: small enough that a slow line keeps moving and a new limit takes effect soon. */
const [MAX_SLICE_BYTES, SLICES_A_SECOND] = [64 * 1024, 10];

/** A limit on the bytes a second that all transfers in one direction take together. */
export class Bandwidth {
  #rate: number | null = null;
  #slice = MAX_SLICE_BYTES;
  #bucket: TokenBucket | undefined;

  /** @param rate bytes a second; null is no limit. Takes effect on transfers that run. */
  limit(rate: number | null): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#slice = Math.min(MAX_SLICE_BYTES, Math.ceil((rate ?? MAX_SLICE_BYTES) / SLICES_A_SECOND));
    this.#bucket =
      rate === null
        ? undefined
        : new TokenBucket({ bucketSize: this.#slice, tokensPerInterval: rate, interval: 'second' });
  }

  /** How many bytes may go at a time. */
  get slice(): number {
    return this.#bucket ? this.#slice : Number.POSITIVE_INFINITY;
  }

  /** Resolves when this many bytes may be sent. */
  async take(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && this.#bucket; ) {
      const slice = Math.min(left, this.#slice);
      left -= slice;
      await this.#bucket.removeTokens(slice);
    }
  }
}
