import { describe, expect, it } from 'vitest';
import { savedByDay } from './by-day.ts';

const day = (time: number) => new Date(time).toISOString().slice(0, 10);
const DAY_MS = 86_400_000;

describe('savedByDay', () => {
  it('adds up, and goes on over days without a film to today', () => {
    const now = Date.now();
    const points = savedByDay([
      { day: day(now - 9 * DAY_MS), films: 1, sourceBytes: 100, resultBytes: 40 },
      { day: day(now - 7 * DAY_MS), films: 2, sourceBytes: 50, resultBytes: 30 },
    ]);
    expect(points.map(({ saved }) => saved)).toEqual([0, 60, 60, 80, 80, 80, 80, 80, 80, 80, 80]);
    expect(points.at(-1)?.day).toBe(day(now));
  });

  it('shows a week at least, and nothing before the first film', () => {
    expect(savedByDay([])).toEqual([]);
    const points = savedByDay([{ day: day(Date.now()), films: 1, sourceBytes: 9, resultBytes: 4 }]);
    expect(points.map(({ saved }) => saved)).toEqual([0, 0, 0, 0, 0, 0, 5]);
  });
});
