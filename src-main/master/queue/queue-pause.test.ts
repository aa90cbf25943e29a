import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { QueuePause } from './queue-pause.ts';

const HOUR_MS = 3_600_000;

describe('a pause until a time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const make = () => {
    const still: boolean[] = [];
    const told: unknown[] = [];
    const pause = new QueuePause((event, payload) => event === 'paused' && told.push(payload), {
      commonFault: () => undefined,
      retryMs: 1000,
      pauseRunning: (on) => still.push(on),
    });
    return { pause, still, told };
  };
  const byUser = { reason: 'Paused by you.', byUser: true, held: true };

  it('ends automatically then, and not before', () => {
    const { pause, still, told } = make();
    pause.begin({ ...byUser, until: Date.now() + HOUR_MS });
    vi.advanceTimersByTime(HOUR_MS - 1);
    expect([pause.reason, pause.until !== null]).toEqual(['Paused by you.', true]);
    vi.advanceTimersByTime(1);
    expect([pause.reason, pause.until]).toEqual([null, null]);
    expect(still).toEqual([true, false]);
    expect(told).toEqual([{ reason: 'Paused by you.' }, { reason: null }]);
  });

  it('ends soon after a sleep of the computer in which its time came', () => {
    const { pause } = make();
    pause.begin({ ...byUser, until: Date.now() + HOUR_MS });
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    vi.advanceTimersByTime(30_000);
    expect(pause.reason).toBeNull();
  });

  it('gives way to one without an end, and is not shortened by a fault', () => {
    const { pause } = make();
    pause.begin({ ...byUser, until: Date.now() + HOUR_MS });
    pause.begin({ reason: 'The disk is full.', byUser: false, held: false, until: null });
    pause.begin({ ...byUser, until: null });
    vi.advanceTimersByTime(2 * HOUR_MS);
    expect([pause.reason, pause.until]).toEqual(['Paused by you.', null]);
    pause.stop();
  });
});
