import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import type { Skip } from '../../../src-shared/plan/skip.ts';
import type { FileRow } from '../../db/tables/files.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Foretold } from '../../master/forecast/forecasts.ts';

/** Returns the plan for a file by the current settings, with what its conversion will probably come to and its size in bytes. */
export function planOf(
  ctx: Pick<MasterContext, 'settings' | 'tables' | 'forecasts'>,
  file: FileRow,
): { plan: Plan | Skip | null; estimate: number | null; foretold?: Foretold | undefined } {
  const { probe, size, overrides } = file;
  const plan = probe && makePlan(probe, withOverrides(ctx.settings(), overrides), ctx.tables());
  if (!probe || plan?.kind !== 'convert') return { plan, estimate: null };
  const foretold = ctx.forecasts.of(file, probe, plan);
  return { plan, estimate: foretold?.forecast.bytes ?? size, foretold };
}
