import { expect, it } from 'vitest';
import { hiddenBorders } from './mp4.ts';

const PICTURE = { width: 720, height: 480 };

it.each([
  [
    'as wide borders on both sides',
    { width: 704, height: 480, right: 0, down: 0 },
    { left: 8, top: 0, right: 8, bottom: 0 },
  ],
  ['off the center', { width: 700, height: 470, right: -2, down: 3 }, { left: 8, top: 8, right: 12, bottom: 2 }],
  ['with parts of pixels', { width: 703.6, height: 480, right: 0, down: 0 }, { left: 8, top: 0, right: 8, bottom: 0 }],
  ['that is all of the picture', { width: 720, height: 480, right: 0, down: 0 }, undefined],
  ['larger than the picture', { width: 722, height: 480, right: 0, down: 0 }, undefined],
  ['that leaves the picture', { width: 704, height: 480, right: 20, down: 0 }, undefined],
  ['of nothing', { width: 0, height: Number.NaN, right: 0, down: 0 }, undefined],
])('a clean aperture %s hides these borders', (_, aperture, borders) => {
  expect(hiddenBorders(PICTURE, aperture)).toEqual(borders);
});
