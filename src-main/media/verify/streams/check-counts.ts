import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import { timingArgs } from '../../../../src-shared/plan/video-args.ts';
import { inputOf, runFor, type Sides, together } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { holdFields } from './check-times.ts';

/** Packets without a picture of their own that are normal: those before the first one that can be decoded. */
const FEW = 10;
/**
 * Versions of ffmpeg decode broken pictures differently. A source may have this share of them, but at least and at most this many
 * seconds; where the user wants a damaged video converted, the share alone counts.
 */
const [BROKEN_SHARE, MIN_BROKEN, MAX_BROKEN] = [0.01, 0.25, 1];

/**
 * Counts the frames of a source where its packets do not report how many there are, so that it is not the worker's word alone that
 * counts: of VP8, say, whose packets need not be shown.
 * @throws VerificationError when the result has another number of them
 */
export async function checkCounts(sides: Sides): Promise<void> {
  const { request, source, result } = sides;
  await together(
    sides,
    [...resultStreams(request.plan).entries()].map(async ([index, plan]) => {
      const [before, after] = [source.timeline.get(plan.source), result.timeline.get(index)];
      if (plan.action !== 'encode' || !before || !after) return;
      const frames = after.count / (plan.fieldRate ? 2 : 1);
      if (Math.abs(before.count - frames) <= FEW || holdFields(plan, before.count, frames)) return;
      const counted = await countFrames(sides, plan);
      const seconds = Math.max(MIN_BROKEN, after.last - after.first);
      const share = Math.max(MIN_BROKEN, BROKEN_SHARE * seconds);
      const broken = request.salvaged ? share : Math.min(MAX_BROKEN, share);
      if (Math.abs(counted - frames) > Math.max(FEW, (broken / seconds) * frames))
        throw new VerificationError(`The result has ${frames} frames, but the original shows ${counted}.`);
    }),
  );
}

/** Decodes pictures of the source from end to end. @returns how many frames there are */
async function countFrames(sides: Sides, { source }: VideoEncode): Promise<number> {
  let said = '';
  const only = ['-v', 'level+error', '-an', '-sn', '-dn', '-progress', 'pipe:1', '-stats_period', '5'];
  const output = ['-map', `0:${source}`, ...timingArgs(sides.caps, ':v'), '-f', 'null', '-'];
  await runFor(sides, [...only, ...inputOf(sides.source), ...output], (bytes) => {
    said = (said + Buffer.from(bytes).toString('latin1')).slice(-1000);
  });
  return Number([...said.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1] ?? 0);
}
