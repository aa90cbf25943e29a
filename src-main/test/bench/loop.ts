import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Bench, measured } from './measure.ts';
import { FILES, nodeWithTree } from './tree.ts';

/** How often the loop is looked at, in ms: the monitor counts this wait as delay. */
const RESOLUTION = 1;
const GOAL = 50;

/** How long a serving node keeps callers waiting while it scans 100,000 new files. */
export const loop: Bench = async (folder) => {
  const { node, scan } = await nodeWithTree(folder);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  await scan();
  delay.disable();
  await node.stop();
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    files: measured(FILES, 'files'),
    p50: measured(ms(delay.percentile(50)), 'ms'),
    p99: measured(ms(delay.percentile(99)), 'ms', GOAL),
    max: measured(ms(delay.max), 'ms'),
  };
};
