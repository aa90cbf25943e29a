import { expect, it } from 'vitest';
import { factsOf, sourceFactsOf } from './facts.ts';

const waiting = {
  state: 'queued',
  width: 1920,
  height: 1080,
  codec: 'hevc',
  hdr: 'HDR10',
  audio: 'AC-3 5.1',
  duration: 8040,
  size: 2_000_000_000,
  sourceSize: null,
  resultSize: null,
} as const;
const done = { ...waiting, state: 'done', size: 8e8, sourceSize: 2e9, resultSize: 8e8 } as const;

it('the facts of a converted video are those of its result, with what it was before', () => {
  expect([factsOf(waiting), sourceFactsOf(waiting)]).toEqual([
    '1920×1080 · HEVC · HDR10 · AC-3 5.1 · 2 h 14 min · 2.00 GB',
    '',
  ]);
  expect([factsOf(done), sourceFactsOf(done)]).toEqual([
    '1920×1080 · AV1 · 2 h 14 min · 800 MB',
    'Before: HEVC · HDR10 · AC-3 5.1 · 2.00 GB',
  ]);
});

it('a video that was not analyzed yet has only its size', () => {
  const nothing = { width: null, height: null, codec: null, hdr: null, audio: null, duration: null };
  expect(factsOf({ ...waiting, ...nothing, state: 'found' })).toBe('2.00 GB');
});
