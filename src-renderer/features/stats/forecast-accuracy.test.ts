import { expect, it } from 'vitest';
import { accuracyOf } from './forecast-accuracy.ts';

const video = (predicted: number, sampled: number | null = null, measured?: number) => ({
  ...{ file: 1, path: 'a.mkv', predicted, sampled, result: 1000 },
  quality: measured === undefined ? null : { target: 40, measured },
});

it('tells how far half of the videos and nine of ten were off', () => {
  const videos = [1000, 1100, 900, 1100, 1100, 1100, 1100, 900, 1100, 1500].map((bytes) => video(bytes));
  expect(accuracyOf(videos)).toEqual([
    'Forecast: half of the videos came within 10% of the predicted size, nine of ten within 50%.',
  ]);
});

it('tells the same of samples and qualities where there were any', () => {
  expect(accuracyOf([video(1000), video(1000, 1020, 40.2)])).toEqual([
    'Forecast: half of the videos came within 0% of the predicted size, nine of ten within 0%.',
    'Samples: half of the videos came within 2% of the predicted size, nine of ten within 2%.',
    'Quality: half of the results came within 0.2 dB of their target.',
  ]);
});

it('says nothing before the first video', () => {
  expect(accuracyOf([])).toEqual([]);
});
