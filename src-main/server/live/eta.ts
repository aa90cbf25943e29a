import { overallShare, segmentsOf } from '../../../src-shared/jobs/overall-progress.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';

/** What remains is summed up again no more often than takes this share of the time. */
const MAX_SHARE = 0.005;

interface Sources {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  stats: StatTable;
  /** Effort a second that this computer gets through. */
  throughput: () => number | undefined;
}

/** A worker that takes work. */
interface Ready {
  name: string;
  local: boolean;
  settings: { jobs: number | null };
}

/**
 * Effort a second that workers get through together; one whose speed is not known yet counts as the mean of the others.
 * @param speedOf effort a second that a worker gets through with one video
 * @returns undefined when nothing is known of any of them
 */
export function fleetThroughput(
  ready: readonly Ready[],
  speedOf: (worker: Ready) => number | undefined,
): number | undefined {
  const speeds = ready.map((worker) => ({ speed: speedOf(worker), jobs: worker.settings.jobs ?? 1 }));
  const known = speeds.flatMap(({ speed }) => speed ?? []);
  if (known.length === 0) return undefined;
  const mean = known.reduce((sum, speed) => sum + speed, 0) / known.length;
  return speeds.reduce((sum, { speed, jobs }) => sum + (speed ?? mean) * jobs, 0);
}

/**
 * Returns the seconds that a video will roughly take on one worker; null while no speed is known.
 * @param effort of the video; null where it's unknown
 * @param speeds effort a second that workers got through lately
 * @param own the same of this computer, which a sample may have measured before the first conversion
 */
export function videoSeconds(
  effort: number | null,
  speeds: ReadonlyMap<string, number>,
  own: number | undefined,
): number | null {
  const known = [...speeds.values()];
  const speed = known.length > 0 ? known.reduce((sum, one) => sum + one, 0) / known.length : own;
  return speed && effort ? effort / speed : null;
}

/** Looks up the effort a second that all workers that take work get through. */
export function fleetSpeed({ dispatcher, stats, throughput }: Omit<Sources, 'ctx'>): () => number | undefined {
  return () => {
    const latest = stats.throughputs();
    const speedOf = ({ name, local }: Ready) => latest.get(name) ?? (local ? throughput() : undefined);
    return fleetThroughput(dispatcher.workers.ready, speedOf);
  };
}

/** Looks up the seconds until nothing waits any more; the sum is taken now and then, and counted down from. */
export function timeLeft({ ctx, dispatcher, stats, throughput }: Sources): () => number | null {
  const together = fleetSpeed({ dispatcher, stats, throughput });
  let known = { at: 0, cost: 0, effort: 0, waiting: -1 };
  return () => {
    const { queued, running } = ctx.files.counts();
    if (queued + running === 0 || dispatcher.pause.reason !== null || dispatcher.workers.isSuspended) return null;
    const speed = together();
    if (!speed) return null;
    const now = performance.now();
    if (known.waiting !== queued + running || now - known.at > known.cost / MAX_SHARE) {
      const open = ctx.libraries.all().filter(({ paused, held }) => paused === null && !held);
      const effort = stats.remaining(open.map(({ id }) => id));
      known = { at: now, cost: performance.now() - now, effort, waiting: queued + running };
    }
    const stages = stats.stageSeconds();
    const begun = dispatcher.running.reduce((sum, task) => {
      const local = dispatcher.workers.member(task.workerId)?.local === true;
      return sum + (stats.effort(task.file) ?? 0) * overallShare(segmentsOf(task, stages, local));
    }, 0);
    return Math.max(0, (known.effort - begun) / speed);
  };
}
