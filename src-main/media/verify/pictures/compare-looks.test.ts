import { expect, it } from 'vitest';
import { isFrozen, type Look, showsAnother, stillStretches } from './compare-looks.ts';
import type { Thumbnail } from './thumbnail.ts';

const [WIDTH, HEIGHT] = [64, 36];

/** A thumbnail whose luma is `value`, in units of 8 bits, of column and line. */
function picture(value: (x: number, y: number) => number): Thumbnail {
  const luma = WIDTH * HEIGHT;
  const samples = new Uint16Array((luma * 3) / 2).fill(4 * 128);
  for (let i = 0; i < luma; i++) samples[i] = Math.round(4 * value(i % WIDTH, Math.floor(i / WIDTH)));
  return { samples, luma, columns: WIDTH };
}

const black = picture(() => 16);
const scene = picture((x, y) => 100 + 50 * Math.sin(x / 5) * Math.cos(y / 4));
/** So dark that black is as like to it as a coarse encode. */
const night = picture((x, y) => 20 + 6 * Math.sin(x / 5) * Math.cos(y / 4));
/** A scene with something small at a place. */
const withDot = (place: number) =>
  picture((x, y) => (Math.abs(x - place) < 3 && Math.abs(y - 18) < 3 ? 220 : 100 + 50 * Math.sin(x / 5)));
const noisy = (value: (x: number, y: number) => number, seed: number) =>
  picture((x, y) => value(x, y) + 3 * Math.sin(12.9 * x + 78.2 * y + seed));

it('tells another picture, a dark one from a black one too', () => {
  expect(showsAnother({ source: scene, result: black })).toBe(true);
  expect(showsAnother({ source: night, result: black })).toBe(true);
  expect(showsAnother({ source: withDot(10), result: scene })).toBe(true);
});

it('takes coding noise, and black for black, for the same picture', () => {
  const value = (x: number) => 100 + 50 * Math.sin(x / 5);
  expect(showsAnother({ source: noisy(value, 1), result: noisy(value, 2) })).toBe(false);
  expect(showsAnother({ source: black, result: noisy(() => 16, 1) })).toBe(false);
  expect(showsAnother({ source: noisy(() => 16, 1), result: black })).toBe(false);
});

it('finds frozen stretches, up to the end', () => {
  const frames = [scene, scene, scene, withDot(5), withDot(40), black, black].map((p, i): [number, Thumbnail] => [
    i * 12,
    p,
  ]);
  expect(stillStretches(new Map(frames), 12)).toEqual([
    { from: 0, to: 24 },
    { from: 60, to: 72 },
  ]);
  expect(stillStretches(new Map(frames), 24)).toEqual([{ from: 0, to: 24 }]);
});

it('distinguishes a frozen picture whose source moves slightly from one whose source is still', () => {
  const look = (frame: number, source: Thumbnail, result: Thumbnail): Look => ({ frame, source, result });
  expect(isFrozen(look(0, withDot(10), withDot(10)), look(24, withDot(16), withDot(10)))).toBe(true);
  expect(isFrozen(look(0, withDot(10), withDot(10)), look(24, withDot(16), withDot(16)))).toBe(false);
  const value = (x: number) => 100 + 50 * Math.sin(x / 5);
  const flat = picture(value);
  expect(isFrozen(look(0, noisy(value, 1), flat), look(24, noisy(value, 2), flat))).toBe(false);
});
