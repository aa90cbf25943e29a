import { expect, it } from 'vitest';
import { chunkWords } from './chunk-words.ts';

it('chunkWords counts the chunks of a video that is being encoded in several', () => {
  expect(chunkWords({ stage: 'encoding', chunks: { done: 3, total: 12 } })).toBe('3 of 12 chunks');
  const shared = { done: 41, total: 118, computers: 3 };
  expect(chunkWords({ stage: 'encoding', chunks: shared })).toBe('41 of 118 chunks on 3 computers');
  expect(chunkWords({ stage: 'encoding', chunks: { ...shared, computers: 1 } })).toBe('41 of 118 chunks');
  expect(chunkWords({ stage: 'encoding', chunks: { done: 0, total: 1 } })).toBeUndefined();
  expect(chunkWords({ stage: 'uploading', chunks: { done: 12, total: 12 } })).toBeUndefined();
  expect(chunkWords({ stage: 'encoding' })).toBeUndefined();
});
