import { fitPlan } from '../../src-shared/fit-plan.ts';
import { makePlan, type Plan, type Skip } from '../../src-shared/plan.ts';
import type { Settings } from '../../src-shared/settings.ts';
import type { LeftOut } from '../db/jobs.ts';
import type { MasterContext } from './context.ts';
import type { Member } from './fleet.ts';

/** A worker that work is looked for. */
export type Asker = Pick<Member, 'id' | 'name'> & Partial<Pick<Member, 'hello'>>;

/** What a worker's ffmpeg can do; undefined until it has told. */
const abilities = ({ hello }: Asker) => hello?.computer.ffmpeg;
const keepsDolbyVision = (member: Asker) => abilities(member)?.dolbyVisionCoding === true;
const readsTeletext = (member: Asker) => abilities(member)?.teletext === true;

/**
 * The films that are not given to a worker because its ffmpeg cannot keep what their plan keeps, and another one's can.
 * @param others that are connected
 */
export function leftToOthers(ctx: MasterContext, member: Asker, others: Asker[]): Pick<LeftOut, 'range' | 'teletext'> {
  const lacks = (can: (member: Asker) => boolean) => abilities(member) && !can(member) && others.some(can);
  return {
    range: ctx.settings().dynamicHdr === 'keep' && lacks(keepsDolbyVision) ? 'Dolby Vision' : undefined,
    teletext: lacks(readsTeletext),
  };
}

/** The plan as a worker can follow it, or why it cannot, before the film is sent to it; the same until it has told what it can do. */
export function fitFor(plan: Plan, member: Asker, settings: Settings): Plan | Skip {
  const caps = abilities(member);
  return caps ? fitPlan(plan, caps, settings) : plan;
}

/** Queues again what was skipped for want of a newer or fuller ffmpeg, now that a worker with one is there. */
export function retryFor(ctx: MasterContext, member: Asker): void {
  if (!keepsDolbyVision(member) && !readsTeletext(member)) return;
  const settings = ctx.settings();
  for (const id of ctx.files.skippedFor('old-ffmpeg')) {
    const file = ctx.files.get(id);
    const plan = file?.probe && makePlan(file.probe, settings, ctx.tables());
    if (file && plan?.kind === 'convert' && fitFor(plan, member, settings).kind === 'convert') ctx.jobs.queue(file);
  }
  ctx.emit('work', {});
}
