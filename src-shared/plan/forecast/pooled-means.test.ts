import { describe, expect, it } from 'vitest';
import type { VideoKind } from '../../media/video-kind.ts';
import { type Measured, PooledMeans, type Spread } from './pooled-means.ts';

const SPREAD: Spread = { within: 0.4, between: 0.3, prior: { mean: 0, error: 0.5 } };
const kind = (codec: string, density = -3): VideoKind => ({ codec, resolution: '1080p', density });
const times = (count: number, of: VideoKind, value: number): Measured[] =>
  Array.from({ length: count }, (_, n) => ({ kind: of, value: value + 0.2 * ((n % 3) - 1) }));
const one = (of: VideoKind) => [{ kind: of, weight: 1 }];

describe('means by kind of video', () => {
  it('are what was expected before anything was measured, with all its error', () => {
    const means = new PooledMeans([], SPREAD);
    expect(means.at(kind('h264'))).toBe(0);
    expect(means.sumError(one(kind('h264')))).toBeGreaterThan(0.6);
  });

  it('are unknown without expectation and measurement', () => {
    expect(new PooledMeans([], { within: 5, between: 4 }).at(kind('h264'))).toBeUndefined();
  });

  it('come close to the measured mean with many videos, and stay near the expectation with one', () => {
    expect(new PooledMeans(times(60, kind('h264'), 1), SPREAD).at(kind('h264'))).toBeCloseTo(1, 1);
    const few = new PooledMeans(times(1, kind('h264'), 1), SPREAD).at(kind('h264')) ?? 0;
    expect(few).toBeGreaterThan(0.2);
    expect(few).toBeLessThan(0.8);
  });

  it('of a kind that was never measured are those of the nearest wider class', () => {
    const means = new PooledMeans([...times(30, kind('h264'), 1), ...times(30, kind('hevc'), -1)], SPREAD);
    expect(means.at(kind('h264', -1))).toBeGreaterThan(0.4);
    expect(means.at(kind('hevc', -1))).toBeLessThan(-0.4);
    expect(Math.abs(means.at(kind('vp9')) ?? 9)).toBeLessThan(0.3);
  });

  it('have an error that falls as more is measured, and is larger for kinds that were not', () => {
    const errors = [0, 3, 30, 300].map((n) => {
      const means = new PooledMeans(times(n, kind('h264'), 1), SPREAD);
      const parts = Array.from({ length: 500 }, () => ({ kind: kind('h264'), weight: 1 / 500 }));
      return means.sumError(parts);
    });
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(errors[3]).toBeLessThan(0.05);
    const means = new PooledMeans(times(30, kind('h264'), 1), SPREAD);
    expect(means.sumError(one(kind('hevc')))).toBeGreaterThan(means.sumError(one(kind('h264'))));
  });

  it('are right within their error about as often as they say', () => {
    // Kinds and videos drawn as the spread says, by a generator of its own so that every run draws the same.
    let seed = 1;
    const uniform = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let inside = 0;
    const RUNS = 400;
    for (let run = 0; run < RUNS; run += 1) {
      const all = 0.5 * normal();
      const library = ['h264', 'hevc', 'vp9'].flatMap((codec) => {
        const wide = all + 0.3 * normal();
        return [-4, -3, -2].map((density) => ({ kind: kind(codec, density), mean: wide + 0.3 * normal() }));
      });
      const measured = library.flatMap(({ kind: of, mean }, n) =>
        Array.from({ length: n % 4 }, () => ({ kind: of, value: mean + 0.4 * normal() })),
      );
      const means = new PooledMeans(measured, SPREAD);
      const videos = library.flatMap((entry) => Array.from({ length: 10 }, () => entry));
      const truth = videos.reduce((sum, { mean }) => sum + mean + 0.4 * normal(), 0);
      const guess = videos.reduce((sum, { kind: of }) => sum + (means.at(of) ?? 0), 0);
      const error = means.sumError(videos.map(({ kind: of }) => ({ kind: of, weight: 1 })));
      if (Math.abs(truth - guess) <= 2 * error) inside += 1;
    }
    // Two standard deviations hold 95%.
    expect(inside / RUNS).toBeGreaterThan(0.9);
    expect(inside / RUNS).toBeLessThan(0.995);
  });
});
