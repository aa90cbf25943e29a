import { expect, it } from 'vitest';
import { qualityOf } from './quality-target.ts';

const frame = (dB: number) => ({ y: dB, u: dB, v: dB });

it('quality over frames is the logarithm of their mean error, luma counting four times', () => {
  // 10 log10 of the mean of 10^-4 and 10^-3.
  expect(qualityOf([frame(40), frame(30)]).mean).toBeCloseTo(32.596, 3);
  expect(qualityOf([{ y: 40, u: 34, v: 46 }]).mean).toBeCloseTo((4 * 40 + 34 + 46) / 6, 6);
});

it('the low value leaves the worst twentieth of the frames out', () => {
  const frames = Array.from({ length: 100 }, (_, n) => frame(30 + n / 10));
  expect(qualityOf(frames).low).toBeCloseTo(30.5, 6);
});

it('identical pictures count as very good ones', () => {
  const identical = frame(Number.POSITIVE_INFINITY);
  expect(qualityOf([identical, identical])).toMatchObject({ mean: 80, low: 80 });
});

it('nothing measured has no quality', () => {
  expect(() => qualityOf([])).toThrow(RangeError);
});

it('windows that look worse than the whole video will are made up for by their source', () => {
  const windows = [40, 37, 35.2, 34].flatMap((y) => [frame(y), frame(y)]);
  const plain = qualityOf(windows).mean;
  // Twice the noise goes with twice the bytes of the source, of which the whole has few.
  const { mean } = qualityOf(windows, { samples: [1, 2, 3, 4], whole: 1.2 });
  expect(mean).toBeGreaterThan(plain + 2);
  expect(mean).toBeLessThan(40);
});
