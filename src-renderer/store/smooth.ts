import type { Live } from '../../src-shared/contract/index.ts';
import type { RunningView } from '../../src-shared/jobs/lease.ts';

/** How much of a new estimate is believed at once; the rest comes with the next ones. */
const WEIGHT = 0.25;

const blend = (before: number | null | undefined, now: number) =>
  before === null || before === undefined ? now : before + (now - before) * WEIGHT;

/** Work as it is shown: the remaining time calm, the share of a stage never running backwards. */
function calm(task: RunningView, before: RunningView | undefined): RunningView {
  if (!before || before === task || before.progress.stage !== task.progress.stage) return task;
  const { share, eta } = task.progress;
  const progress = {
    ...task.progress,
    ...(share !== undefined && { share: Math.max(share, before.progress.share ?? 0) }),
    ...(eta !== undefined && { eta: blend(before.progress.eta, eta) }),
  };
  return { ...task, progress };
}

function calmAll(now: RunningView[], before: RunningView[] | undefined): RunningView[] {
  const known = new Map(before?.map((task) => [task.task, task]));
  return now.map((task) => calm(task, known.get(task.task)));
}

/** What has come, with estimates that do not jump. */
export function smoothed(now: Live, before: Live | null): Live {
  if (!before || now === before) return now;
  const running = calmAll(now.running, before.running);
  const eta = now.eta === null || now.eta === before.eta ? now.eta : blend(before.eta, now.eta);
  const { master } = now;
  if (!master?.work) return { ...now, running, eta };
  const work = { ...master.work, running: calmAll(master.work.running, before.master?.work?.running) };
  return { ...now, running, eta, master: { ...master, work } };
}
