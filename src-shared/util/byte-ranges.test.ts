import { describe, expect, it } from 'vitest';
import { bytesIn, mergeRanges, missingRanges } from './byte-ranges.ts';

describe('ranges of bytes', () => {
  it('are merged where they touch or overlap, in any order, and empty ones are dropped', () => {
    const ranges = [
      [50, 60],
      [0, 10],
      [10, 20],
      [15, 17],
      [30, 30],
    ] as const;
    expect(mergeRanges(ranges)).toEqual([
      [0, 20],
      [50, 60],
    ]);
    expect(bytesIn(ranges)).toBe(30);
    expect(bytesIn([])).toBe(0);
  });

  it('are missing where nothing of them is present: before, between, and behind what is', () => {
    const present = [
      [10, 20],
      [40, 50],
    ] as const;
    expect(missingRanges([[0, 60]], present)).toEqual([
      [0, 10],
      [20, 40],
      [50, 60],
    ]);
    expect(missingRanges([[12, 18]], present)).toEqual([]);
    expect(missingRanges([[15, 45]], present)).toEqual([[20, 40]]);
    expect(missingRanges([[20, 40]], present)).toEqual([[20, 40]]);
    expect(
      missingRanges(
        [
          [0, 5],
          [3, 12],
        ],
        [],
      ),
    ).toEqual([[0, 12]]);
  });
});
