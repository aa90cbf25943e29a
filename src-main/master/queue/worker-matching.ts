import type { Probe } from '../../../src-shared/media/probe.ts';
import { decodes, meets } from '../../../src-shared/plan/decoders.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import type { Skip } from '../../../src-shared/plan/skip.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import type { MasterContext } from '../context.ts';
import type { Member } from './member.ts';

/** A worker that work is looked for. */
export type Asker = Pick<Member, 'id' | 'name'> & Partial<Pick<Member, 'hello' | 'local'>>;

/** Capabilities of a worker's ffmpeg; undefined until it has reported them. */
const abilities = ({ hello }: Asker) => hello?.computer.ffmpeg;

/**
 * The needs of videos that are not given to a worker because its ffmpeg cannot meet them all, and another one's can. Both are
 * asked for all of them: of two that each lack something, neither would leave a video to the other for good.
 * @param others that are connected
 */
export function leftToOthers(ctx: MasterContext, member: Asker, others: Asker[]): number[] {
  const caps = abilities(member);
  if (!caps) return [];
  const settings = ctx.settings();
  const abler = others.flatMap((other) => abilities(other) ?? []);
  const left = ctx.files
    .needs()
    .filter(({ what }) => !meets(what, caps, settings) && abler.some((other) => meets(what, other, settings)));
  return left.map(({ id }) => id);
}

/** Returns the plan as a worker can carry it out, or why it can't, before the video is sent to it; unchanged until its capabilities are known. */
export function fitFor(plan: Plan, probe: Probe, member: Asker, settings: Settings): Plan | Skip {
  const caps = abilities(member);
  const whose = member.local ? undefined : member.name;
  return caps ? fitPlan(plan, probe, { caps, whose }, settings) : plan;
}

/** Whether a worker has reported that it can carry out a plan. */
export function canFollow(plan: Plan, probe: Probe, member: Asker, settings: Settings): boolean {
  return abilities(member) !== undefined && fitFor(plan, probe, member, settings).kind === 'convert';
}

/** Queues videos again that were skipped for lack of a newer or more complete ffmpeg, now that a worker has one. */
export function retryFor(ctx: MasterContext, member: Asker): void {
  const caps = abilities(member);
  if (!caps) return;
  const settings = ctx.settings();
  const met = ctx.files.needs().filter(({ what }) => meets(what, caps, settings));
  const ids = ctx.files.skippedFor(
    'old-ffmpeg',
    met.map(({ id }) => id),
  );
  for (const id of ids) {
    const file = ctx.files.get(id);
    const wanted = withOverrides(settings, file?.overrides ?? []);
    const plan = file?.probe && makePlan(file.probe, wanted, ctx.tables());
    // A video that couldn't be decoded here is analyzed first.
    if (file && !file.probe && member.local && decodes(caps, file.codec ?? '')) ctx.jobs.apply(id, 'change');
    if (file?.probe && plan?.kind === 'convert' && canFollow(plan, file.probe, member, wanted)) ctx.jobs.queue(file);
  }
  if (ids.length > 0) ctx.emit('work', {});
}
