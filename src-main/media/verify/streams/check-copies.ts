import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { StreamPlan } from '../../../../src-shared/plan/stream-plan.ts';
import type { Hashed, Pass } from '../pictures/passes.ts';
import { inputOf, runFor, type Side, type Sides, together } from '../sides.ts';
import { checkStyledText, isComparedAsText, type TextFormat } from '../subtitles/check-texts.ts';
import { VerificationError } from '../verify-request.ts';

/** A stream that is in the result as it was, with its two sides. */
interface Copied {
  plan: StreamPlan;
  index: number;
  source: Hashed;
  result: Hashed;
}

/** Text formats to compare as text where their packets differ, with the format that keeps all their styles. */
const TEXTS: Record<string, TextFormat> = { subrip: 'srt', webvtt: 'webvtt', text: 'srt', ass: 'ass', ssa: 'ass' };

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
 * @throws VerificationError when they are not the same
 */
export async function checkCopies(sides: Sides, copied: Copied[], before: Pass, after: Pass): Promise<void> {
  await together(
    sides,
    copied.map(async ({ plan, index, source }) => {
      const [should, is] = [before.hashes.get(source.index), after.hashes.get(index)];
      if (should !== undefined && should === is) return;
      // Neither a packet nor a hash of none.
      if (!sides.source.timeline.has(source.index) && !sides.result.timeline.has(index)) return;
      // A container might store packets in another way, though none that was tried does: then all that they hold is compared.
      const type = sides.source.probe.streams.find((s) => s.index === source.index)?.type;
      if (type === 'audio' && (await decodeAlike(sides, source.index, index))) return;
      const format = TEXTS[source.codec ?? ''];
      if (format) return checkStyledText(sides, plan, index, format);
      throw new VerificationError(`In the result, ${plan.from} has other bytes.`);
    }),
  );
}

/** Returns whether two tracks of one codec decode to the same samples, from the first to the last. */
async function decodeAlike(sides: Sides, source: number, result: number): Promise<boolean> {
  const [before, after] = await together(sides, [
    hashSamples(sides, sides.source, source),
    hashSamples(sides, sides.result, result),
  ]);
  return before !== undefined && before === after;
}

/** SHA-256 of all samples of a track, those included that a container says not to play; undefined where it does not decode cleanly. */
async function hashSamples(sides: Sides, side: Side, index: number): Promise<string | undefined> {
  const input = ['-v', 'level+error', '-vn', '-sn', '-dn', '-flags2', '+skip_manual', ...inputOf(side)];
  const output = ['-map', `0:${index}`, '-c:a', 'pcm_f32le', '-f', 'hash', '-hash', 'sha256', 'pipe:1'];
  const pieces: Uint8Array[] = [];
  const { code, log } = await runFor(sides, [...input, ...output], (bytes) => pieces.push(bytes));
  if (code !== 0 || log.length > 0) return undefined;
  return /SHA256=([0-9a-f]{64})/.exec(Buffer.concat(pieces).toString('latin1'))?.[1];
}
