import { resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { AudioStream } from '../../src-shared/media.ts';
import type { StreamPlan } from '../../src-shared/stream-plan.ts';
import type { Hashed, Pass } from './passes.ts';
import { type Sides, together } from './sides.ts';
import { checkSound } from './sound.ts';
import { checkText, isComparedAsText } from './texts.ts';
import { Refused } from './verify-request.ts';

/** A stream that is in the result as it was, with its two sides. */
interface Copied {
  plan: StreamPlan;
  index: number;
  source: Hashed;
  result: Hashed;
}

/** Texts that can be read where their packets differ. */
const TEXTS = new Set(['subrip', 'ass', 'ssa', 'webvtt', 'text']);

/** Returns the streams whose packets are the same in source and result. */
export function copiedStreams({ request, source }: Pick<Sides, 'request' | 'source'>): Copied[] {
  return [...resultStreams(request.plan).entries()].flatMap(([index, plan]) => {
    if (plan.type === 'attachment' || (plan.action !== 'copy' && plan.action !== 'cover')) return [];
    const codec = source.probe.streams.find((s) => s.index === plan.source)?.codec;
    if (isComparedAsText(plan, codec)) return [];
    return [{ plan, index, source: { index: plan.source, codec }, result: { index, codec } }];
  });
}

/**
 * Compares the packets of copied streams.
 * @throws Refused when they are not the same
 */
export async function checkCopies(sides: Sides, copied: Copied[], before: Pass, after: Pass): Promise<void> {
  await together(
    sides,
    copied.map(async ({ plan, index, source }) => {
      const [should, is] = [before.hashes.get(source.index), after.hashes.get(index)];
      if (should !== undefined && should === is) return;
      // Neither a packet nor a hash of none.
      if (!sides.source.timeline.has(source.index) && !sides.result.timeline.has(index)) return;
      // Some containers store packets in another way: then what they hold is compared.
      const stream = sides.source.probe.streams.find((s) => s.index === source.index);
      if (stream?.type === 'audio') return checkSound(sides, trackOf(plan, index, stream));
      if (TEXTS.has(source.codec ?? '')) return checkText(sides, plan, index);
      throw new Refused(`In the result, ${plan.from} has other bytes.`);
    }),
  );
}

const trackOf = ({ from, source }: StreamPlan, index: number, { channels }: AudioStream) => ({
  ...{ from, source, index, channels },
});
