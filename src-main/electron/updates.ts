import type { UpdateState } from '../../src-shared/desktop.ts';

/** What the shell needs of whatever keeps this program up to date. */
export interface Updates {
  state: () => UpdateState;
  /** Puts the newer version in place and starts it; nothing without one. */
  install: () => void;
}

/** A program that is kept up to date by other means: from the sources, or by a package manager. */
export const NO_UPDATES: Updates = {
  state: () => ({ state: 'none', version: null }),
  install: () => undefined,
};
