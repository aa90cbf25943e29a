import type { StatTable } from '../db/stats.ts';
import type { MasterContext } from '../master/context.ts';
import type { Dispatcher } from '../master/dispatcher.ts';

/** What remains is summed up again no more often than takes this share of the time. */
const LARGEST_SHARE = 0.005;

interface Sources {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  stats: StatTable;
  /** Pixels a second that this computer gets through. */
  throughput: () => number | undefined;
}

/** A worker that takes work. */
interface Ready {
  name: string;
  local: boolean;
  settings: { jobs: number | null };
}

/**
 * Pixels a second that workers get through together; one whose speed is not known yet counts as the mean of the others.
 * @param speedOf pixels a second that a worker gets through with one film
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

/** Looks up the seconds until nothing waits any more; the sum is taken now and then, and counted down from. */
export function timeLeft({ ctx, dispatcher, stats, throughput }: Sources): () => number | null {
  const together = () => {
    const latest = stats.throughputs();
    const speedOf = ({ name, local }: Ready) => latest.get(name) ?? (local ? throughput() : undefined);
    return fleetThroughput(dispatcher.fleet.ready, speedOf);
  };
  let known = { at: 0, cost: 0, pixels: 0, waiting: -1 };
  return () => {
    const { queued, running } = ctx.files.counts();
    if (queued + running === 0 || dispatcher.pause.reason !== null || dispatcher.fleet.standsStill) return null;
    const speed = together();
    if (!speed) return null;
    const now = performance.now();
    if (known.waiting !== queued + running || now - known.at > known.cost / LARGEST_SHARE) {
      const open = ctx.libraries.all().filter(({ paused, held }) => paused === null && !held);
      const pixels = stats.remaining(open.map(({ id }) => id));
      known = { at: now, cost: performance.now() - now, pixels, waiting: queued + running };
    }
    const begun = dispatcher.running.reduce((sum, { file, progress }) => {
      const view = ctx.files.view(file);
      const pixels = (view?.width ?? 0) * (view?.height ?? 0) * (view?.frameRate ?? 24) * (view?.duration ?? 0);
      return sum + pixels * doneShare(progress);
    }, 0);
    return Math.max(0, (known.pixels - begun) / speed);
  };
}

/** How much of a film is done, 0 to 1: encoding takes nearly all of the time. */
function doneShare({ stage, share = 0 }: { stage: string; share?: number | undefined }): number {
  if (stage === 'encoding') return share;
  return ['staging', 'checking', 'replacing'].includes(stage) ? 1 : 0;
}
