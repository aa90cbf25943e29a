import type { Live } from '../contract/index.ts';

/** Returns how many videos wait for a worker; those of libraries that are held or paused wait for something else. */
export const waitingCount = ({ counts, onHold }: Pick<Live, 'counts' | 'onHold'>): number =>
  Math.max(0, counts.found + counts.queued - onHold);
