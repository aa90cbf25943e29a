import { inputOf, runFor, type Side, type Sides, together } from '../sides.ts';
import { VerificationError } from '../verify-request.ts';
import { compareLevels } from './compare-levels.ts';
import {
  type Channels,
  compareSound,
  deinterleave,
  SOUND_RATE,
  type SoundFlaw,
  withoutHighEffects,
} from './compare-sound.ts';
import type { LevelReader, Measured } from './levels.ts';

/** Length of a window, in s. */
const SECONDS = 1;
/** Windows at random places of a track, beside those at its start and its end. */
const RANDOM = 3;
/** A track of up to this length, in s, is compared as a whole, which takes fewer programs than its windows would. */
const SHORT = 5;

/** A track of sound in source and result, as both are compared. */
export interface Track {
  /** Description of the track. */
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
 * @throws VerificationError when a channel is silent, softer, louder or not the same sound
 */
export async function checkSound(sides: Sides, track: Track): Promise<void> {
  const line = sides.source.timeline.get(track.source);
  if (!line) return;
  const { stream, heard } = sourceTrackOf(sides, track);
  const latest = Math.max(line.first, line.end - SECONDS);
  // Where its layout changes, the moment of the change is not compared well.
  const isShort = line.end - line.first <= SHORT && !stream?.layouts;
  const seconds = isShort ? Math.max(SECONDS, line.end - line.first) : SECONDS;
  // Each full second, and the last one.
  const starts = [...Array(Math.floor(seconds)).keys(), seconds - SECONDS];
  const places = Array.from({ length: RANDOM }, () => line.first + sides.random() * (latest - line.first));
  const windows = isShort ? [line.first] : [...new Set([line.first, ...places, latest])];
  const decode = (at: number, seeking: boolean, counting: boolean) =>
    together(sides, [
      decodeWindow(sides, sides.source, track.source, track, { at, seconds }, { seeking, counting }),
      decodeWindow(sides, sides.result, track.index, track, { at: at + sides.shift, seconds }, { seeking, counting }),
    ]);
  const listen = async (at: number, seeking: boolean) => {
    let both = await decode(at, seeking, false);
    if (both.some(({ restarted }) => restarted)) both = await decode(at, seeking, true);
    for (const start of starts) {
      const [source, result] = both.map(({ channels }) => withoutHighEffects(secondFrom(channels, start), heard)) as [
        Channels,
        Channels,
      ];
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
  if (flaw) refuse(track, { ...flaw, at: flaw.at - line.first });
}

/** @throws VerificationError because of a flaw, this many seconds from the start */
function refuse({ channels, from }: Track, { channel, what, at }: SoundFlaw & { at: number }): never {
  const where = channels > 1 ? `channel ${channel + 1} of ${from}` : from;
  throw new VerificationError(`In the result, ${where} ${what} at ${at.toFixed(1)} s.`);
}

/** The source's stream of a track, and the layout that it is compared in. */
function sourceTrackOf({ source }: Sides, track: Track) {
  const found = source.probe.streams.find((s) => s.index === track.source);
  const stream = found?.type === 'audio' ? found : undefined;
  return { stream, heard: track.layout ?? stream?.layout };
}

/** A track in source and result, to have its loudness measured in both. */
export function measuredOf(sides: Sides, track: Track): { source: Measured; result: Measured } {
  const how = { layout: track.layout, heard: sourceTrackOf(sides, track).heard };
  return { source: { index: track.source, ...how }, result: { index: track.index, ...how } };
}

/**
 * Compares how loud a track is, all along.
 * @throws VerificationError when a stretch of it is silent, much softer or louder, or other sound
 */
export function checkLevels(track: Track, source: LevelReader, result: LevelReader): void {
  const before = source.levels(track.source);
  // What cannot be decoded here at all is no verdict: the windows decide.
  if (!before) return;
  const after = result.levels(track.index) ?? before.map(() => new Float64Array());
  const flaw = compareLevels(before, after);
  if (flaw) refuse(track, flaw);
}

/** One second of sound, from this many seconds on. */
const secondFrom = (channels: Channels, start: number): Channels => {
  const from = Math.round(start * SOUND_RATE);
  return channels.map((samples) => samples.subarray(from, from + SECONDS * SOUND_RATE));
};

/** Line of a verbose log in which filters are set up for sound: another one follows where its rate, layout, or format changes. */
const FILTERS_START = /\[graph_\S+_in_\S+ @ .*?\bsamplerate:/;

/**
 * The sound of a window of one side, silence where there is none.
 * @param how - `seeking`: by seeking in the file, not by decoding all of it up to the window; `counting`: by the number of samples,
 *   not by their times
 * @returns also whether filters restarted on the way, which forget what they have padded and cut: the sound is to be counted then
 */
async function decodeWindow(
  sides: Sides,
  side: Side,
  index: number,
  { channels, layout }: Track,
  { at, seconds }: { at: number; seconds: number },
  { seeking, counting }: { seeking: boolean; counting: boolean },
): Promise<{ channels: Channels; restarted: boolean }> {
  const input = ['-vn', '-sn', '-dn', ...inputOf(side, seeking ? at : undefined)];
  const begins = seeking ? 0 : Math.max(0, at - (side.probe.start ?? 0));
  // A late start is padded with silence and gaps are filled, so that both sides have the same length.
  const aligned = `aresample=${SOUND_RATE}:async=1:first_pts=0`;
  const cut = `atrim=start=${begins.toFixed(6)}:duration=${seconds.toFixed(6)},apad=whole_len=${Math.round(seconds * SOUND_RATE)}`;
  // With integer samples, ffmpeg lowers the volume when it mixes.
  const mapped = layout ? [`aformat=sample_fmts=flt:channel_layouts=${layout}`] : [];
  const filters = [...mapped, ...(counting ? [`aresample=${SOUND_RATE}`] : [aligned, cut])].join(',');
  const pieces: Uint8Array[] = [];
  let early = counting ? Math.round(begins * SOUND_RATE) * channels * Float32Array.BYTES_PER_ELEMENT : 0;
  const output = ['-map', `0:${index}`, '-af', filters, '-t', (begins + seconds).toFixed(6), '-c:a', 'pcm_f32le'];
  let starts = 0;
  await runFor(
    sides,
    // Verbose, because only then does ffmpeg report the filters that it sets up.
    ['-v', 'level+verbose', ...input, ...output, '-f', 'f32le', 'pipe:1'],
    (bytes) => {
      pieces.push(bytes.subarray(Math.min(early, bytes.length)));
      early -= Math.min(early, bytes.length);
    },
    (line) => {
      if (FILTERS_START.test(line)) starts++;
      // Nobody reads this log.
      return true;
    },
  );
  return { channels: deinterleave(Buffer.concat(pieces), channels), restarted: starts > 1 };
}
