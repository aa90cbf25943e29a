import type { Events } from '../../../src-shared/contract/index.ts';
import type { MetricsParts } from './metrics.ts';

/** What becomes of a job that was at work, by the state that its video has then. */
const RESULTS: Partial<Record<Events['file']['state'], string>> = {
  done: 'done',
  skipped: 'skipped',
  failed: 'failed',
  blocked: 'blocked',
  queued: 'returned',
  found: 'changed',
};

/** Counts what becomes of jobs, from now on, by the names of {@link RESULTS}. */
export function countResults({ dispatcher, on }: Pick<MetricsParts, 'dispatcher' | 'on'>): Record<string, number> {
  const ended: Record<string, number> = Object.fromEntries(Object.values(RESULTS).map((result) => [result, 0]));
  const running = new Set(dispatcher.running.map(({ file }) => file));
  on('file', ({ id, state }) => {
    const result = RESULTS[state];
    if (state === 'running') running.add(id);
    else if (running.delete(id) && result) ended[result] = (ended[result] ?? 0) + 1;
  });
  return ended;
}
