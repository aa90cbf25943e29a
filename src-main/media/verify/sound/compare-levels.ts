import type { Levels } from './levels.ts';
import { MOMENT } from './levels.ts';

/** Mean squares are powers, in dB. */
const power = (decibels: number) => 10 ** (decibels / 10);
/** A stretch of a channel that is softer than this (-50 dB) is as good as silent. */
const SILENT = power(-50);
/** One that is softer than the loudest channel by more than this is drowned by that one's coding noise. */
const DROWNED = power(-30);
/** So loud, against the loudest channel, may be what leaks into one that is silent. */
const MAY_LEAK = power(-20);
/** Stretches of the same sound differ by less than this; measured: 5.5 dB at 8 kb/s a channel, 1.2 dB at usual bitrates. */
const LEVEL = power(10);
/** Moments of a stretch, and before and after it on the other side, which may be moved: 3 s within 4 s. */
const [STRETCH, BESIDE] = [3 / MOMENT, 0.5 / MOMENT];

/** Moments at the end that are left out: the last ones are not whole, and windows at the end show more. */
const LAST = 3;

/** Moments in which the ups and downs of both sides are compared: 20 s, again every 10 s. */
const [PASSAGE, STEP] = [20 / MOMENT, 10 / MOMENT];
/** Level below which differences in loudness are inaudible, in dB. */
const FLOOR = -60;
/** A channel whose loudness spreads by less than this has no ups and downs to compare, in dB. */
const MIN_SPREAD = 3;
/**
 * Ups and downs of the same sound correlate at least so; measured, also where one side is moved by 90 ms: 0.9 of real
 * sound, 0.8 of pips every few seconds; -0.6 to 0.2 of other moments of it.
 */
const MIN_CORRELATION = 0.5;

/** A difference found in a stretch of a channel. */
export interface LevelFlaw {
  channel: number;
  /** When it begins, in s of the levels. */
  at: number;
  /** Continues from "in the result": `it is silent`. */
  what: string;
}

/**
 * Compares the loudness of a track all along, channel by channel: finds stretches that are lost, added or another sound.
 * @returns the first flaw; undefined when there is none
 */
export function compareLevels(source: Levels, result: Levels): LevelFlaw | undefined {
  const count = Math.max(0, ...source.map(({ length }) => length - LAST));
  const sums = [source, result].map((side) => side.map((squares) => sumsOf(squares, count))) as [Sums[], Sums[]];
  for (let channel = 0; channel < Math.min(source.length, result.length); channel++) {
    const found = levelFlaw(sums, channel, count) ?? formFlaw(sums, channel, count);
    if (found) return { channel, at: found.from * MOMENT, what: found.what };
  }
  return undefined;
}

/** Sums of all moments before each. */
type Sums = Float64Array;

function sumsOf(squares: Float64Array, count: number): Sums {
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] ?? 0) + (squares[i] ?? 0);
  return sums;
}

/** Mean over moments, those outside of the track left out. */
function mean(sums: Sums, from: number, to: number): number {
  const [first, last] = [Math.max(0, from), Math.min(sums.length - 1, to)];
  return Math.max(0, (sums[last] ?? 0) - (sums[first] ?? 0)) / Math.max(1, last - first);
}

interface Found {
  from: number;
  what: string;
}

/** Finds a stretch that is much softer or louder than it should be. */
function levelFlaw([source, result]: [Sums[], Sums[]], channel: number, count: number): Found | undefined {
  const [before, after] = [source[channel] as Sums, result[channel] as Sums];
  for (let from = 0; from + STRETCH <= count; from++) {
    const within = (sums: Sums) => mean(sums, from, from + STRETCH);
    const around = (sums: Sums) => mean(sums, from - BESIDE, from + STRETCH + BESIDE);
    const loudest = Math.max(...source.map(around));
    const should = within(before);
    if (should > Math.max(SILENT, loudest * DROWNED) && around(after) * LEVEL < should)
      return {
        from,
        what: around(after) < SILENT / LEVEL ? 'is silent' : `is ${decibels(should / around(after))} dB softer`,
      };
    const is = within(after);
    if (is > Math.max(SILENT, loudest * MAY_LEAK) && around(before) * LEVEL < is)
      return {
        from,
        what:
          around(before) < SILENT / LEVEL
            ? 'is heard, where it was silent'
            : `is ${decibels(is / around(before))} dB louder`,
      };
  }
  return undefined;
}

const decibels = (ratio: number) => Math.round(10 * Math.log10(ratio));

/** Finds a passage whose loudness goes up and down at other moments. */
function formFlaw([source, result]: [Sums[], Sums[]], channel: number, count: number): Found | undefined {
  for (let from = 0; from + PASSAGE <= count; from += STEP) {
    const alike = likeness(source, result, channel, from);
    if (alike < MIN_CORRELATION) return { from, what: 'holds other sound' };
  }
  return undefined;
}

/**
 * How alike a passage goes up and down on both sides, moved by a moment at the most; 1 where it does not. Three moments are heard as
 * one: a pip at the edge of a moment may lie in either.
 */
function likeness(source: Sums[], result: Sums[], channel: number, from: number): number {
  const loudest = Math.max(...source.map((sums) => mean(sums, from, from + PASSAGE)));
  const floor = Math.max(FLOOR, 10 * Math.log10(Math.max(1e-9, loudest * DROWNED)));
  const form = (sums: Sums, start: number) =>
    Float64Array.from({ length: PASSAGE }, (_, i) =>
      Math.max(floor, 10 * Math.log10(Math.max(1e-9, mean(sums, start + i - 1, start + i + 2)))),
    );
  const before = form(source[channel] as Sums, from);
  if (spread(before) < MIN_SPREAD) return 1;
  return Math.max(...[-1, 0, 1].map((lag) => correlation(before, form(result[channel] as Sums, from + lag))));
}

const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function spread(values: Float64Array): number {
  const middle = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length);
}

function correlation(a: Float64Array, b: Float64Array): number {
  const [middleA, middleB] = [average(a), average(b)];
  const product = a.reduce((sum, value, i) => sum + (value - middleA) * ((b[i] ?? 0) - middleB), 0) / a.length;
  const spreads = spread(a) * spread(b);
  return spreads > 0 ? product / spreads : 0;
}
