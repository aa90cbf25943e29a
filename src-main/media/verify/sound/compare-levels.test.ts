import { describe, expect, it } from 'vitest';
import { randomFrom } from '../windows.ts';
import { compareLevels } from './compare-levels.ts';
import { LevelReader, MOMENT } from './levels.ts';

const COUNT = 120 / MOMENT;
/** Two minutes of a channel that goes up and down as speech does, between -50 and -14 dB. */
function speech(seed: number, loudness = 0): Float64Array {
  const random = randomFrom(seed);
  let level = 0.5;
  return Float64Array.from({ length: COUNT }, () => {
    level = Math.min(1, Math.max(0, level + 0.8 * (random() - 0.5)));
    return 10 ** ((loudness - 50 + 36 * level) / 10);
  });
}
const steady = (decibels: number) => new Float64Array(COUNT).fill(10 ** (decibels / 10));
const [left, right] = [speech(1), speech(2)];
/** A channel that is another one from a second to another. */
const changed = (channel: Float64Array, from: number, to: number, other: (value: number, i: number) => number) =>
  channel.map((value, i) => (i >= from / MOMENT && i < to / MOMENT ? other(value, i) : value));
/** What is heard a share of a moment later. */
const late = (channel: Float64Array, share: number) =>
  channel.map((value, i) => value * (1 - share) + (channel[i - 1] ?? 0) * share);

describe('compareLevels', () => {
  it('takes coding noise, a small delay and silence for silence for the same sound', () => {
    const noisy = left.map((value, i) => value * 10 ** (0.2 * Math.sin(i)) + 10 ** -6.5);
    expect(compareLevels([left, right], [noisy, late(right, 0.2)])).toBeUndefined();
    expect(compareLevels([left, steady(-90)], [left, steady(-62)])).toBeUndefined();
    expect(compareLevels([steady(-100)], [steady(-400)])).toBeUndefined();
  });

  it('takes pips at the edges of moments for the same sound', () => {
    const pips = (at: number) => Float64Array.from({ length: COUNT }, (_, i) => (i % 6 === at ? 0.01 : 0));
    expect(compareLevels([pips(2)], [pips(3)])).toBeUndefined();
  });

  it('says nothing of what a loud channel drowns', () => {
    const loud = steady(-10);
    expect(compareLevels([loud, steady(-45)], [loud, steady(-90)])).toBeUndefined();
    expect(compareLevels([loud, steady(-90)], [loud, steady(-35)])).toBeUndefined();
  });

  it('says nothing of the last moments, which are not whole', () => {
    expect(compareLevels([left], [left.with(COUNT - 1, 1)])).toBeUndefined();
  });

  it.each([
    ['silence', changed(steady(-20), 40, 44.5, () => 0), { at: 40.5, what: 'is silent' }],
    ['softer sound', changed(steady(-20), 40, 45, (v) => v / 20), { at: 40.5, what: 'is 13 dB softer' }],
    ['louder sound', changed(steady(-20), 40, 45, (v) => v * 30), { at: 38, what: 'is 10 dB louder' }],
    ['the end of its sound', steady(-20).subarray(0, 60 / MOMENT), { at: 60.5, what: 'is silent' }],
  ])('tells %s', (_, result, flaw) => {
    const found = compareLevels([steady(-30), steady(-20)], [steady(-30), result]);
    expect(found).toMatchObject({ channel: 1, what: flaw.what });
    expect(Math.abs((found?.at ?? 0) - flaw.at)).toBeLessThanOrEqual(1);
  });

  it('tells silence between words, and words in silence', () => {
    expect(compareLevels([left], [changed(left, 30, 36, () => 0)])?.what).toMatch(/silent|softer/);
    expect(compareLevels([changed(left, 30, 36, () => 0)], [left])?.what).toMatch(/heard|louder/);
  });

  it('tells half a minute of another moment, and swapped sides', () => {
    expect(compareLevels([left], [changed(left, 40, 70, (_, i) => left[i + 60] ?? 0)])?.what).toBeDefined();
    expect(compareLevels([left, right], [right, left])?.what).toBeDefined();
  });
});

it('reads what ffmpeg says, on the clock of the source', () => {
  const reader = new LevelReader(1);
  for (const line of [
    '[ametadata@level3 @ 0x55fd3c8d6740] [info] frame:0    pts:12000   pts_time:1.5',
    '[ametadata@level3 @ 0x55fd3c8d6740] [info] lavfi.astats.1.RMS_level=-20.000000',
    '[ametadata@level3 @ 0x55fd3c8d6740] [info] lavfi.astats.2.RMS_level=-inf',
    '[ametadata@level3 @ 0x55fd3c8d6740] [info] frame:9    pts:999999999999 pts_time:1.25e+08',
    '[ametadata@level3 @ 0x55fd3c8d6740] [info] lavfi.astats.1.RMS_level=-20.000000',
  ])
    expect(reader.add(line)).toBe(true);
  expect(reader.add('[astats@level3 @ 0x55fd3c8d6740] [info] RMS level dB: -20')).toBe(false);
  const [first, second] = reader.levels(3) ?? [];
  expect(first?.[1]).toBeCloseTo(0.01);
  expect(second?.[1]).toBeCloseTo(0);
  expect(reader.levels(2)).toBeUndefined();
});
