import { expect, it } from 'vitest';
import { isKnownToHang, parallelism, presetFor } from './svt-av1.ts';

const [OLD, LEVELS, NEW] = ['SVT-AV1 1.4.1', 'SVT-AV1 2.3.0', 'SVT-AV1 4.2.0'].map((svtav1) => ({ svtav1 })) as [
  { svtav1: string },
  { svtav1: string },
  { svtav1: string },
];

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

it('presets end at 10 since 3.0, and at 13 before', () => {
  expect([OLD, LEVELS, NEW, { svtav1: 'SVT-AV1 3.1.2-12-gabc' }].map((caps) => presetFor(caps, 13))).toEqual([
    13, 13, 10, 10,
  ]);
  expect([OLD, LEVELS, NEW].map((caps) => presetFor(caps, 8))).toEqual([8, 8, 8]);
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
