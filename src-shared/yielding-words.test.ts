import { describe, expect, it } from 'vitest';
import { yieldingSentence } from './yielding-words.ts';

describe('why a worker waits', () => {
  it('is told to the one who sits at it, and to others', () => {
    const active = { cause: 'active', held: true } as const;
    expect(yieldingSentence(active, { here: true, busy: true })).toBe('Waiting: you are using this computer.');
    expect(yieldingSentence(active, { here: false, busy: false })).toBe('Waiting: somebody is using that computer.');
  });

  it('says that what runs is finished first, and who paused it', () => {
    const battery = { cause: 'battery', held: false } as const;
    expect(yieldingSentence(battery, { here: true, busy: true })).toBe(
      'It finishes what it has, then waits: on battery.',
    );
    expect(yieldingSentence(battery, { here: true, busy: false })).toBe('Waiting: on battery.');
    const user = { cause: 'user', held: true } as const;
    expect(yieldingSentence(user, { here: true, busy: true })).toBe('Paused by you.');
    expect(yieldingSentence(user, { here: false, busy: true })).toBe('Paused at that computer.');
  });
});
