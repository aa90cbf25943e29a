import { describe, expect, it } from 'vitest';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { type Timeline, timeFlaw } from './timeline.ts';

const probe = (...durations: number[]) =>
  ({
    format: 'matroska,webm',
    chapters: 0,
    duration: durations[0],
    streams: durations.map((duration, index) => ({ type: 'video', index, duration })),
  }) as unknown as Probe;
const timeline = (...lines: { end: number; jumpsBackAt?: number }[]) =>
  new Map(lines.map((line, index) => [index, { first: 0, ...line }])) as unknown as Timeline;

describe('timeFlaw', () => {
  it('finds nothing wrong with a video that ends where its header says', () => {
    expect(timeFlaw(probe(60), timeline({ end: 59.9 }))).toBeUndefined();
  });

  it('says of a video that is cut off that what is left can be converted', () => {
    expect(timeFlaw(probe(60), timeline({ end: 20 }))).toEqual({
      code: 'damaged',
      reason: 'The file is cut off: it says it is 60.0 s long but ends after 20.0 s.',
    });
  });

  it('takes a chapter of an MP4 that ends behind the video for no length of the file', () => {
    const mp4 = { ...probe(20), format: 'mov,mp4,m4a,3gp,3g2,mj2', chapters: 2 };
    mp4.streams = probe(2).streams;
    expect(timeFlaw(mp4, timeline({ end: 2 }))).toBeUndefined();
    expect(timeFlaw({ ...mp4, chapters: 0 }, timeline({ end: 2 }))).toMatchObject({ code: 'damaged' });
    expect(timeFlaw({ ...mp4, streams: probe(20).streams }, timeline({ end: 2 }))).toMatchObject({ code: 'damaged' });
  });

  it('says of a video whose clock jumps back in any track that nothing can be converted, also where it is cut off too', () => {
    const broken = timeFlaw(probe(60, 60), timeline({ end: 20 }, { end: 60, jumpsBackAt: 2.24 }));
    expect(broken).toMatchObject({ code: 'too-damaged', reason: expect.stringMatching(/jump back after 2\.2 s/) });
  });
});
