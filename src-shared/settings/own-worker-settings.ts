import { parseRules } from '../fleet/availability.ts';
import { parseHours, type WorkerSettings } from '../fleet/worker-info.ts';
import type { Settings } from './settings.ts';

/** The limits that a worker's own settings set; the others are left to the master. */
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
