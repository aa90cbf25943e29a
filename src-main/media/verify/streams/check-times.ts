import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { StreamPlan, VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import type { StreamTimeline, Timeline } from '../../ffmpeg/timeline.ts';
import { VerificationError, type VerifyRequest } from '../verify-request.ts';

/** Matroska counts in whole milliseconds, so a frame may move by half of one, twice rounded. */
const FRAME_TOLERANCE = 0.002;
/** Two fields of one frame may have a time each, and the rounding of them all: the video may seem this many frames shorter. */
const SPAN_FRAMES = 1.5;
/** Sound may move against the picture by at most this, in s: less than one notices (ITU-R BT.1359: 45 ms early, 125 ms late). */
const SYNC_TOLERANCE = 0.045;
/** Opus packets are 20 ms and the last one is padded; codecs before had packets of up to 64 ms. */
const END_TOLERANCE = 0.12;
/** Sound that may be missing in all, in s and as a share: what codecs round at the ends of tracks and of holes. */
const HOLE_SECONDS = 0.25;
const HOLE_SHARE = 0.01;

/** Of texts that were read ahead, their number is compared in any case; of others every word is. */
function checkRead(want: StreamPlan, lines: number | undefined, result?: StreamTimeline): void {
  if (lines === undefined || !('codec' in want)) return;
  const has = result?.count ?? 0;
  // MP4 also counts the silence between its lines.
  if (has < lines || (want.codec === 'subrip' && has !== lines))
    throw new VerificationError(`In the result, ${want.from} has ${has} lines instead of ${lines}.`);
}

/** Fields of a request that the check of times uses. */
type Request = Pick<VerifyRequest, 'plan' | 'sourceProbe' | 'decodedFrames' | 'captionLines' | 'teletextLines'>;

/** Lines that were read ahead for a track; undefined for one that ffmpeg reads on its own. */
function linesRead(want: StreamPlan, { plan, captionLines, teletextLines = [] }: Request): number | undefined {
  if (want.action === 'captions') return captionLines;
  if (want.action !== 'teletext') return undefined;
  // The plan names no pages without lines any more.
  const pages = plan.streams.filter((s) => s.action === 'teletext');
  return teletextLines.filter((lines) => lines > 0)[pages.indexOf(want)] ?? 0;
}

/**
 * Compares when things are shown.
 * @returns by how much the result's clock is ahead of the source's, in s
 * @throws VerificationError when anything is shown or heard at another time
 */
export function checkTimes(request: Request, before: Timeline, after: Timeline): number {
  const streams = [...resultStreams(request.plan).entries()];
  const pictures = streams.flatMap(([index, want]) => (want.action === 'encode' ? [{ index, want }] : []));
  // The pictures first, wherever they stand: the other streams are compared by the clock that these have.
  const shifts = pictures.map(({ index, want }, nth) => {
    const source = before.get(want.source);
    const result = after.get(index);
    if (!source) return undefined;
    if (!result) throw new VerificationError(`In the result, ${want.from} is empty.`);
    return checkFrames(want, source, result, request.decodedFrames[nth]);
  });
  const anchor = shifts.find((shift) => shift !== undefined) ?? 0;
  for (const [index, want] of streams) {
    if (want.action === 'encode' || want.type === 'cover' || want.type === 'attachment') continue;
    const source = before.get(want.source);
    const result = after.get(index);
    if (want.type === 'subtitle') {
      checkRead(want, linesRead(want, request), result);
      continue;
    }
    if (!source) continue;
    if (!result) throw new VerificationError(`In the result, ${want.from} is empty.`);
    const late = (name: 'first' | 'end', tolerance: number) => {
      const moved = result[name] - source[name] - anchor;
      if (Math.abs(moved) <= tolerance) return;
      const where = name === 'first' ? 'begins' : 'ends';
      throw new VerificationError(
        `In the result, ${want.from} ${where} ${Math.round(moved * 1000)} ms away from where it should.`,
      );
    };
    late('first', SYNC_TOLERANCE);
    if (want.action === 'copy') {
      if (source.count === result.count) continue;
      throw new VerificationError(
        `In the result, ${want.from} has ${result.count} packets instead of ${source.count}.`,
      );
    }
    late('end', END_TOLERANCE);
    const lost = source.covered - result.covered;
    if (lost > Math.max(HOLE_SECONDS, source.covered * HOLE_SHARE)) {
      throw new VerificationError(`In the result, ${want.from} lacks ${lost.toFixed(2)} s of sound.`);
    }
  }
  return anchor;
}

/** @returns by how much the result's clock is ahead of the source's, in s */
function checkFrames(
  want: VideoEncode,
  source: StreamTimeline,
  result: StreamTimeline,
  decoded: number | undefined,
): number {
  const { times: from } = source;
  const { times: to } = result;
  if (!from?.length || !to?.length) throw new VerificationError('The result has no pictures.');
  const expected = decoded === undefined ? undefined : decoded * (want.fieldRate ? 2 : 1);
  if (expected !== undefined && expected !== result.count) {
    throw new VerificationError(
      `The result has ${result.count} frames, but ${decoded} were decoded from the original.`,
    );
  }
  if (from.length === to.length) {
    const shift = (to[0] ?? 0) - (from[0] ?? 0);
    const worst = from.reduce((most, time, i) => Math.max(most, Math.abs((to[i] ?? 0) - time - shift)), 0);
    if (worst <= FRAME_TOLERANCE) return shift;
    if (source.timed)
      throw new VerificationError(
        `A frame of the result is shown ${Math.round(worst * 1000)} ms away from where it should.`,
      );
  }
  // Packets without times of their own (AVI), or that hold no whole picture each: only number and span can be compared.
  for (let i = 1; i < to.length; i++) {
    if ((to[i] ?? 0) <= (to[i - 1] ?? 0))
      throw new VerificationError(`Two frames of the result share one time (${to[i]} s).`);
  }
  const few = mayBeFewer(want, source.count, result.count / (want.fieldRate ? 2 : 1));
  if (decoded === undefined && !few)
    throw new VerificationError(`The result has ${result.count} frames instead of ${source.count}.`);
  // Pictures before the first key frame cannot be decoded, where a video was cut from a longer one.
  const leading = Math.max(0, (source.keys?.[0] ?? source.first) - source.first);
  const frame = (result.last - result.first) / Math.max(1, result.count - 1);
  const span = result.last - result.first - (source.last - source.first);
  if (Math.abs(span) > leading + SPAN_FRAMES * frame + FRAME_TOLERANCE) {
    throw new VerificationError(
      `The result's picture is ${Math.abs(span).toFixed(2)} s ${span < 0 ? 'shorter' : 'longer'} than the original's.`,
    );
  }
  // A frame is shown when its first field is. Where some could not be decoded, these are the first ones.
  const frames = result.count / (want.fieldRate ? 2 : 1);
  const perFrame = holdFields(want, source.count, frames) ? 2 : 1;
  return source.timed && source.count === perFrame * frames
    ? result.first - source.first
    : result.last - (from.at(-perFrame) ?? source.last);
}

/** Returns whether each packet holds one field: two packets a frame. */
export function holdFields(want: VideoEncode, packets: number, frames: number): boolean {
  return want.deinterlace !== undefined && Math.abs(packets - 2 * frames) <= 2;
}

/** A few frames lost at a cut into an open GOP are normal. */
function mayBeFewer(want: VideoEncode, packets: number, frames: number): boolean {
  return holdFields(want, packets, frames) || Math.abs(packets - frames) <= Math.max(10, packets * 0.01);
}
