import { expect, it } from 'vitest';
import { kindOf, pixelsOf, type VideoFacts } from './video-kind.ts';

const video = (over: Partial<VideoFacts> = {}): VideoFacts => ({
  ...{ codec: 'h264', width: 1920, height: 1080, frameRate: 24, duration: 3600, size: 3.6e9 },
  ...over,
});

it('videos of one codec, size, and bit rate are of one kind', () => {
  expect(kindOf(video())).toEqual({ codec: 'h264', resolution: '1080p', density: -3 });
  expect(kindOf(video({ height: 800, duration: 1800, size: 1.4e9 }))).toEqual(kindOf(video()));
});

it.each([
  ['another codec', { codec: 'hevc' }],
  ['half the size', { width: 1280, height: 720, size: 1.6e9 }],
  ['a third of the bit rate', { size: 1.2e9 }],
] as const)('%s makes another kind', (_, over) => {
  expect(kindOf(video(over))).not.toEqual(kindOf(video()));
});

it('a video that does not tell its rate is taken for one of 24 frames a second', () => {
  expect(pixelsOf(video({ frameRate: null }))).toBe(pixelsOf(video()));
});
