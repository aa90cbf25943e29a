import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, type Rules } from '../../../src-shared/fleet/availability.ts';
import type { Reading } from '../../platform/activity-types.ts';
import { COOLER, DisturbancePolicy, PACE } from './disturbance-policy.ts';

const SILENT: Reading = { idleSeconds: undefined, onBattery: undefined, fullScreen: undefined, celsius: undefined };
const OFF: Rules = { idleMinutes: null, battery: false, fullScreen: false, celsius: null, running: 'hold' };

/** A citizen on a clock that only a test moves. */
function make(rules: Partial<Rules> | null, schedule: { days: number[]; from: string; to: string }[] | null = null) {
  const citizen = new DisturbancePolicy();
  let now = 0;
  let settings = { rules: rules && { ...OFF, ...rules }, schedule };
  return {
    change: (next: Partial<Rules>) => {
      settings = { ...settings, rules: { ...OFF, ...next } };
    },
    /** What it says of this reading, `ms` after the one before. */
    says: (reading: Partial<Reading>, ms = 0, at = new Date('2026-11-22T12:00')) => {
      now += ms;
      return citizen.consider(settings, { ...SILENT, ...reading }, now, at);
    },
  };
}

describe('a good citizen', () => {
  it('works where no signal can be measured, regardless of the rules', () => {
    const all = { idleMinutes: 5, battery: true, fullScreen: true, celsius: 80 };
    for (const rules of [null, all]) {
      const { says } = make(rules);
      expect([says({}), says({}, 60_000)]).toEqual([null, null]);
    }
  });

  it('has standard rules: battery and full screen count, its user and heat do not', () => {
    const { says } = make(null);
    expect(says({ idleSeconds: 0, celsius: 105 })).toBeNull();
    expect(says({ idleSeconds: 0, celsius: 105 }, 60_000)).toBeNull();
    expect(says({ fullScreen: true })).toBe('fullScreen');
    expect(says({ onBattery: true })).toBe('battery');
    expect(DEFAULT_RULES.running).toBe('hold');
  });

  it('ignores what no rule is about', () => {
    const { says } = make({});
    expect(says({ idleSeconds: 0, onBattery: true, fullScreen: true, celsius: 200 }, 60_000)).toBeNull();
  });

  it('waits until its user was away for the whole time, and stops at the first touch', () => {
    const { says } = make({ idleMinutes: 5 });
    expect(says({ idleSeconds: 3 })).toBe('active');
    expect(says({ idleSeconds: 299 }, 296_000)).toBe('active');
    expect(says({ idleSeconds: 300 }, 1000)).toBeNull();
    expect(says({ idleSeconds: 0 }, 5000)).toBe('active');
  });

  it.each([
    ['battery', { battery: true }, { onBattery: true }, { onBattery: false }],
    ['fullScreen', { fullScreen: true }, { fullScreen: true }, { fullScreen: false }],
  ] as const)('stops for %s at once, and goes on when that is over for a while', (cause, rule, bad, good) => {
    const { says } = make(rule);
    expect(says(good)).toBeNull();
    expect(says(bad, 5000)).toBe(cause);
    expect(says(good, 5000)).toBe(cause);
    expect(says(good, PACE.clear - 1)).toBe(cause);
    // It flickers: the time begins anew.
    expect(says(bad, 1)).toBe(cause);
    expect(says(good, 5000)).toBe(cause);
    expect(says(good, PACE.clear)).toBeNull();
  });

  it('resumes some time after a signal is lost', () => {
    const { says } = make({ battery: true });
    expect(says({ onBattery: true })).toBe('battery');
    expect(says({})).toBe('battery');
    expect(says({}, PACE.clear)).toBeNull();
  });

  it('pauses only for lasting heat, and resumes when it is clearly cooler', () => {
    const { says } = make({ celsius: 85 });
    expect(says({ celsius: 99 })).toBeNull();
    expect(says({ celsius: 80 }, PACE.hot - 1)).toBeNull();
    expect(says({ celsius: 86 }, 1)).toBeNull();
    expect(says({ celsius: 90 }, PACE.hot)).toBe('hot');
    expect(says({ celsius: 85 }, PACE.clear * 10)).toBe('hot');
    expect(says({ celsius: 85 - COOLER + 1 }, PACE.clear * 10)).toBe('hot');
    expect(says({ celsius: 85 - COOLER }, 5000)).toBe('hot');
    expect(says({ celsius: 60 }, PACE.clear)).toBeNull();
  });

  it('forgets at once what is no rule any more', () => {
    const { says, change } = make({ battery: true });
    expect(says({ onBattery: true })).toBe('battery');
    change({ fullScreen: true });
    expect(says({ onBattery: true })).toBeNull();
  });

  it('keeps its hours, and names what counts most', () => {
    const { says } = make({ battery: true, idleMinutes: 5 }, [{ days: [0], from: '22:00', to: '06:00' }]);
    const [noon, night] = [new Date('2026-11-22T12:00'), new Date('2026-11-22T22:00')];
    expect(says({ onBattery: true, idleSeconds: 0 }, 0, noon)).toBe('hours');
    expect(says({ onBattery: true, idleSeconds: 0 }, 0, night)).toBe('battery');
    expect(says({ onBattery: false, idleSeconds: 0 }, 0, night)).toBe('battery');
    expect(says({ onBattery: false, idleSeconds: 0 }, PACE.clear, night)).toBe('active');
    expect(says({ idleSeconds: 900 }, 0, night)).toBeNull();
  });
});
