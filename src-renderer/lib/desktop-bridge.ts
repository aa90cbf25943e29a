import type { Desktop } from '../../src-shared/contract/desktop-bridge.ts';

declare global {
  interface Window {
    desktop?: Desktop;
  }
}

/** The desktop program around this page; undefined in a browser. */
export const desktop: Desktop | undefined = window.desktop;
