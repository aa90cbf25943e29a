import { expect, it } from 'vitest';
import { purgeText } from './purge-text.ts';

it('speaks of one original, and of several', () => {
  expect(purgeText(1, [])).toBe('Permanently deletes this original. Its converted video is kept.');
  expect(purgeText(2, [])).toBe('Permanently deletes these originals. Converted videos are kept.');
});

it('counts the originals that stay, with the reason of the first', () => {
  const why = 'Its converted video is missing.';
  expect(purgeText(1, [why, why])).toMatch(/is kept\. 2 originals can't be purged: Its converted video is missing\.$/);
});
