import { captionTextArgs } from '../../src-shared/ffmpeg-args.ts';
import { parseCues } from './check-subtitles.ts';
import { runFor, type Sides, together } from './sides.ts';
import { Refused } from './verify-request.ts';

/** Captions are looked for in so many places of a long video, this long each, in s: spoken words are a few seconds apart. */
const PLACES = 3;
const SECONDS = 60;

/**
 * Looks for captions inside the pictures of a source whose worker found none: in all of a short video, at random places of a long one.
 * @param sides `plan` as it was granted, with the captions
 * @throws Refused when there are any
 */
export async function checkNoCaptions(sides: Sides): Promise<void> {
  const { plan } = sides.request;
  const captions = plan.streams.find((s) => s.action === 'captions');
  const line = captions && sides.source.timeline.get(captions.source);
  if (!captions || !line) return;
  const spare = line.end - line.first - PLACES * SECONDS;
  const places =
    spare > 0 ? Array.from({ length: PLACES }, (_, i) => i * SECONDS + sides.random() * spare) : [undefined];
  const found = await together(
    sides,
    places.map(async (from) => {
      const pieces: Uint8Array[] = [];
      const args = captionTextArgs(
        plan,
        sides.request.source,
        from === undefined ? undefined : { from, seconds: SECONDS },
      );
      await runFor(sides, ['-v', 'level+error', ...args], (bytes) => pieces.push(bytes));
      return parseCues(Buffer.concat(pieces).toString('utf8'));
    }),
  );
  const [first] = found.flat();
  if (first) throw new Refused(`The result lacks the captions inside the original's pictures ("${first.text}").`);
}
