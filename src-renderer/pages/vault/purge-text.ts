import { count } from '../../../src-shared/text/format.ts';

/**
 * What a purge does, as its question says it.
 * @param purged - how many originals it deletes
 * @param kept - why others stay, one sentence for each of them
 */
export function purgeText(purged: number, kept: readonly string[]): string {
  const what =
    purged === 1
      ? 'Permanently deletes this original. Its converted video is kept.'
      : 'Permanently deletes these originals. Converted videos are kept.';
  const [first] = kept;
  return first === undefined ? what : `${what} ${count(kept.length, 'original')} can't be purged: ${first}`;
}
