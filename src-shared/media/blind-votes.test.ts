import { expect, it } from 'vitest';
import { suggestQuality } from './blind-votes.ts';

const votes = (source: number, result: number, same: number) => ({ source, result, same });

it.each([
  ['balanced', votes(0, 0, 4), null],
  ['balanced', votes(0, 0, 5), 'small'],
  // Guesses: right as often as wrong.
  ['balanced', votes(3, 3, 1), 'small'],
  ['balanced', votes(4, 0, 1), 'transparent'],
  ['balanced', votes(2, 0, 3), 'transparent'],
  ['balanced', votes(1, 0, 4), null],
  // Who prefers the result does not miss anything.
  ['balanced', votes(0, 5, 0), 'small'],
  ['transparent', votes(5, 0, 0), null],
  ['small', votes(0, 0, 9), null],
  ['table', votes(5, 0, 0), null],
] as const)('with %s, %o suggest %s', (quality, cast, suggestion) => {
  expect(suggestQuality(cast, quality)).toBe(suggestion);
});
