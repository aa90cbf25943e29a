import { ruleOf, withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { FileRow } from '../../db/tables/files.ts';
import type { MasterContext } from '../context.ts';

/**
 * Returns the skip codes to overrule so that a skipped video is converted, those that already are among them; null where
 * that is impossible, because of what the video is or because a conversion despite its rule was tried.
 */
export function overridesFor(ctx: MasterContext, file: FileRow): SkipCode[] | null {
  if (file.state !== 'skipped' || !file.code) return null;
  const codes = [...file.overrides];
  for (let code = file.code; ; ) {
    if (!ruleOf(code) || codes.includes(code as SkipCode)) return null;
    codes.push(code as SkipCode);
    // A video skipped before it was probed may have another reason to be skipped, which is shown then.
    if (!file.probe) return codes;
    const plan = makePlan(file.probe, withOverrides(ctx.settings(), codes), ctx.tables());
    if (plan.kind === 'convert') return codes;
    code = plan.code;
  }
}
