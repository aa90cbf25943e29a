import type { Live } from '../../src-shared/contract/index.ts';
import { meanShare } from '../../src-shared/jobs/overall-progress.ts';

type TabState = 'idle' | 'working' | 'paused' | 'attention';

/** What the browser's tab shows: the state, and the progress of all running conversions in whole percent. */
export function tabStatus(live: Live | null): { state: TabState; percent: number | null } {
  if (!live) return { state: 'idle', percent: null };
  const { running, stages, workers, problems } = live;
  const share = meanShare(running, stages, (task) => workers.find(({ id }) => id === task.workerId)?.local === true);
  const percent = share === null ? null : Math.floor(100 * share);
  if (live.paused) return { state: 'paused', percent };
  if (percent !== null) return { state: 'working', percent };
  return { state: problems.length > 0 ? 'attention' : 'idle', percent };
}
