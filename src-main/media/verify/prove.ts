import { FORMATS } from '../../../src-shared/plan/container.ts';
import { resultStreams } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { VideoEncode } from '../../../src-shared/plan/stream-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { StreamTimeline } from '../ffmpeg/timeline.ts';
import { readDisabled } from '../probe/disabled-tracks.ts';
import { comparePictures, type Likeness } from './pictures/compare-pictures.ts';
import { Looks } from './pictures/looks.ts';
import { type Others, type Pass, passResult, passSource } from './pictures/passes.ts';
import { type Sides, together } from './sides.ts';
import { checkLevels, checkSound, measuredOf, type Track } from './sound/check-sound.ts';
import { checkCopies, copiedStreams } from './streams/check-copies.ts';
import { checkAttachments, checkChapters, checkDisabled, checkStyles, hasStyles } from './streams/check-inventory.ts';
import { readInventory } from './streams/inventory.ts';
import { checkTexts } from './subtitles/check-texts.ts';
import { VerificationError } from './verify-request.ts';

const NOTHING_ELSE: Others = { decode: [], hash: [] };

/** Pictures that were encoded, in source and result. */
interface Pictures {
  plan: VideoEncode;
  /** Index in the result. */
  index: number;
  before: StreamTimeline;
  after: StreamTimeline;
}

/** Returns the video streams that were encoded. @throws VerificationError when one of them is missing */
export function picturesOf({ request, source, result }: Sides): Pictures[] {
  return [...resultStreams(request.plan).entries()].flatMap(([index, plan]) => {
    if (plan.action !== 'encode') return [];
    const [before, after] = [source.timeline.get(plan.source), result.timeline.get(index)];
    if (!before || !after) throw new VerificationError('The result has no pictures.');
    return [{ plan, index, before, after }];
  });
}

/** Returns the tracks of sound that were encoded. */
function tracksOf({ request }: Sides): Track[] {
  return [...resultStreams(request.plan).entries()].flatMap(([index, plan]) =>
    plan.action === 'opus' ? [{ ...plan, index }] : [],
  );
}

/**
 * Compares everything that requires decoding or reading beyond headers and times; some parts at the same time. When one
 * fails, the others are aborted.
 * @returns the similarity of the pictures
 * @throws VerificationError with the reason when anything differs
 */
export async function prove(sides: Sides): Promise<Likeness> {
  const all = picturesOf(sides);
  if (all.length === 0) throw new VerificationError('The result has no pictures.');
  const [likenesses] = await together(sides, [
    provePictures(sides, all),
    proveInventory(sides),
    checkTexts(sides),
    ...tracksOf(sides).map((track) => checkSound(sides, track)),
  ]);
  return likenesses[0] as Likeness;
}

async function proveInventory(sides: Sides): Promise<void> {
  const { request, source, result } = sides;
  const chapters = source.probe.chapters + result.probe.chapters;
  const streams = resultStreams(request.plan);
  if (source.demuxer === 'matroska')
    checkDisabled(streams, await readDisabled(request.source), await readDisabled(request.result));
  const codecOf = (index: number) => source.probe.streams.find((s) => s.index === index)?.codec;
  if (chapters === 0 && !streams.some((s) => s.type === 'attachment' || hasStyles(s, codecOf(s.source)))) return;
  const [before, after] = await together(sides, [
    readInventory(sides, sides.source),
    readInventory(sides, sides.result),
  ]);
  checkChapters(before.chapters, after.chapters, sides.shift);
  checkAttachments(streams, before, after);
  checkStyles(streams, codecOf, before, after);
}

async function provePictures(sides: Sides, all: Pictures[]): Promise<Likeness[]> {
  const copied = copiedStreams(sides);
  const tracks = tracksOf(sides);
  const heard = tracks.map((track) => measuredOf(sides, track));
  return together(
    sides,
    all.map(async (pictures, n) => {
      const { plan } = pictures;
      const looks = new Looks(sides, pictures);
      const first = n === 0;
      // Other streams are read along with the first pictures.
      const of = (side: 'source' | 'result'): Others =>
        first ? { decode: heard.map((track) => track[side]), hash: copied.map((copy) => copy[side]) } : NOTHING_ELSE;
      const [likeness, result, source, sought] = await together(sides, [
        compareWindows(sides, pictures),
        decode(sides, pictures, looks, of('result')),
        looks.wantsOfSource || (first && copied.length + heard.length > 0)
          ? passSource(sides, plan, looks.wantsOfSource, of('source'))
          : Promise.resolve(undefined),
        looks.seek(),
      ]);
      try {
        await looks.check(result, source, sought);
        if (first && source) {
          for (const track of tracks) checkLevels(track, source.levels, result.levels);
          await checkCopies(sides, copied, source, result);
        }
      } catch (error) {
        throw error instanceof VerificationError && !sides.request.damaged && source?.problem
          ? new Fault('conflict', `the original can't be read without errors on this computer (${source.problem}).`)
          : error;
      }
      return likeness;
    }),
  );
}

async function decode(sides: Sides, { plan, index }: Pictures, looks: Looks, others: Others): Promise<Pass> {
  const { onProgress } = sides.request;
  const pass = await passResult(sides, plan, index, looks.wanted, { ...others, onProgress });
  if (pass.problem !== undefined) throw new VerificationError(`The result does not decode cleanly: ${pass.problem}.`);
  return pass;
}

/** Compares a few short windows of pictures. @throws VerificationError when they show something else */
export async function compareWindows(sides: Sides, { plan, index, before, after }: Pictures): Promise<Likeness> {
  const { request, source, result } = sides;
  const likeness = await sides.turn(async () =>
    comparePictures(sides.processes, sides.tools, sides.caps, {
      source: request.source,
      demuxer: source.demuxer,
      sourceStart: source.probe.start ?? 0,
      result: request.result,
      resultDemuxer: FORMATS[request.plan.container].demuxer,
      resultStart: result.probe.start ?? 0,
      ...{ plan, index, before, after },
      ...(request.signal && { signal: request.signal }),
      ...(request.run && { run: request.run }),
    }),
  );
  if (typeof likeness === 'string') throw new VerificationError(likeness);
  return likeness;
}
