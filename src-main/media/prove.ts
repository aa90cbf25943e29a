import { FORMATS } from '../../src-shared/container.ts';
import { Fault } from '../../src-shared/errors.ts';
import { resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { VideoEncode } from '../../src-shared/stream-plan.ts';
import { checkAttachments, checkChapters } from './check-inventory.ts';
import { checkCopies, copiedStreams } from './copies.ts';
import { readInventory } from './inventory.ts';
import { Looks } from './looks.ts';
import { type Pass, passResult, passSource } from './passes.ts';
import { comparePictures, type Likeness } from './picture.ts';
import { type Sides, together } from './sides.ts';
import { checkSound, type Track } from './sound.ts';
import { checkTexts } from './texts.ts';
import type { StreamTimeline } from './timeline.ts';
import { Refused } from './verify-request.ts';

/** Pictures that were encoded, in source and result. */
interface Pictures {
  plan: VideoEncode;
  /** Index in the result. */
  index: number;
  before: StreamTimeline;
  after: StreamTimeline;
}

/** Returns the video streams that were encoded. @throws Refused when one of them is missing */
export function picturesOf({ request, source, result }: Sides): Pictures[] {
  return [...resultStreams(request.plan).entries()].flatMap(([index, plan]) => {
    if (plan.action !== 'encode') return [];
    const [before, after] = [source.timeline.get(plan.source), result.timeline.get(index)];
    if (!before || !after) throw new Refused('The result has no pictures.');
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
 * Compares everything that takes a look into the files beyond their headers and clocks; parts of it at the same time. When one
 * of them refuses, the others are ended.
 * @returns how alike the pictures are
 * @throws Refused with the reason when anything differs
 */
export async function prove(sides: Sides): Promise<Likeness> {
  const all = picturesOf(sides);
  if (all.length === 0) throw new Refused('The result has no pictures.');
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
  if (chapters === 0 && !resultStreams(request.plan).some(({ type }) => type === 'attachment')) return;
  const [before, after] = await together(sides, [
    readInventory(sides, sides.source),
    readInventory(sides, sides.result),
  ]);
  checkChapters(before.chapters, after.chapters, sides.shift);
  checkAttachments(resultStreams(request.plan), before, after);
}

async function provePictures(sides: Sides, all: Pictures[]): Promise<Likeness[]> {
  const copied = copiedStreams(sides);
  const sound = tracksOf(sides).map(({ index }) => index);
  return together(
    sides,
    all.map(async (pictures, n) => {
      const { plan } = pictures;
      const looks = new Looks(sides, pictures);
      const first = n === 0;
      const [likeness, result, source, sought] = await together(sides, [
        compareWindows(sides, pictures),
        // What is not pictures comes with the first ones.
        decode(sides, pictures, looks, first ? sound : [], first ? copied.map((copy) => copy.result) : []),
        looks.wantsOfSource || (first && copied.length > 0)
          ? passSource(sides, plan, looks.wantsOfSource, first ? copied.map((copy) => copy.source) : [])
          : Promise.resolve(undefined),
        looks.seek(),
      ]);
      try {
        await looks.check(result, source, sought);
        if (first && source) await checkCopies(sides, copied, source, result);
      } catch (error) {
        throw error instanceof Refused && !sides.request.damaged && source?.problem
          ? new Fault('conflict', `the original can't be read without errors on this computer (${source.problem}).`)
          : error;
      }
      return likeness;
    }),
  );
}

async function decode(
  sides: Sides,
  { plan, index }: Pictures,
  looks: Looks,
  sound: number[],
  hash: { index: number; codec?: string | undefined }[],
): Promise<Pass> {
  const { onProgress } = sides.request;
  const pass = await passResult(sides, plan, index, looks.wanted, { decode: sound, hash, onProgress });
  if (pass.problem !== undefined) throw new Refused(`The result does not decode cleanly: ${pass.problem}.`);
  return pass;
}

/** Compares a few short windows of pictures. @throws Refused when they show something else */
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
  if (typeof likeness === 'string') throw new Refused(likeness);
  return likeness;
}
