import { expect, it } from 'vitest';
import { byteTicks } from './byte-ticks.ts';

it.each([
  [2_200_000, [0, 1_000_000, 2_000_000, 3_000_000]],
  [550_000, [0, 200_000, 400_000, 600_000]],
  [36e12, [0, 10e12, 20e12, 30e12, 40e12]],
  [0, [0, 1000]],
])('%d bytes are read from round numbers', (max, ticks) => expect(byteTicks(max)).toEqual(ticks));
