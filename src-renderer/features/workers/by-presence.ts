import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';

/** The workers with those that are gone last, each part in its order. */
export const byPresence = <W extends Pick<WorkerView, 'state'>>(workers: readonly W[]): W[] =>
  workers.toSorted((a, b) => Number(a.state === 'offline') - Number(b.state === 'offline'));
