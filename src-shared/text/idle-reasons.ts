import type { Employment, WorkerView } from '../contract/fleet-view.ts';
import { yieldingReason } from './availability-text.ts';
import { count } from './format.ts';

/** Why none of the connected computers works, as sentences; undefined while one does. */
export function fleetIdleReason(workers: WorkerView[]): string | undefined {
  const there = workers.filter(({ connected, mode }) => connected && mode === 'active');
  const [first, ...others] = there;
  if (!first?.problem || there.some(({ state }) => state !== 'yielding')) return undefined;
  if (others.length === 0) return first.local ? first.problem : `${first.name}: ${first.problem}`;
  return `All ${count(there.length, 'computer')} are waiting. ${there.map(({ name, problem }) => `${name}: ${problem}`).join(' ')}`;
}

/** Why this computer does not work for its master although it could, as one sentence; undefined while it works. */
export function employmentIdleReason({ mode, yielding, running }: Employment, master: string): string | undefined {
  if (yielding) return yieldingReason(yielding, { here: true, busy: running.length > 0 });
  if (mode === 'paused') return `Paused by ${master}.`;
  if (mode === 'draining') return `Draining at ${master}'s request.`;
  return undefined;
}
