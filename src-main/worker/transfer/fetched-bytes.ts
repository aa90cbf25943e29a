import { type ByteRange, bytesIn, mergeRanges, missingRanges } from '../../../src-shared/util/byte-ranges.ts';

/** The bytes of an original that a worker has fetched so far. */
export class FetchedBytes {
  #ranges: ByteRange[] = [];

  /** How many there are. */
  get count(): number {
    return bytesIn(this.#ranges);
  }

  /** Takes note of bytes that are in the file now. */
  add(range: ByteRange): void {
    this.#ranges = mergeRanges([...this.#ranges, range]);
  }

  /** What isn't there yet. */
  missing(wanted: readonly ByteRange[]): ByteRange[] {
    return missingRanges(wanted, this.#ranges);
  }
}
