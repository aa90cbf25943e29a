import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromWeek, stepOf, toWeek } from './week.ts';

const ALL = [0, 1, 2, 3, 4, 5, 6];

it('shows nights over midnight, and writes them as one entry', () => {
  const nights = [{ days: ALL, from: '22:00', to: '07:00' }];
  const week = toWeek(nights, 60);
  expect(week.map((cells) => cells.filter(Boolean).length)).toEqual(ALL.map(() => 9));
  expect(fromWeek(week, 60)).toEqual(nights);
});

it('puts days with the same times together, and knows whole days', () => {
  const schedule = [
    { days: [1, 2, 3, 4, 5], from: '18:00', to: '23:00' },
    { days: [0, 6], from: '00:00', to: '00:00' },
  ];
  expect(fromWeek(toWeek(schedule, 60), 60)).toEqual(expect.arrayContaining(schedule));
});

it('takes finer cells where times need them', () => {
  const at = (from: string) => [{ days: [1], from, to: '23:00' }];
  expect(['18:00', '18:30', '18:15', '18:07'].map((from) => stepOf(at(from)))).toEqual([60, 30, 15, 15]);
});

it('every selection of cells survives the round trip', () => {
  const week = fc.array(fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }), { minLength: 7, maxLength: 7 });
  fc.assert(
    fc.property(week, (cells) => {
      expect(toWeek(fromWeek(cells, 60), 60)).toEqual(cells);
    }),
  );
});
