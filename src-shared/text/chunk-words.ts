import type { Progress } from '../jobs/lease.ts';

/**
 * `3 of 12 chunks`, or `3 of 12 chunks on 2 computers`: how many pieces of a video that is being encoded are done; undefined for a video in
 * one piece.
 */
export function chunkWords({ stage, chunks }: Pick<Progress, 'stage' | 'chunks'>): string | undefined {
  if (stage !== 'encoding' || !chunks || chunks.total < 2) return undefined;
  const { done, total, computers = 1 } = chunks;
  return `${done} of ${total} chunks${computers > 1 ? ` on ${computers} computers` : ''}`;
}
