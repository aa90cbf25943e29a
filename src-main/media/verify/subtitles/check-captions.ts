import { captionTextArgs } from '../../../../src-shared/plan/caption-args.ts';
import { resultStreams } from '../../../../src-shared/plan/ffmpeg-args.ts';
import { runFor, type Sides, together } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { cuesOf } from './check-texts.ts';
import { type Cue, parseCues } from './compare-cues.ts';

/** Captions are looked for in this many places of a long video, this long each, in s: spoken words are a few seconds apart. */
const PLACES = 3;
const SECONDS = 60;
/** Words are looked for this long before and after a place, in s: each version of ffmpeg splits roll-up captions into different lines. */
const AROUND = 20;
/** This many words, as a share, are those of the source: where reading begins in the middle, the first ones are cut off. */
const MIN_WORD_SHARE = 0.5;
/** Fewer words than this at all places together prove nothing. */
const FEW_WORDS = 2;

/** Captions read from a part of the source; from its start to its end where `from` is left out. */
interface Place {
  /** From the start of the file, in s. */
  from: number | undefined;
  cues: Cue[];
}

/**
 * Compares the captions inside the pictures of a source with what its worker read: in all of a short video, at random places of a
 * long one.
 * @param sides `plan` as it was granted, with the captions
 * @throws VerificationError when there are any where the worker found none, or the result has other words
 */
export async function checkCaptions(sides: Sides): Promise<void> {
  const { plan, captionLines } = sides.request;
  const captions = plan.streams.find((s) => s.action === 'captions');
  const line = captions && sides.source.timeline.get(captions.source);
  if (!captions || !line) return;
  const spare = line.end - line.first - PLACES * SECONDS;
  const places =
    spare > 0 ? Array.from({ length: PLACES }, (_, i) => i * SECONDS + sides.random() * spare) : [undefined];
  const found = await together(
    sides,
    places.map((from) => readCaptions(sides, from)),
  );
  const [first] = found.flatMap(({ cues }) => cues);
  if (!first) return;
  if (captionLines === 0)
    throw new VerificationError(`The result lacks the captions inside the original's pictures ("${first.text}").`);
  checkWords(sides, found, await cuesOf(sides, sides.result, resultStreams(plan).indexOf(captions)));
}

async function readCaptions({ request, ...sides }: Sides, from: number | undefined): Promise<Place> {
  const pieces: Uint8Array[] = [];
  const part = from === undefined ? undefined : { from, seconds: SECONDS };
  const args = captionTextArgs(request.plan, request.source, part);
  await runFor({ ...sides, request }, ['-v', 'level+error', ...args], (bytes) => pieces.push(bytes));
  return { from, cues: parseCues(Buffer.concat(pieces).toString('utf8')) };
}

const wordsOf = (cues: Cue[]) => cues.flatMap(({ text }) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

function checkWords({ source, shift }: Sides, found: Place[], after: Cue[]): void {
  let [count, lost] = [0, 0];
  for (const { from, cues } of found) {
    const at = from === undefined ? undefined : from + (source.probe.start ?? 0) + shift;
    const near =
      at === undefined ? after : after.filter((cue) => cue.end > at - AROUND && cue.start < at + SECONDS + AROUND);
    const said = new Set(wordsOf(near));
    const words = wordsOf(cues);
    count += words.length;
    lost += words.filter((word) => !said.has(word)).length;
  }
  if (count < FEW_WORDS || count - lost >= MIN_WORD_SHARE * count) return;
  throw new VerificationError(
    `The captions of the result say something else than those inside the original's pictures: they lack ${lost} of ${count} words.`,
  );
}
