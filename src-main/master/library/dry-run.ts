import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DryRun } from '../../../src-shared/contract/stats-view.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import type { StatTable } from '../../db/tables/stats.ts';
import type { MasterContext } from '../context.ts';

/** Videos that are planned for an estimate; a larger library is judged by this many, evenly spread. */
const MAX_PLANNED = 1000;
/** Plans made before others have their turn. */
const BATCH = 25;

/**
 * What converting a library would bring, by the settings in force.
 * @param throughput pixels a second of this computer, where that is known
 */
export async function dryRun(
  ctx: MasterContext,
  parts: { list: FileList; stats: StatTable; throughput: number | undefined },
  library: number,
): Promise<DryRun> {
  const { list, stats, throughput } = parts;
  const all = list.tally({ library: [library], missing: false });
  const waiting = list.ids({ library: [library], missing: false, state: ['queued', 'running'] });
  const step = Math.max(1, waiting.length / MAX_PLANNED);
  const chosen = Array.from({ length: Math.min(waiting.length, MAX_PLANNED) }, (_, i) => waiting[Math.floor(i * step)]);
  let [planned, before, after] = [0, 0, 0];
  const refused = new Map<string, { count: number; bytes: number; example: string }>();
  for (const [i, id] of chosen.entries()) {
    const file = id === undefined ? undefined : ctx.files.get(id);
    const plan = file?.probe && makePlan(file.probe, withOverrides(ctx.settings(), file.overrides), ctx.tables());
    if (file?.probe && plan?.kind === 'convert') {
      planned += 1;
      before += file.size;
      after += ctx.forecasts.of(file, file.probe, plan)?.forecast.bytes ?? file.size;
    } else if (file && plan?.kind === 'skip')
      add(refused, plan.code, { count: 1, bytes: file.size, example: plan.reason });
    if (i % BATCH === 0) await nextTurn();
  }
  // The settings may have changed since the videos were queued: those that would be skipped now are counted with the others.
  const scale = chosen.length > 0 ? waiting.length / chosen.length : 1;
  const skip = new Map(
    [...refused].map(([code, { count, bytes, example }]) => [
      code,
      { count: Math.round(count * scale), bytes: Math.round(bytes * scale), example },
    ]),
  );
  for (const { code, ...rest } of stats.skipped(library)) add(skip, code, rest);
  const share = chosen.length > 0 ? planned / chosen.length : 0;
  return {
    files: all.total,
    pending: all.counts.found,
    convert: Math.round(planned * scale),
    bytes: Math.round(before * scale),
    bytesAfter: Math.round(after * scale),
    skip: [...skip].map(([code, rest]) => ({ code, ...rest })).sort((a, b) => b.count - a.count),
    seconds: throughput ? (share * stats.remaining([library])) / throughput : null,
  };
}

type Refusal = { count: number; bytes: number; example: string };
function add(to: Map<string, Refusal>, code: string, { count, bytes, example }: Refusal): void {
  const known = to.get(code);
  to.set(code, { count: (known?.count ?? 0) + count, bytes: (known?.bytes ?? 0) + bytes, example });
}
