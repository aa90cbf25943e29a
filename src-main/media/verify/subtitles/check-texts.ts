import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { StreamPlan } from '../../../../src-shared/plan/stream-plan.ts';
import { inputOf, runFor, type Side, type Sides, together } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { type Cue, checkCues, checkSpans, parseCues } from './compare-cues.ts';

/** Formats whose packets a container pads with empty ones: the text is compared, not the packets. */
const PADDED = new Set(['mov_text']);

/** Returns whether the text of a subtitle track is compared instead of its packets. */
export function isComparedAsText(plan: StreamPlan, codec: string | undefined): boolean {
  return plan.action === 'text' || (plan.type === 'subtitle' && plan.action === 'copy' && PADDED.has(codec ?? ''));
}

/**
 * Compares the text and times of subtitle tracks.
 * @throws VerificationError when a line is missing or differs
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

/** Compares the text of one track. @throws VerificationError as {@link checkTexts} does */
async function checkText(sides: Sides, plan: StreamPlan, index: number): Promise<void> {
  const [before, after] = await together(sides, [
    cuesOf(sides, sides.source, plan.source),
    cuesOf(sides, sides.result, index),
  ]);
  checkCues(plan.from, before, after, sides.shift);
}

/** Reads the text of one track. */
export async function cuesOf(sides: Sides, side: Side, index: number): Promise<Cue[]> {
  return parseCues(await read(sides, side, index, 'srt'));
}

/** What texts can be read as. */
export type TextFormat = 'srt' | 'ass' | 'webvtt';

/** Compares the text, times, and styles of one track. @throws VerificationError when a line is missing or differs */
export async function checkStyledText(
  sides: Sides,
  plan: StreamPlan,
  index: number,
  format: TextFormat,
): Promise<void> {
  await checkText(sides, plan, index);
  const [before, after] = await together(sides, [
    read(sides, sides.source, plan.source, format),
    read(sides, sides.result, index, format),
  ]);
  if (styledLines(before) !== styledLines(after))
    throw new VerificationError(`In the result, ${plan.from} is styled in another way.`);
}

/** The lines of a text with what styles them, in an order of their own: without the times, which were compared, and numbers. */
const styledLines = (text: string) =>
  text
    .split(/\r?\n/)
    .map((line) => line.replaceAll(/\d+:\d\d(:\d\d)?[.,]\d+/g, ''))
    .filter((line) => !/^\d*$/.test(line.trim()))
    .sort()
    .join('\n');

async function read(sides: Sides, side: Side, index: number, format: TextFormat): Promise<string> {
  const pieces: Uint8Array[] = [];
  const only = ['-vn', '-an', '-dn'];
  const output = ['-map', `0:${index}`, '-c:s', format, '-f', format, 'pipe:1'];
  const args = ['-v', 'level+error', '-copyts', ...only, ...inputOf(side), ...output];
  await runFor(sides, args, (bytes) => pieces.push(bytes));
  return Buffer.concat(pieces).toString('utf8');
}
