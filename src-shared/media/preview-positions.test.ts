import { expect, it } from 'vitest';
import { nextPosition, POSITIONS, WORST } from './preview-positions.ts';

it('every place is followed by another one, the last and the weakest scene by the first', () => {
  expect([...POSITIONS, WORST].map(nextPosition)).toEqual([1, 2, 3, 4, 0, 0]);
});
