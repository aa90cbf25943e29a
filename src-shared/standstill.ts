import type { Employment, WorkerView } from './fleet-view.ts';
import { count } from './format.ts';
import { yieldingSentence } from './yielding-words.ts';

/** Why none of the computers that are there works, as sentences; undefined while one does. */
export function whyAllWait(workers: WorkerView[]): string | undefined {
  const there = workers.filter(({ connected, mode }) => connected && mode === 'active');
  const [first, ...others] = there;
  if (!first?.problem || there.some(({ state }) => state !== 'yielding')) return undefined;
  if (others.length === 0) return first.local ? first.problem : `${first.name}: ${first.problem}`;
  return `None of ${count(there.length, 'computer')} works. ${there.map(({ name, problem }) => `${name}: ${problem}`).join(' ')}`;
}

/** Why this computer does not work for its master although it could, as one sentence; undefined while nothing is against it. */
export function whyItRests({ mode, yielding, running }: Employment, master: string): string | undefined {
  if (yielding) return yieldingSentence(yielding, { here: true, busy: running.length > 0 });
  if (mode === 'paused') return `${master} has paused this computer.`;
  if (mode === 'draining') return `It ends what it has and takes no more, as ${master} wishes.`;
  return undefined;
}
