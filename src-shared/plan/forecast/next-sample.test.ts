import { expect, it } from 'vitest';
import type { VideoKind } from '../../media/video-kind.ts';
import { type Candidate, nextSample } from './next-sample.ts';

const kind = (codec: string): VideoKind => ({ codec, resolution: '1080p', density: -3 });
const video = (id: number, codec: string, bytes: number): Candidate => ({
  id,
  kind: kind(codec),
  bytes,
  size: 2 * bytes,
});
const none = () => 0;

it('the kind that holds the most bytes is sampled first, and of it the video of median size', () => {
  const videos = [video(1, 'h264', 10), video(2, 'h264', 30), video(3, 'h264', 20), video(4, 'hevc', 40)];
  expect(nextSample(videos, none)).toBe(3);
});

it('a kind of which much is known already leaves its turn to others', () => {
  const videos = [video(1, 'h264', 60), video(2, 'hevc', 40)];
  expect(nextSample(videos, ({ codec }) => (codec === 'h264' ? 5 : 0))).toBe(2);
});

it('there is none when all were sampled', () => {
  expect(nextSample([], none)).toBeUndefined();
});
