import { describe, expect, it } from 'vitest';
import { about, formatEndTime, relativeTime } from './labels.ts';

const NOON = new Date(2026, 10, 20, 12, 0, 0);
const HOUR = 3600;

describe('about', () => {
  it('is as coarse as an estimate deserves', () => {
    expect([null, undefined, Number.POSITIVE_INFINITY].map(about)).toEqual(['estimating', 'estimating', 'estimating']);
    expect([20, 200, 3 * HOUR, 50 * HOUR].map(about)).toEqual([
      'about a minute',
      'about 3 min',
      'about 3 h',
      'about 2 days',
    ]);
  });
});

describe('formatEndTime', () => {
  it('names the day as people do', () => {
    expect(formatEndTime(60, NOON)).toBe('in a few minutes');
    expect(formatEndTime(2 * HOUR, NOON)).toBe('today around 14:00');
    expect(formatEndTime(13 * HOUR, NOON)).toBe('tomorrow around 01:00');
    expect(formatEndTime(3 * 24 * HOUR, NOON)).toBe('on Monday');
    expect(formatEndTime(30 * 24 * HOUR, NOON)).toBe('around December 20, 2026');
  });

  it('is never before now, however it is rounded', () => {
    expect(formatEndTime(660, new Date(2026, 10, 20, 14, 2))).toBe('in a few minutes');
    expect(formatEndTime(840, new Date(2026, 10, 20, 14, 2))).toBe('today around 14:30');
  });
});

describe('ago', () => {
  it('names times in the past and in the future', () => {
    const now = NOON.getTime();
    const seen = [now - 10_000, now - 5 * 60_000, now - 24 * HOUR * 1000, now + 3 * HOUR * 1000].map((t) =>
      relativeTime(t, now),
    );
    expect(seen).toEqual(['just now', '5 minutes ago', 'yesterday', 'in 3 hours']);
  });
});
