import { describe, expect, it } from 'vitest';
import { fleetThroughput, videoSeconds } from './eta.ts';

const SPEEDS: Record<string, number> = { nas: 10, tower: 40 };
const of = (...workers: [name: string, jobs: number | null][]) =>
  fleetThroughput(
    workers.map(([name, jobs]) => ({ name, local: name === 'nas', settings: { jobs } })),
    ({ name }) => SPEEDS[name],
  );

describe('what workers get through together', () => {
  it('is the sum of all of them, of each as often as it has videos at a time', () => {
    expect(of(['nas', null])).toBe(10);
    expect(of(['nas', 1], ['tower', 2])).toBe(90);
  });

  it('takes a computer that has had no video yet for one like the others', () => {
    expect(of(['nas', 1], ['tower', 1], ['attic', 2])).toBe(100);
  });

  it('is not known while that is known of none, or none takes work', () => {
    expect(of(['attic', 1])).toBeUndefined();
    expect(of()).toBeUndefined();
  });
});

describe('videoSeconds', () => {
  const effort = 100_000;

  it('takes the mean speed of the computers, or that of a sample before the first conversion', () => {
    const speeds = new Map([
      ['nas', 10_000],
      ['tower', 40_000],
    ]);
    expect(videoSeconds(effort, speeds, 1)).toBe(4);
    expect(videoSeconds(effort, new Map(), 50_000)).toBe(2);
  });

  it('is unknown without a speed, or without the effort of the video', () => {
    expect(videoSeconds(effort, new Map(), undefined)).toBeNull();
    expect(videoSeconds(null, new Map(), 50_000)).toBeNull();
  });
});
