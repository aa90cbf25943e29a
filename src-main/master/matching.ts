import type { DynamicRange } from '../../src-shared/media.ts';
import type { Plan, Skip } from '../../src-shared/plan.ts';
import { skipUnable } from '../../src-shared/video-args.ts';
import type { MasterContext } from './context.ts';
import type { Member } from './fleet.ts';

/** A worker that work is looked for. */
export type Asker = Pick<Member, 'id' | 'name'> & Partial<Pick<Member, 'hello'>>;

/** What a worker's ffmpeg can do; undefined until it has told. */
const abilities = ({ hello }: Asker) => hello?.computer.ffmpeg;
const keepsDolbyVision = (member: Asker) => abilities(member)?.dolbyVisionCoding === true;

/**
 * The films that are not given to a worker because its ffmpeg cannot keep what their plan keeps, and another one's can.
 * @param others that are connected
 */
export function leftToOthers(ctx: MasterContext, member: Asker, others: Asker[]): DynamicRange | undefined {
  if (ctx.settings().dynamicHdr !== 'keep' || !abilities(member) || keepsDolbyVision(member)) return undefined;
  return others.some(keepsDolbyVision) ? 'Dolby Vision' : undefined;
}

/** Why a worker could not follow a plan, before the film is sent to it; undefined when it can, or has not told what it can do. */
export function whyUnfit(plan: Plan, member: Asker): Skip | undefined {
  const caps = abilities(member);
  return caps && skipUnable(plan, caps);
}

/** Queues again what was skipped for want of a newer ffmpeg, now that a worker with one is there. */
export function retryFor(ctx: MasterContext, member: Asker): void {
  if (!keepsDolbyVision(member)) return;
  for (const id of ctx.files.skippedFor('old-ffmpeg')) {
    const file = ctx.files.get(id);
    if (file) ctx.jobs.queue(file);
  }
  ctx.emit('work', {});
}
