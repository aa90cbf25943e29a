import { describe, expect, it } from 'vitest';
import type { StreamTimeline } from '../ffmpeg/timeline.ts';
import { chosenKeys, gridOf, isShort, randomFrames, randomFrom } from './windows.ts';

/** A video of 24 frames a second that has a key frame every so many seconds. */
function video(seconds: number, keySeconds = 5): StreamTimeline {
  const times = Float64Array.from({ length: seconds * 24 }, (_, i) => i / 24);
  const keys = times.filter((_, i) => i % (24 * keySeconds) === 0);
  const last = times.at(-1) ?? 0;
  return { count: times.length, first: 0, last, end: seconds, covered: seconds, timed: true, times, keys };
}

it('looks at each frame of a short video alone', () => {
  expect([25, 26].map((seconds) => isShort(video(seconds)))).toEqual([true, false]);
});

it.each([
  [60, 0.5],
  [3600, 0.5],
  [7200, 1],
  [4 * 3600, 2],
])('looks for stretches that stand still in %d s at a distance of %d s', (seconds, distance) => {
  expect(gridOf(video(seconds)) / 24).toBe(distance);
});

describe('chosenKeys', () => {
  it('takes all of a video of an hour, and in two hours one in eight seconds at the least', () => {
    expect(chosenKeys(video(3600), randomFrom(1))).toHaveLength(720);
    const keys = chosenKeys(video(7200, 2), randomFrom(1));
    expect(keys).toHaveLength(900);
    const apart = keys.slice(1).map((time, i) => time - (keys[i] ?? 0));
    expect(Math.max(...apart)).toBeLessThanOrEqual(16);
  });

  it('takes none where each frame is one', () => {
    expect(chosenKeys(video(600, 1 / 24), randomFrom(1))).toHaveLength(0);
  });
});

it('looks at random places of each part, of the last minute and of the last seconds', () => {
  const after = video(600);
  const frames = randomFrames(after, randomFrom(1));
  expect(frames).toHaveLength(6);
  for (const [part, frame] of frames.slice(0, 4).entries()) {
    if (part === 3) continue;
    expect(Math.floor((frame / after.count) * 4)).toBe(part);
  }
  expect(frames.filter((frame) => frame >= 540 * 24).length).toBeGreaterThanOrEqual(2);
  expect(frames.at(-1)).toBeGreaterThanOrEqual(597 * 24);
  expect(randomFrames(after, randomFrom(2))).not.toEqual(frames);
});
