import type { WorkerView } from '../contract/fleet-view.ts';

const STATE_LABELS: Record<WorkerView['state'], string> = {
  idle: 'Idle',
  working: 'Working',
  paused: 'Paused',
  yielding: 'Waiting',
  waiting: 'Waiting for you',
  suspect: 'Unreachable',
  offline: 'Offline',
};

/** The state of a worker, in a word or two. */
export function workerLabel({ state, mode }: Pick<WorkerView, 'state' | 'mode'>): string {
  const draining = mode === 'draining';
  if (draining && ['working', 'idle', 'paused'].includes(state)) return 'Draining';
  return [STATE_LABELS[state], draining && 'draining'].filter(Boolean).join(', ');
}
