import { decodes, meets } from '../../src-shared/decoders.ts';
import { fitPlan } from '../../src-shared/fit-plan.ts';
import type { Probe } from '../../src-shared/media.ts';
import { makePlan, type Plan, type Skip } from '../../src-shared/plan.ts';
import type { Settings } from '../../src-shared/settings.ts';
import type { MasterContext } from './context.ts';
import type { Member } from './fleet.ts';

/** A worker that work is looked for. */
export type Asker = Pick<Member, 'id' | 'name'> & Partial<Pick<Member, 'hello' | 'local'>>;

/** What a worker's ffmpeg can do; undefined until it has told. */
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

/** The plan as a worker can follow it, or why it cannot, before the film is sent to it; the same until it has told what it can do. */
export function fitFor(plan: Plan, probe: Probe, member: Asker, settings: Settings): Plan | Skip {
  const caps = abilities(member);
  const whose = member.local ? undefined : member.name;
  return caps ? fitPlan(plan, probe, { caps, whose }, settings) : plan;
}

/** Whether a worker has told that it can follow a plan. */
export function canFollow(plan: Plan, probe: Probe, member: Asker, settings: Settings): boolean {
  return abilities(member) !== undefined && fitFor(plan, probe, member, settings).kind === 'convert';
}

/** Takes up again what was skipped for want of a newer or fuller ffmpeg, now that a worker with one is there. */
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
    const plan = file?.probe && makePlan(file.probe, settings, ctx.tables());
    // What could not be decoded here is looked into first.
    if (file && !file.probe && member.local && decodes(caps, file.codec ?? '')) ctx.jobs.apply(id, 'change');
    if (file?.probe && plan?.kind === 'convert' && canFollow(plan, file.probe, member, settings)) ctx.jobs.queue(file);
  }
  if (ids.length > 0) ctx.emit('work', {});
}
