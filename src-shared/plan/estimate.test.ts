import { expect, it } from 'vitest';
import type { Probe, VideoStream } from '../media/probe.ts';
import { DEFAULT_TABLES } from '../media/quality.ts';
import { Settings } from '../settings/settings.ts';
import { estimateSize } from './estimate.ts';
import { makePlan } from './plan.ts';

const HUGE = 1e12;
const VIDEO: VideoStream = { index: 0, type: 'video', codec: 'h264', width: 1920, height: 1080, frameRate: 24 };
const video = (over: Partial<VideoStream> = {}, ...more: Probe['streams']): Probe => ({
  format: 'matroska,webm',
  duration: 100,
  streams: [{ ...VIDEO, ...over }, ...more],
  chapters: 0,
});
function estimate(probe: Probe, sourceSize = HUGE, crf = 30) {
  const plan = makePlan(probe, { ...Settings.parse({ dataStreams: 'drop' }), crf }, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  return estimateSize(probe, plan, sourceSize);
}
/** The picture alone at CRF 30. */
const PICTURE = estimate(video());

it('grows with pixels, rate and time, and shrinks with the CRF', () => {
  // 1080p24 at CRF 30 takes about a megabit a second or two.
  expect((PICTURE * 8) / 100).toBeGreaterThan(500_000);
  expect((PICTURE * 8) / 100).toBeLessThan(5_000_000);
  expect(estimate(video({ width: 960 })) / PICTURE).toBeCloseTo(0.5, 3);
  expect(estimate(video({ frameRate: 48 })) / PICTURE).toBeCloseTo(2, 3);
  expect(estimate({ ...video(), duration: 50 }) / PICTURE).toBeCloseTo(0.5, 3);
  expect(estimate(video(), HUGE, 41) / PICTURE).toBeCloseTo(0.5, 3);
});

it('takes a wild frame rate for 60 and an unknown one for 24', () => {
  expect(estimate(video({ frameRate: 1000 }))).toBe(estimate(video({ frameRate: 60 })));
  const { frameRate: _, ...bare } = VIDEO;
  expect(estimate({ ...video(), streams: [bare] })).toBe(PICTURE);
});

it('trusts the duration of the video track more than the container', () => {
  expect(estimate({ ...video({ duration: 100 }), duration: 4_294_968 })).toBe(PICTURE);
});

it('adds sound as planned and copies as they are; what is dropped costs nothing', () => {
  const ac3 = { index: 1, type: 'audio', codec: 'ac3', channels: 6, layout: '5.1(side)', bitRate: 640_000 } as const;
  const opus = { index: 1, type: 'audio', codec: 'opus', channels: 6, bitRate: 640_000 } as const;
  const teletext = { index: 1, type: 'subtitle', codec: 'dvb_teletext', bitRate: 640_000 } as const;
  const pgs = { index: 1, type: 'subtitle', codec: 'hdmv_pgs_subtitle' } as const;
  expect(estimate(video({}, ac3)) - PICTURE).toBe((256_000 * 100) / 8);
  expect(estimate(video({}, opus)) - PICTURE).toBe((640_000 * 100) / 8);
  expect(estimate(video({}, teletext))).toBe(PICTURE);
  expect(estimate(video({}, pgs))).toBe(PICTURE);
});

it('never claims more than the source, and nothing about a video of unknown length', () => {
  expect(estimate(video(), 1000)).toBe(1000);
  const { duration: _, ...endless } = video();
  expect(estimate(endless, 12_345)).toBe(12_345);
});
