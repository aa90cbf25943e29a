import { describe, expect, it } from 'vitest';
import { autostartEntry } from '../system/linux-autostart.ts';
import { visibleBounds } from './window-state.ts';

const SCREEN = { x: 0, y: 0, width: 1920, height: 1040 };

describe('a window of before', () => {
  it('opens where it was, as long as its head can be taken hold of', () => {
    const seen = (x: number, y: number) => visibleBounds({ x, y, width: 1280, height: 860 }, [SCREEN]) !== undefined;
    expect([seen(100, 100), seen(1800, 900), seen(-1100, 0)]).toEqual([true, true, true]);
    // On a screen that has been taken away, above the edge, below it, and out to the side.
    expect([seen(2000, 100), seen(100, -40), seen(100, 1030), seen(-1270, 0)]).toEqual([false, false, false, false]);
    expect(visibleBounds(null, [SCREEN])).toBeUndefined();
  });
});

describe('the entry for a start at login', () => {
  it('quotes what the Desktop Entry Specification gives a meaning', () => {
    const exec = autostartEntry(['/opt/My "apps"/100%/$HOME', '--hidden']).match(/^Exec=(.*)$/m)?.[1];
    expect(exec).toBe('"/opt/My \\\\"apps\\\\"/100%%/\\\\$HOME" "--hidden"');
  });
});
