import type { Capabilities } from './worker-info.ts';

/** A release of SVT-AV1, for comparisons: 2.3.0 is [2, 3, 0]. */
type Release = [major: number, minor: number, patch: number];

/** Fewest processors of each level of parallelism, 1 to 6: what SVT-AV1 itself takes for so many (its EbEncHandle, since 2.3). */
const LEVELS = [1, 2, 3, 6, 12, 24];

/** @param svtav1 as {@link Capabilities.svtav1}: forks are named otherwise, but count their releases as the mainline does */
function releaseOf(svtav1 = ''): Release | undefined {
  const [, major, minor, patch = '0'] = / (\d+)\.(\d+)(?:\.(\d+))?/.exec(svtav1) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function isSince([major, minor]: Release, wantedMajor: number, wantedMinor: number): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * The value of `lp` for an encoder that may keep `threads` processors busy: a number of processors up to 2.2, and a level from 2.3
 * on, where the number of processors would double memory and time. An encoder that does not tell its release is taken for a new one.
 */
export function parallelism({ svtav1 }: Pick<Capabilities, 'svtav1'>, threads: number): number {
  const release = releaseOf(svtav1);
  if (release && !isSince(release, 2, 3)) return threads;
  return LEVELS.filter((fewest) => threads >= fewest).length;
}

/**
 * The presets of each line of SVT-AV1 that stand for 0 to 13 of SVT-AV1 1.4, the newest line first; older ones have the same. Those
 * for 8 make files that are neither larger nor worse at the same CRF (docs/encoding.md, `npm run bench -- presets`); 2.3 moved all by
 * one, 3.x lies halfway, and between 0, 8 and the fastest they follow a straight line.
 */
const PRESETS: [major: number, minor: number, presets: number[]][] = [
  [4, 0, [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]],
  [3, 0, [0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10]],
  [2, 3, [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
];

/**
 * The preset that an encoder is given for one of the settings, which are those of SVT-AV1 1.4 whatever encodes: one number would
 * mean another quality on each line. An encoder that does not tell its release is taken for a new one.
 */
export function presetFor({ svtav1 }: Pick<Capabilities, 'svtav1'>, preset: number): number {
  const release = releaseOf(svtav1);
  const line = PRESETS.find(([major, minor]) => !release || isSince(release, major, minor));
  return line?.[2][preset] ?? preset;
}

/** Whether this is a release that is known to hang in the middle of an encode. */
export function isKnownToHang({ svtav1 }: Pick<Capabilities, 'svtav1'>): boolean {
  return releaseOf(svtav1)?.join('.') === '4.0.0';
}
