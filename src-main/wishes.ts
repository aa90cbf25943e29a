import type { Settings } from '../src-shared/settings.ts';
import { parseHours, type WorkerSettings } from '../src-shared/worker-info.ts';
import { parseRules } from '../src-shared/yielding.ts';

/** What the settings of a worker itself say of how much it does; the rest is left to the master. */
export function wishesOf({ jobs, bandwidth, hours, rules }: Settings): Partial<WorkerSettings> {
  const schedule = parseHours(hours);
  const chosen = parseRules(rules);
  return {
    ...(jobs !== null && { jobs }),
    ...(bandwidth !== null && { bandwidth }),
    ...(schedule && { schedule }),
    ...(chosen && { rules: chosen }),
  };
}
