/** Ranges of bytes in a file: each from its first byte up to, but not, its second number. */

export type ByteRange = readonly [from: number, to: number];

/** Returns the same bytes in ascending ranges that neither touch nor overlap. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const [from, to] of ranges.filter(([from, to]) => to > from).sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last && from <= last[1]) merged.splice(-1, 1, [last[0], Math.max(last[1], to)]);
    else merged.push([from, to]);
  }
  return merged;
}

/** Returns what of `wanted` isn't in `present`, in ascending ranges. */
export function missingRanges(wanted: readonly ByteRange[], present: readonly ByteRange[]): ByteRange[] {
  const there = mergeRanges(present);
  return mergeRanges(wanted).flatMap(([from, to]) => {
    const holes: ByteRange[] = [];
    let at = from;
    for (const [begin, end] of there) {
      if (end <= at || begin >= to) continue;
      if (begin > at) holes.push([at, begin]);
      at = end;
    }
    return at < to ? [...holes, [at, to] as const] : holes;
  });
}

/** Returns how many bytes are in ranges, each counted once. */
export function bytesIn(ranges: readonly ByteRange[]): number {
  return mergeRanges(ranges).reduce((sum, [from, to]) => sum + to - from, 0);
}
