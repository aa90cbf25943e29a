import { describe, expect, it } from 'vitest';
import { savedPoints } from './saved-points.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const day = (time: number) => new Date(time).toISOString().slice(0, 10);
const saving = (sourceBytes: number, resultBytes: number) => ({ films: 1, sourceBytes, resultBytes });

describe('savedPoints', () => {
  it('adds up, and continues over days without a video until today', () => {
    const now = Date.now();
    const { unit, points } = savedPoints({
      byHour: [],
      byDay: [
        { day: day(now - 9 * DAY_MS), ...saving(100, 40) },
        { day: day(now - 7 * DAY_MS), ...saving(50, 30) },
      ],
    });
    expect(unit).toBe('day');
    expect(points.map(({ saved }) => saved)).toEqual([0, 60, 60, 80, 80, 80, 80, 80, 80, 80, 80]);
    expect(day(points.at(-1)?.time ?? 0)).toBe(day(now));
  });

  it('begins the day before the first video, and shows nothing without one', () => {
    expect(savedPoints({ byHour: [], byDay: [] }).points).toEqual([]);
    const { points } = savedPoints({ byHour: [], byDay: [{ day: day(Date.now()), ...saving(9, 4) }] });
    expect(points.map(({ saved }) => saved)).toEqual([0, 5]);
  });

  it('goes by hours in the first week, from the hour before the first video until now', () => {
    const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const { unit, points } = savedPoints({
      byHour: [
        { hour: hour - 4 * HOUR_MS, ...saving(100, 40) },
        { hour: hour - 2 * HOUR_MS, ...saving(50, 30) },
      ],
      byDay: [{ day: day(hour), ...saving(150, 70) }],
    });
    expect(unit).toBe('hour');
    expect(points.map(({ saved }) => saved)).toEqual([0, 60, 60, 80, 80, 80]);
    expect(points.map(({ time }) => (time - hour) / HOUR_MS)).toEqual([-5, -4, -3, -2, -1, 0]);
  });

  it('shows a range up to now, with what was saved before, and thins out what is longer than a screen', () => {
    const now = Date.now();
    const byDay = [
      { day: day(now - 1000 * DAY_MS), ...saving(100, 40) },
      { day: day(now), ...saving(9, 4) },
    ];
    const month = savedPoints({ byHour: [], byDay }, '30 days').points;
    expect(month).toHaveLength(31);
    expect([month[0]?.saved, month.at(-1)?.saved]).toEqual([60, 65]);
    const all = savedPoints({ byHour: [], byDay }).points;
    expect(all).toHaveLength(334);
    expect([all[0]?.saved, all.at(-1)?.saved]).toEqual([60, 65]);
  });
});
