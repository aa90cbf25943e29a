import { resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { StreamPlan } from '../../src-shared/stream-plan.ts';
import { type Cue, checkCues, checkSpans, parseCues } from './check-subtitles.ts';
import { inputOf, runFor, type Side, type Sides, together } from './sides.ts';

/** Texts whose packets a container pads with silence: what they say is compared, not how they are stored. */
const PADDED = new Set(['mov_text']);

/** Tells whether what a subtitle track says is compared, and not its packets. */
export function isComparedAsText(plan: StreamPlan, codec: string | undefined): boolean {
  return plan.action === 'text' || (plan.type === 'subtitle' && plan.action === 'copy' && PADDED.has(codec ?? ''));
}

/**
 * Compares what the subtitle tracks say, and when.
 * @throws Refused when a line is missing, or is not the same
 */
export async function checkTexts(sides: Sides): Promise<void> {
  const { source, result, request, shift } = sides;
  await together(
    sides,
    [...resultStreams(request.plan).entries()].map(async ([index, plan]) => {
      if (plan.type !== 'subtitle' || plan.action === 'captions' || plan.action === 'teletext') return;
      const codec = source.probe.streams.find((s) => s.index === plan.source)?.codec;
      if (!isComparedAsText(plan, codec)) {
        const spans = (side: Side, n: number) => side.timeline.get(n)?.spans ?? [];
        checkSpans(plan.from, spans(source, plan.source), spans(result, index), shift);
        return;
      }
      await checkText(sides, plan, index);
    }),
  );
}

/** Compares what one track says. @throws Refused as {@link checkTexts} does */
export async function checkText(sides: Sides, plan: StreamPlan, index: number): Promise<void> {
  const [before, after] = await together(sides, [
    cuesOf(sides, sides.source, plan.source),
    cuesOf(sides, sides.result, index),
  ]);
  checkCues(plan.from, before, after, sides.shift);
}

/** Reads what one track says. */
export async function cuesOf(sides: Sides, side: Side, index: number): Promise<Cue[]> {
  const pieces: Uint8Array[] = [];
  const only = ['-vn', '-an', '-dn'];
  const output = ['-map', `0:${index}`, '-c:s', 'srt', '-f', 'srt', 'pipe:1'];
  const args = ['-v', 'level+error', '-copyts', ...only, ...inputOf(side), ...output];
  await runFor(sides, args, (bytes) => pieces.push(bytes));
  return parseCues(Buffer.concat(pieces).toString('utf8'));
}
