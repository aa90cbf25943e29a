import { describe, expect, it } from 'vitest';
import { fleetThroughput } from './time-left.ts';

const SPEEDS: Record<string, number> = { nas: 10, tower: 40 };
const of = (...workers: [name: string, jobs: number | null][]) =>
  fleetThroughput(
    workers.map(([name, jobs]) => ({ name, local: name === 'nas', settings: { jobs } })),
    ({ name }) => SPEEDS[name],
  );

describe('what workers get through together', () => {
  it('is the sum of all of them, of each as often as it has films at a time', () => {
    expect(of(['nas', null])).toBe(10);
    expect(of(['nas', 1], ['tower', 2])).toBe(90);
  });

  it('takes a computer that has had no film yet for one like the others', () => {
    expect(of(['nas', 1], ['tower', 1], ['attic', 2])).toBe(100);
  });

  it('is not known while that is known of none, or none takes work', () => {
    expect(of(['attic', 1])).toBeUndefined();
    expect(of()).toBeUndefined();
  });
});
