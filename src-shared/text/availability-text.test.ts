import { describe, expect, it } from 'vitest';
import { yieldingReason } from './availability-text.ts';

describe('why a worker waits', () => {
  it('is worded for its own user, and for others', () => {
    const active = { cause: 'active', held: true } as const;
    expect(yieldingReason(active, { here: true, busy: true })).toBe("Waiting: you're using this computer.");
    expect(yieldingReason(active, { here: false, busy: false })).toBe('Waiting: someone is using that computer.');
  });

  it('says that running work is finished first, and who paused it', () => {
    const battery = { cause: 'battery', held: false } as const;
    expect(yieldingReason(battery, { here: true, busy: true })).toBe(
      'Finishing current work, then pausing: on battery.',
    );
    expect(yieldingReason(battery, { here: true, busy: false })).toBe('Waiting: on battery.');
    const user = { cause: 'user', held: true } as const;
    expect(yieldingReason(user, { here: true, busy: true })).toBe('Paused by you.');
    expect(yieldingReason(user, { here: false, busy: true })).toBe('Paused on that computer.');
  });
});
