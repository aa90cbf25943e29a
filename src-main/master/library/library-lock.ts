import path from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { isUnresponsive, notResponding, whileResponding } from '../../fs/response-timeout.ts';

/** Lets one at a time put originals into a vault, take them back or remove them. */
export interface LibraryLock {
  /**
   * Does something when those before it in the same library have done theirs; other libraries do not wait for it.
   * @param place any file in the library
   */
  hold: <T>(place: string, work: () => Promise<T>) => Promise<T>;
  /**
   * As `hold`, but gives up when the library's disk doesn't respond: work that hasn't begun by then is never done, and work that
   * has begun continues when the disk responds again, still under the lock.
   * @param folder that lies on the disk; the root of the library, unless it is given
   * @throws Fault `node` when the disk doesn't respond
   */
  tryHold: <T>(place: string, work: () => Promise<T>, folder?: string) => Promise<T>;
}

/** @param rootOf the root of the library that a file is in; undefined for one that is in none any more */
export function makeLibraryLock(rootOf: (place: string) => string | undefined): LibraryLock {
  const turns = new Map<string, LimitFunction>();
  const hold: LibraryLock['hold'] = (place, work) => {
    const key = rootOf(place) ?? '';
    const turn = turns.get(key) ?? pLimit(1);
    turns.set(key, turn);
    return turn(work).finally(() => {
      if (turn.activeCount + turn.pendingCount === 0) turns.delete(key);
    });
  };
  return {
    hold,
    tryHold: async (place, work, folder = rootOf(place) ?? path.dirname(place)) => {
      if (isUnresponsive(folder)) throw notResponding(folder);
      let isGivenUp = false;
      const turn = hold(place, () => (isGivenUp ? Promise.reject(notResponding(folder)) : work()));
      try {
        return await whileResponding(folder, turn);
      } finally {
        isGivenUp = true;
      }
    },
  };
}
