import { expect, it } from 'vitest';
import { countCuts, sampleWindows, sourceRates, withoutRunOut } from './sample-windows.ts';

/** Times of a video with a constant rate, and a key frame every `gop` frames. */
function video(seconds: number, rate: number, gop: number) {
  const times = Float64Array.from({ length: seconds * rate }, (_, n) => n / rate);
  return { times, keys: times.filter((_, n) => n % gop === 0) };
}

it('a video of usual length has eight windows of two seconds, spread over all of it, each at a key frame', () => {
  const { times, keys } = video(1200, 25, 100);
  const windows = sampleWindows(times, keys);
  expect(windows).toHaveLength(8);
  for (const [n, { first, frames, runOut }] of windows.entries()) {
    expect(frames + runOut).toBe(50);
    expect(first % 100).toBe(0);
    expect(Math.floor((first * 8) / times.length)).toBe(n);
  }
});

it.each([
  [7200, 12],
  [1800, 9],
  [60, 6],
  [25, 2],
  [12, 1],
  [8, 0],
])('a video of %i s has %i windows, a fifth of a short and a hundredth of a long one at the most', (seconds, count) => {
  const { times, keys } = video(seconds, 24, 24);
  expect(sampleWindows(times, keys)).toHaveLength(count);
});

it.each([
  [10, 33, 15],
  [24, 33, 15],
  [30, 33, 27],
  [50, 65, 35],
  [60, 97, 23],
])(
  'at %i frames a second, %i frames are counted and %i run out, in whole pyramids of the encoder',
  (rate, frames, runOut) => {
    const { times, keys } = video(600, rate, rate);
    expect(sampleWindows(times, keys)[0]).toMatchObject({ frames, runOut });
  },
);

it('of what was encoded only the frames that count are counted', () => {
  const windows = [0, 50].map((first) => ({ first, frames: 2, runOut: 1 }));
  expect(withoutRunOut(['a', 'b', '-', 'c', 'd', '-'], windows)).toEqual(['a', 'b', 'c', 'd']);
  // Fields that become frames are twice as many.
  expect(withoutRunOut([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], windows)).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
});

it('windows show every scene of a video whose scenes return at equal distances', () => {
  const { times, keys } = video(240, 24, 24);
  // Three scenes of ten seconds in turns: eight parts of thirty seconds begin with the same one.
  const scenes = sampleWindows(times, keys).map(({ first }) => Math.floor(first / 240) % 3);
  for (const scene of [0, 1, 2]) expect(scenes.filter((each) => each === scene).length).toBeGreaterThanOrEqual(2);
});

it('windows never overlap, however few key frames there are', () => {
  const { times } = video(600, 24, 24);
  const keys = Float64Array.of(times[0] ?? 0, times[30] ?? 0, times[7000] ?? 0);
  const windows = sampleWindows(times, keys);
  expect(windows.map(({ first }) => first)).toEqual([30, 7000]);
});

it('a single picture has none', () => {
  expect(sampleWindows(Float64Array.of(0), Float64Array.of(0))).toEqual([]);
});

it('rates leave key frames out, which windows have more of than the video', () => {
  const times = Float64Array.from({ length: 100 }, (_, n) => n / 10);
  const source = {
    times,
    keys: Float64Array.of(0, 5),
    sizes: Float64Array.from({ length: 100 }, (_, n) => (n % 50 === 0 ? 9000 : n < 50 ? 10 : 30)),
  };
  const windows = [0, 50].map((first) => ({ first, frames: 10, runOut: 5 }));
  expect(sourceRates(windows, source)).toEqual({ samples: [10, 30], whole: 20 });
  expect(sourceRates(windows, { ...source, keys: times })).toEqual({ samples: [909, 927], whole: 199.6 });
});

it.each([
  ['regular key frames and two at cuts', [0, 10, 20, 23, 33, 40, 50], 2],
  ['key frames at equal distances', [0, 4, 8, 12, 15.9], 0],
  ['the short distances of a broadcast', [0, 0.5, 0.9, 1.4, 1.6, 2.1], 0],
  ['one key frame', [0], 0],
])('%s are %o: %i cuts', (_, keys, cuts) => {
  expect(countCuts({ times: Float64Array.of(0, 60), keys: Float64Array.from(keys) })).toBe(cuts);
});
