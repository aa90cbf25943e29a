import { expect, it } from 'vitest';
import { timecode } from './timecode.ts';

it('writes a place in a video as players do', () => {
  expect([0, 59.96, 60, 3727, 36_000].map((seconds) => timecode(seconds))).toEqual([
    '0:00',
    '0:59',
    '1:00',
    '1:02:07',
    '10:00:00',
  ]);
  expect([0.8, 62.4].map((seconds) => timecode(seconds, true))).toEqual(['0:00.8', '1:02.4']);
});
