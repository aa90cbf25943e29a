import type { Capabilities } from './worker-info.ts';

/** A release of SVT-AV1, for comparisons: 2.3.0 is [2, 3, 0]. */
type Release = [major: number, minor: number, patch: number];

/** Fewest processors of each level of parallelism, 1 to 6: what SVT-AV1 itself takes for this many (its EbEncHandle, since 2.3). */
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
 * on, where the number of processors would double memory and time. An encoder that does not report its release is taken for a new one.
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
 * Translates a preset of the settings, which are those of SVT-AV1 1.4, to the encoder's own: the same number would mean a different
 * quality on each release line. An encoder that doesn't report its release is taken for a new one.
 */
export function presetFor({ svtav1 }: Pick<Capabilities, 'svtav1'>, preset: number): number {
  const release = releaseOf(svtav1);
  const line = PRESETS.find(([major, minor]) => !release || isSince(release, major, minor));
  return line?.[2][preset] ?? preset;
}

/**
 * How much higher the CRF of each line is with variance boost, the newest line first: so much makes files as large as without it at the
 * CRF of the setting, and better (docs/encoding.md, `npm run bench -- variance-boost`). Releases before 2.1 have no variance boost; 3.x
 * was not measured and is taken for its neighbor with the smaller step.
 */
const BOOSTS: [major: number, minor: number, step: number][] = [
  [4, 0, 4],
  [2, 1, 3],
];

/** The finest step of CRF that an encoder takes: quarters since 4.0, which ffmpeg passes on as a parameter of SVT-AV1 only. */
export function crfStep({ svtav1, svtav1Params }: Pick<Capabilities, 'svtav1' | 'svtav1Params'>): number {
  const release = svtav1Params ? releaseOf(svtav1) : undefined;
  return release && isSince(release, 4, 0) ? 0.25 : 1;
}

/** SVT-AV1's own limit, of all releases. */
const MAX_CRF = 63;

/** What an encoder is given for the CRF of the settings: variance boost where it has that, at the CRF that makes files of the same size. */
export function qualityFor(
  { svtav1, svtav1Params }: Pick<Capabilities, 'svtav1' | 'svtav1Params'>,
  crf: number,
): { crf: number; varianceBoost: boolean } {
  const release = svtav1Params ? releaseOf(svtav1) : undefined;
  const [, , step] = BOOSTS.find(([major, minor]) => release && isSince(release, major, minor)) ?? [];
  return step === undefined
    ? { crf, varianceBoost: false }
    : { crf: Math.min(crf + step, MAX_CRF), varianceBoost: true };
}

/** Whether this is a release that is known to hang in the middle of an encode. */
export function isKnownToHang({ svtav1 }: Pick<Capabilities, 'svtav1'>): boolean {
  return releaseOf(svtav1)?.join('.') === '4.0.0';
}

/**
 * Whether two encoders may encode parts of the same video: releases of one line (1.x, 2.x, 3.x, 4.x) of the same fork, which get the same
 * parameters for the same settings. An encoder that doesn't report its release shares no video.
 */
export function encodesAlike(
  one: Pick<Capabilities, 'svtav1' | 'svtav1Params'>,
  other: Pick<Capabilities, 'svtav1' | 'svtav1Params'>,
): boolean {
  const [line, otherLine] = [lineOf(one), lineOf(other)];
  if (line === undefined || line !== otherLine || one.svtav1Params !== other.svtav1Params) return false;
  const parametersOf = (caps: typeof one) => JSON.stringify([presetsOf(caps), qualityFor(caps, 1), crfStep(caps)]);
  return parametersOf(one) === parametersOf(other);
}

/** `SVT-AV1 2`, `SVT-AV1-PSY 2`; undefined where the release isn't known. */
const lineOf = ({ svtav1 }: Pick<Capabilities, 'svtav1'>) => /^.* \d+(?=\.\d)/.exec(svtav1 ?? '')?.[0];

const presetsOf = (caps: Pick<Capabilities, 'svtav1'>) => Array.from({ length: 14 }, (_, i) => presetFor(caps, i));
