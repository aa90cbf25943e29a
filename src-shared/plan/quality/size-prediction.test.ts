import { expect, it } from 'vitest';
import { predictBytes } from './size-prediction.ts';

/** Windows of a key frame and nine others. */
const samples = (...windows: { key: number; other: number }[]) => ({
  rates: { samples: windows.map(() => 1), whole: 1 },
  packets: windows.flatMap(({ key, other }) => [
    { bytes: key, key: true },
    ...Array.from({ length: 9 }, () => ({ bytes: other, key: false })),
  ]),
});

it('key frames count as often as the result has them, not as the samples do', () => {
  const { bytes } = predictBytes(samples({ key: 1000, other: 100 }, { key: 1000, other: 100 }), {
    count: 1000,
    keyint: 100,
    cuts: 0,
  });
  expect(bytes).toBe(10 * 1000 + 990 * 100);
});

it('cuts cost as much as key frames, which windows begin at', () => {
  const alike = samples({ key: 1000, other: 100 }, { key: 1000, other: 100 });
  expect(predictBytes(alike, { count: 1000, keyint: 100, cuts: 5 }).bytes).toBe(15 * 1000 + 985 * 100);
});

it('the error grows with how much windows differ', () => {
  const frames = { count: 1000, keyint: 100, cuts: 0 };
  const alike = predictBytes(samples({ key: 1000, other: 100 }, { key: 1000, other: 100 }), frames);
  const apart = predictBytes(samples({ key: 1000, other: 50 }, { key: 1000, other: 150 }), frames);
  expect(alike.error).toBe(0.05);
  // Two standard errors of 59,500 and 158,500 bytes around their mean.
  expect(apart.error).toBeCloseTo(0.908, 2);
  expect(apart.bytes).toBe(alike.bytes);
});

it('one window alone tells little', () => {
  expect(predictBytes(samples({ key: 1000, other: 100 }), { count: 1000, keyint: 100, cuts: 0 }).error).toBe(0.5);
});

it('windows that are harder to compress than the video are made up for', () => {
  const four = samples(...[50, 100, 150, 200].map((other) => ({ key: 1000, other })));
  const frames = { count: 1000, keyint: 100, cuts: 0 };
  const rates = { samples: [500, 1000, 1500, 2000], whole: 700 };
  // As its source's, frames have 70 bytes rather than the 125 of the windows.
  expect(predictBytes({ ...four, rates }, frames)).toEqual({ bytes: 10 * 1000 + 990 * 70, error: 0.05 });
});
