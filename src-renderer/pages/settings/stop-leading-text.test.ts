import { expect, it } from 'vitest';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { stopLeadingText } from './stop-leading-text.ts';

const worker = (running: number, local = false) => ({
  local,
  running: Array.from({ length: running }) as WorkerView['running'],
});
const REST = "Libraries, queue, and vault aren't affected; this computer keeps converting.";

it.each([
  [[], 'Port 8091 closes.'],
  [[worker(0)], 'Port 8091 closes; it stays approved and reconnects automatically when this computer leads again.'],
  [
    [worker(1)],
    '1 video that it works on returns to the queue; port 8091 closes; it stays approved and reconnects automatically when this computer leads again.',
  ],
  [
    [worker(1), worker(1)],
    '2 videos that they work on return to the queue; port 8091 closes; they stay approved and reconnect automatically when this computer leads again.',
  ],
])('says what happens to %j', (others, text) =>
  expect(stopLeadingText([worker(3, true), ...others], 8091)).toBe(`${text} ${REST}`),
);
