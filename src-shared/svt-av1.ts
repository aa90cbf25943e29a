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

/** The preset that an encoder is given for one of the settings: its fastest is 13 up to 2.x and 10 since 3.0, which maps others to it. */
export function presetFor({ svtav1 }: Pick<Capabilities, 'svtav1'>, preset: number): number {
  const release = releaseOf(svtav1);
  return release && isSince(release, 3, 0) ? Math.min(preset, 10) : preset;
}

/** Whether this is a release that is known to hang in the middle of an encode. */
export function isKnownToHang({ svtav1 }: Pick<Capabilities, 'svtav1'>): boolean {
  return releaseOf(svtav1)?.join('.') === '4.0.0';
}
