import { expect, it } from 'vitest';
import { type Probe, pictureSeconds } from './probe.ts';

const probeOf = (probe: Partial<Probe>, video: { start?: number; duration?: number }): Probe => ({
  ...{ format: 'matroska,webm', chapters: 0 },
  streams: [{ type: 'video', index: 0, width: 64, height: 36, ...video }],
  ...probe,
});

it('pictures take as long as they say, or else as their container from where they begin', () => {
  expect(pictureSeconds(probeOf({ format: 'mov,mp4', duration: 9 }, { duration: 8, start: 1 }))).toBe(8);
  expect(pictureSeconds(probeOf({ duration: 4.5 }, { duration: 4.325, start: 0.445 }))).toBeCloseTo(3.88);
  expect(pictureSeconds(probeOf({ duration: 4.325 }, { start: 0.445 }))).toBeCloseTo(3.88);
  // A recording that begins at hour one, its sound half a second before its pictures.
  expect(pictureSeconds(probeOf({ format: 'mpegts', duration: 60, start: 3600 }, { start: 3600.5 }))).toBe(59.5);
  expect(pictureSeconds(probeOf({ format: 'avi', duration: 60 }, {}))).toBe(60);
  expect(pictureSeconds(probeOf({}, { start: 1 }))).toBeUndefined();
});
