import { expect, it } from 'vitest';
import { crfStep, encodesAlike, isKnownToHang, parallelism, presetFor, qualityFor } from './svt-av1.ts';

const [LEVELS, NEW] = [{ svtav1: 'SVT-AV1 2.3.0' }, { svtav1: 'SVT-AV1 4.2.0' }];

it.each([
  [1, 1],
  [2, 2],
  [3, 3],
  [5, 3],
  [6, 4],
  [11, 4],
  [12, 5],
  [23, 5],
  [24, 6],
  [128, 6],
])('%i processors are as many up to 2.2, and level %i from 2.3 on', (threads, level) => {
  for (const svtav1 of ['SVT-AV1 1.4.1', 'SVT-AV1 2.2.1', 'SVT-AV1-PSY 2.2.1-A'])
    expect(parallelism({ svtav1 }, threads)).toBe(threads);
  for (const caps of [LEVELS, NEW, { svtav1: 'SVT-AV1-PSY 3.0.2-B' }, { svtav1: undefined }])
    expect(parallelism(caps, threads)).toBe(level);
});

it.each([
  ['SVT-AV1 1.4.1', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
  ['SVT-AV1 2.2.1', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
  ['SVT-AV1 2.3.0', [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ['SVT-AV1-PSY 2.3.0-A', [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ['SVT-AV1 3.1.2-12-gabc', [0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10]],
  ['SVT-AV1 4.2.0', [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]],
  ['SVT-AV1 11.0.0', [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]],
  [undefined, [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]],
])('the presets of %s for those of 1.4, none above its fastest', (svtav1, presets) => {
  expect(presets.map((_, preset) => presetFor({ svtav1 }, preset))).toEqual(presets);
});

it.each([
  ['SVT-AV1 1.4.1', { crf: 30, varianceBoost: false }],
  ['SVT-AV1 2.0.0', { crf: 30, varianceBoost: false }],
  ['SVT-AV1 2.1.0', { crf: 33, varianceBoost: true }],
  ['SVT-AV1-PSY 2.3.0-A', { crf: 33, varianceBoost: true }],
  ['SVT-AV1 3.1.2', { crf: 33, varianceBoost: true }],
  ['SVT-AV1 4.2.0', { crf: 34, varianceBoost: true }],
  [undefined, { crf: 30, varianceBoost: false }],
])('CRF 30 with %s, whose releases since 2.1 have variance boost', (svtav1, quality) => {
  expect(qualityFor({ svtav1, svtav1Params: true }, 30)).toEqual(quality);
  expect(qualityFor({ svtav1, svtav1Params: false }, 30)).toEqual({ crf: 30, varianceBoost: false });
});

it.each([
  ['SVT-AV1 1.4.1', 1],
  ['SVT-AV1 3.1.2', 1],
  ['SVT-AV1 4.2.0', 0.25],
  [undefined, 1],
])('the finest step of CRF with %s is %d', (svtav1, step) => {
  expect(crfStep({ svtav1, svtav1Params: true })).toBe(step);
});

it('variance boost stays within the highest CRF', () => {
  expect(qualityFor({ svtav1: 'SVT-AV1 4.2.0', svtav1Params: true }, 61).crf).toBe(63);
});

it('4.0.0 is known to hang, its neighbors are not', () => {
  const versions = ['4.0.0', '4.0.1', '3.1.2', '4.2.0', '14.0.0'];
  expect(versions.map((version) => isKnownToHang({ svtav1: `SVT-AV1 ${version}` }))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

it.each([
  ['SVT-AV1 1.4.1', 'SVT-AV1 1.7.0', true],
  ['SVT-AV1 2.1.0', 'SVT-AV1 2.2.1', true],
  ['SVT-AV1 4.0.1', 'SVT-AV1 4.2.0', true],
  // Another line; other presets; variance boost; a fork; an unknown release.
  ['SVT-AV1 1.7.0', 'SVT-AV1 2.0.0', false],
  ['SVT-AV1 2.2.1', 'SVT-AV1 2.3.0', false],
  ['SVT-AV1 2.0.0', 'SVT-AV1 2.1.0', false],
  ['SVT-AV1 2.3.0', 'SVT-AV1-PSY 2.3.0-A', false],
  [undefined, undefined, false],
])('%s and %s encode parts of the same video: %s', (one, other, alike) => {
  const caps = (svtav1: string | undefined) => ({ svtav1, svtav1Params: true });
  expect(encodesAlike(caps(one), caps(other))).toBe(alike);
  expect(encodesAlike(caps(other), caps(one))).toBe(alike);
  expect(encodesAlike(caps(one), { svtav1: other, svtav1Params: false })).toBe(false);
});
