import { expect, it } from 'vitest';
import { estimateMean } from './regression-estimate.ts';

it('samples that lie high are made up for by a number that goes with them', () => {
  // Twice the auxiliary number and a bit: by it alone the mean is 21, though the samples come to 31.
  const values = [20.5, 29.5, 30.5, 43.5];
  const { mean, error } = estimateMean(values, { samples: [10, 15, 15, 22], whole: 10.5 });
  expect(mean).toBeGreaterThan(20.5);
  expect(mean).toBeLessThan(22);
  expect(error).toBeLessThan(estimateMean(values).error as number);
});

it('an auxiliary number that says nothing changes nothing', () => {
  const values = [10, 20, 20, 10];
  const plain = estimateMean(values);
  expect(plain).toEqual({ mean: 15, error: Math.sqrt(100 / 3 / 4) });
  expect(estimateMean(values, { samples: [1, 2, 1, 2], whole: 7 })).toEqual(plain);
  expect(estimateMean(values, { samples: [5, 5, 5, 5], whole: 7 })).toEqual(plain);
});

it('few samples are taken as they are', () => {
  expect(estimateMean([4, 8], { samples: [1, 2], whole: 1 }).mean).toBe(6);
  expect(estimateMean([4])).toEqual({ mean: 4, error: undefined });
});

it('no estimate is beyond what samples showed', () => {
  expect(estimateMean([1, 2, 3, 4], { samples: [1, 2, 3, 4], whole: 100 }).mean).toBe(4);
  expect(estimateMean([1, 2, 3, 4], { samples: [1, 2, 3, 4], whole: 0.1 }).mean).toBe(1);
});
