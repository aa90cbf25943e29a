import { expect, it } from 'vitest';
import { scanText } from './scan-text.ts';

it('scans of several libraries are reported as one sum, a scan of one with its name', () => {
  const nothing = { added: 0, changed: 0, moved: 0, missing: 0 };
  expect(scanText([{ ...nothing, added: 1 }, nothing, { ...nothing, added: 1200, missing: 2 }])).toBe(
    '1,201 new videos, 0 changed, 0 moved, 2 missing.',
  );
  expect(scanText([{ ...nothing, added: 1 }], 'Series')).toBe('Series: 1 new video, 0 changed, 0 moved, 0 missing.');
});
