import { describe, expect, it } from 'vitest';
import { isWithin } from './schedule.ts';

// 22 November 2026 is a Sunday.
const at = (day: number, time: string) => new Date(`2026-11-${22 + day}T${time}:00`);

describe('isWithin', () => {
  it('allows every time without a schedule', () => {
    expect(isWithin(null, at(0, '03:00'))).toBe(true);
    expect(isWithin([], at(0, '03:00'))).toBe(true);
  });

  it('counts from the first minute to before the last, on its days only', () => {
    const nights = [{ days: [1, 2], from: '01:00', to: '07:30' }];
    expect(isWithin(nights, at(1, '00:59'))).toBe(false);
    expect(isWithin(nights, at(1, '01:00'))).toBe(true);
    expect(isWithin(nights, at(2, '07:29'))).toBe(true);
    expect(isWithin(nights, at(2, '07:30'))).toBe(false);
    expect(isWithin(nights, at(3, '02:00'))).toBe(false);
  });

  it('goes over midnight, also from Saturday to Sunday', () => {
    const weekend = [{ days: [6], from: '22:00', to: '06:00' }];
    expect(isWithin(weekend, at(6, '21:59'))).toBe(false);
    expect(isWithin(weekend, at(6, '22:00'))).toBe(true);
    expect(isWithin(weekend, at(0, '05:59'))).toBe(true);
    expect(isWithin(weekend, at(0, '06:00'))).toBe(false);
    expect(isWithin(weekend, at(6, '05:00'))).toBe(false);
  });

  it('takes the same time twice as a whole day', () => {
    const sunday = [{ days: [0], from: '06:00', to: '06:00' }];
    expect(isWithin(sunday, at(0, '05:59'))).toBe(false);
    expect(isWithin(sunday, at(0, '06:00'))).toBe(true);
    expect(isWithin(sunday, at(1, '05:59'))).toBe(true);
    expect(isWithin(sunday, at(1, '06:00'))).toBe(false);
  });

  it('allows what any of several lines allows', () => {
    const both = [
      { days: [1], from: '01:00', to: '02:00' },
      { days: [1], from: '20:00', to: '23:00' },
    ];
    expect([at(1, '01:30'), at(1, '12:00'), at(1, '21:00')].map((time) => isWithin(both, time))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
