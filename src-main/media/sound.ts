import {
  type Channels,
  compareSound,
  deinterleave,
  SOUND_RATE,
  type SoundFlaw,
  withoutHighEffects,
} from './check-sound.ts';
import { inputOf, runFor, type Side, type Sides, together } from './sides.ts';
import { Refused } from './verify-request.ts';

/** Length of a window, in s. */
const SECONDS = 1;
/** Windows at random places of a track, beside those at its start and its end. */
const RANDOM = 3;
/** A track that is no longer than so many seconds is compared as a whole, which takes fewer programs than its windows would. */
const SHORT = 5;

/** A track of sound in source and result, as both are compared. */
export interface Track {
  /** What it is, in words. */
  from: string;
  source: number;
  /** Its index in the result. */
  index: number;
  channels: number;
  /** Layout that the source was converted to, if it was. */
  layout?: string | undefined;
}

/**
 * Compares short windows of a track with the source: at the start, at the end and at random.
 * @throws Refused when a channel is silent, softer, louder or not the same sound
 */
export async function checkSound(sides: Sides, track: Track): Promise<void> {
  const line = sides.source.timeline.get(track.source);
  if (!line) return;
  const stream = sides.source.probe.streams.find((s) => s.index === track.source);
  const heard = track.layout ?? (stream?.type === 'audio' ? stream.layout : undefined);
  const latest = Math.max(line.first, line.end - SECONDS);
  // Where its layout changes, the moment of the change is not compared well.
  const isShort = line.end - line.first <= SHORT && !(stream?.type === 'audio' && stream.layouts);
  const seconds = isShort ? Math.max(SECONDS, line.end - line.first) : SECONDS;
  // Each full second, and the last one.
  const starts = [...Array(Math.floor(seconds)).keys(), seconds - SECONDS];
  const places = Array.from({ length: RANDOM }, () => line.first + sides.random() * (latest - line.first));
  const windows = isShort ? [line.first] : [...new Set([line.first, ...places, latest])];
  const listen = async (at: number, seeking: boolean) => {
    const [before, after] = await together(sides, [
      hear(sides, sides.source, track.source, track, { at, seconds }, seeking),
      hear(sides, sides.result, track.index, track, { at: at + sides.shift, seconds }, seeking),
    ]);
    for (const start of starts) {
      const [source, result] = [before, after].map((channels) =>
        withoutHighEffects(secondFrom(channels, start), heard),
      ) as [Channels, Channels];
      const flaw = compareSound(source, result);
      if (flaw) return { ...flaw, at: at + start };
    }
    return undefined;
  };
  const found = await together(
    sides,
    windows.map(async (at): Promise<(SoundFlaw & { at: number }) | undefined> => {
      if ((await listen(at, true)) === undefined) return undefined;
      // Files that cannot be sought in exactly are decoded up to the window: slow, but certain.
      return listen(at, false);
    }),
  );
  const flaw = found.find((f) => f !== undefined);
  if (!flaw) return;
  const where = track.channels > 1 ? `channel ${flaw.channel + 1} of ${track.from}` : track.from;
  throw new Refused(`In the result, ${where} ${flaw.what} at ${(flaw.at - line.first).toFixed(1)} s.`);
}

/** One second of sound, from so many seconds on. */
const secondFrom = (channels: Channels, start: number): Channels => {
  const from = Math.round(start * SOUND_RATE);
  return channels.map((samples) => samples.subarray(from, from + SECONDS * SOUND_RATE));
};

/** The sound of a window of one side, silence where there is none. */
async function hear(
  sides: Sides,
  side: Side,
  index: number,
  { channels, layout, source }: Track,
  { at, seconds }: { at: number; seconds: number },
  seeking: boolean,
): Promise<Channels> {
  const input = ['-vn', '-sn', '-dn', ...inputOf(side, seeking ? at : undefined)];
  const heard = sides.source.probe.streams.find((s) => s.index === source);
  const begins = seeking ? 0 : Math.max(0, at - (side.probe.start ?? 0));
  // What comes late begins with silence, and holes are filled: both sides are as long.
  const aligned = `aresample=${SOUND_RATE}:async=1:first_pts=0`;
  const cut = `atrim=start=${begins.toFixed(6)}:duration=${seconds.toFixed(6)},apad=whole_len=${Math.round(seconds * SOUND_RATE)}`;
  // In whole numbers, ffmpeg would turn down what it mixes.
  const mapped = layout ? [`aformat=sample_fmts=flt:channel_layouts=${layout}`] : [];
  // Where the layout changes, filters begin anew, and what they count is counted here instead.
  const changes = heard?.type === 'audio' && heard.layouts !== undefined;
  const filters = [...mapped, ...(changes ? [`aresample=${SOUND_RATE}`] : [aligned, cut])].join(',');
  const pieces: Uint8Array[] = [];
  let early = changes ? Math.round(begins * SOUND_RATE) * channels * Float32Array.BYTES_PER_ELEMENT : 0;
  const output = ['-map', `0:${index}`, '-af', filters, '-t', (begins + seconds).toFixed(6), '-c:a', 'pcm_f32le'];
  await runFor(sides, ['-v', 'level+error', ...input, ...output, '-f', 'f32le', 'pipe:1'], (bytes) => {
    pieces.push(bytes.subarray(Math.min(early, bytes.length)));
    early -= Math.min(early, bytes.length);
  });
  return deinterleave(Buffer.concat(pieces), channels);
}
