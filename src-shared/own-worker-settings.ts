import type { Settings } from './settings.ts';
import { parseHours, type WorkerSettings } from './worker-info.ts';
import { parseRules } from './yielding.ts';

/** What the settings of a worker itself say of how much it does; the rest is left to the master. */
export function ownWorkerSettings({ jobs, bandwidth, hours, rules }: Settings): Partial<WorkerSettings> {
  const schedule = parseHours(hours);
  const chosen = parseRules(rules);
  return {
    ...(jobs !== null && { jobs }),
    ...(bandwidth !== null && { bandwidth }),
    ...(schedule && { schedule }),
    ...(chosen && { rules: chosen }),
  };
}
