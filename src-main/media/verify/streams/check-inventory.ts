import type { StreamPlan } from '../../../../src-shared/plan/stream-plan.ts';
import { disabledIn } from '../../probe/disabled-tracks.ts';
import { VerificationError } from '../verify-request.ts';
import type { Chapter, Inventory } from './inventory.ts';

/**
 * Half a frame or so: where Opus begins before its time (6.5 ms), ffmpeg moves all streams by as much, but not the chapters, and
 * containers count in milliseconds.
 */
const CHAPTER_TOLERANCE = 0.02;

/**
 * Compares times, names and order of chapters.
 * @param shift by how much the result's clock is ahead of the source's, in s
 * @throws VerificationError when they differ
 */
export function checkChapters(before: Chapter[], after: Chapter[], shift: number): void {
  if (before.length !== after.length)
    throw new VerificationError(`The result has ${after.length} chapters instead of ${before.length}.`);
  for (const [i, should] of before.entries()) {
    const is = after[i] as Chapter;
    const name = `chapter ${i + 1} ("${should.title}")`;
    if (is.title !== should.title) throw new VerificationError(`In the result, ${name} is called "${is.title}".`);
    // Nothing is before the start of a file: a chapter that was, begins there.
    const moved = (time: number) => Math.max(0, time + shift);
    for (const [what, at, wanted] of [
      ['begins', is.start, moved(should.start)],
      ['ends', is.end, moved(should.end)],
    ] as const) {
      if (Math.abs(Math.max(0, at) - wanted) <= CHAPTER_TOLERANCE) continue;
      throw new VerificationError(
        `In the result, ${name} ${what} at ${at.toFixed(3)} s instead of ${wanted.toFixed(3)} s.`,
      );
    }
  }
}

/**
 * Compares bytes, names and types of attachments.
 * @param streams of the result, in its order
 * @throws VerificationError when they differ
 */
export function checkAttachments(streams: StreamPlan[], before: Inventory, after: Inventory): void {
  for (const [index, want] of streams.entries()) {
    if (want.action !== 'copy' || want.type !== 'attachment') continue;
    if (before.data.get(want.source) !== after.data.get(index))
      throw new VerificationError(`In the result, ${want.from} has other bytes.`);
    const tag = (side: Inventory, stream: number, key: string) => side.tags.get(stream)?.get(key);
    for (const key of ['filename', 'mimetype'] as const) {
      const [should, is] = [tag(before, want.source, key) ?? want[key], tag(after, index, key)];
      if (is !== should)
        throw new VerificationError(`In the result, ${want.from} has the ${key} "${is}" instead of "${should}".`);
    }
  }
}

/** Subtitles whose styles stand before their lines. */
const STYLED = new Set(['ass', 'ssa']);

/** Returns whether the styles of a track are compared. @param codec of its source */
export const hasStyles = (plan: StreamPlan, codec: string | undefined) =>
  plan.action === 'copy' && STYLED.has(codec ?? '');

/**
 * Compares the styles of copied subtitles.
 * @param streams of the result, in its order
 * @param codecOf returns the codec of a stream of the source
 * @throws VerificationError when they differ
 */
export function checkStyles(
  streams: StreamPlan[],
  codecOf: (source: number) => string | undefined,
  before: Inventory,
  after: Inventory,
): void {
  for (const [index, want] of streams.entries()) {
    if (hasStyles(want, codecOf(want.source)) && before.data.get(want.source) !== after.data.get(index))
      throw new VerificationError(`In the result, ${want.from} has other styles.`);
  }
}

/**
 * Compares which tracks are switched off.
 * @param streams of the result, in its order
 * @throws VerificationError when a track is on that was off, or the other way round
 */
export function checkDisabled(streams: StreamPlan[], before: ReadonlySet<number>, after: ReadonlySet<number>): void {
  const wanted = disabledIn(streams, before);
  for (const [index, { from }] of streams.entries()) {
    if (wanted.has(index) === after.has(index)) continue;
    throw new VerificationError(`In the result, ${from} is switched ${after.has(index) ? 'off' : 'on'}.`);
  }
}
