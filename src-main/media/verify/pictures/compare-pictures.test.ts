import { expect, it } from 'vitest';
import type { StreamTimeline } from '../../ffmpeg/timeline.ts';
import { windowStarts } from './compare-pictures.ts';

/** A video of `frames` at 25 a second with a key frame at each of these numbers. */
const video = (frames: number, ...keys: number[]): StreamTimeline => ({
  ...{ count: frames, first: 0, last: (frames - 1) / 25, end: frames / 25, covered: frames / 25, timed: true },
  times: Float64Array.from({ length: frames }, (_, n) => n / 25),
  keys: Float64Array.from(keys, (n) => n / 25),
});
const every = (frames: number, step: number) =>
  video(frames, ...Array.from({ length: frames / step }, (_, i) => i * step));

it.each<[string, StreamTimeline, StreamTimeline, number[]]>([
  ['key frames of the result, where the source has no others', every(1000, 1), every(1000, 250), [0, 500, 750]],
  ['key frames of both', video(1000, 0, 190, 400, 610, 805), every(1000, 200), [0, 400, 805]],
  [
    'the first frames of the parts, when the whole video has to be decoded',
    video(1000, 0),
    video(1000, 0),
    [0, 333, 666],
  ],
  ['the first frame of a short video, which is looked at as a whole', video(30, 0), video(30, 0), [0]],
  ['the one frame of a picture', video(1, 0), video(1, 0), [0]],
  ['places by share, when two packets make a frame', every(2000, 400), every(1000, 1), [0, 400, 800]],
])('windows begin at %s', (_, before, after, starts) => {
  expect(windowStarts(before, after)).toEqual(starts);
});
