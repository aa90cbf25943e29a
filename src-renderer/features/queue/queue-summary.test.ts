import { expect, it } from 'vitest';
import type { Live } from '../../../src-shared/contract/index.ts';
import { queueSummary } from './queue-summary.ts';

const live = (awaitingCheck: number, more: Partial<Live> = {}) =>
  ({
    counts: { found: 0, queued: 3, done: 0 },
    running: [],
    workers: [],
    ...{ paused: null, pausedUntil: null, held: false, settling: 0, eta: null, awaitingCheck, onHold: 0 },
    ...more,
  }) as unknown as Live;

it.each([
  [0, '3 videos waiting.'],
  [1, '3 videos waiting. 1 result is waiting to be verified on this computer.'],
  [12, '3 videos waiting. 12 results are waiting to be verified on this computer.'],
])('adds the %i results that wait to be verified', (n, sentence) => expect(queueSummary(live(n))).toBe(sentence));

it('counts what is on hold apart from what waits, and names a computer that is gone', () => {
  expect(queueSummary(live(0, { onHold: 3 }))).toBe('3 videos on hold.');
  const workers = [{ name: 'garage', state: 'offline' }] as unknown as Live['workers'];
  expect(queueSummary(live(0, { workers }))).toBe('3 videos waiting. garage is offline.');
});

it('counts computers that help with the video of another one', () => {
  const running = [{ workerId: 'a' }] as unknown as Live['running'];
  const workers = [
    { id: 'a', state: 'working', helping: [] },
    { id: 'b', state: 'working', helping: [{ task: 1, path: 'Tide.mkv', worker: 'a' }] },
    { id: 'c', state: 'idle', helping: [] },
  ] as unknown as Live['workers'];
  expect(queueSummary(live(0, { running, workers }))).toBe('1 video running on 2 computers, 3 videos waiting.');
});
