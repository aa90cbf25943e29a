/** Rate of the sound that is compared, in Hz: what lies above half of it, Opus makes up at low bitrates. */
export const SOUND_RATE = 8000;
/** How far the sides may lie apart, in s, beside the codecs' delay: checkTimes allows as much. */
const SLACK_SECONDS = 0.06;

/** RMS below which a channel is silent, as a share of full scale (-60 dB). */
const SILENT = 0.001;
/** A channel softer than the loudest one by more than this (-40 dB) is drowned by that one's coding noise. */
const DROWNED = 0.01;
/** How loud such a channel may become, as a share of the loudest (-26 dB). */
const MAY_LEAK = 0.05;
/** A channel may be this many times louder or softer (3 dB). */
const LEVEL = 1.41;
/**
 * Forms of the same channel correlate at least so. Measured: windows of real clips 0.95 and more; a steady tone, which is like
 * itself at any time, 0.71 where it begins 200 ms late.
 */
const MIN_CORRELATION = 0.75;
/**
 * Lower limit for sound that hardly correlates with itself at another time. Measured: 0.4 where most of a window is a gap of the
 * track and the rest its soft beginning; unrelated noise 0.1.
 */
const MIN_NOISE_CORRELATION = 0.3;
/** The same sound is so much more like itself than like another moment of it. */
const MARGIN = 0.2;

/**
 * Sound that begins so late in a window, in samples before its end (0.2 s), as behind a hole of the track, has to be there, but not
 * to be as loud: of its first ms a codec keeps little. Measured: 4 dB less of 25 ms.
 */
const JUST_BEGUN = SOUND_RATE / 5;
/** What stands before it is softer than the window by more than this (-12 dB). */
const BEFORE_IT = 0.25;

/** Layouts with a channel for low effects have it fourth (ffmpeg's order); Opus keeps nothing of it above some 200 Hz. */
const LOW_CHANNEL = 3;
export const LOW_LAYOUT = /^\d\.1/;
/** The mean of this many samples keeps only sound below 200 Hz. */
const LOW_PASS = SOUND_RATE / 200;

/** The channels of a moment of sound, each at {@link SOUND_RATE}. */
export type Channels = readonly Float32Array[];

/** Takes interleaved 32-bit samples apart. */
export function deinterleave(bytes: Buffer, channels: number): Channels {
  const count = Math.floor(bytes.length / 4 / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: count }, (__, i) => bytes.readFloatLE(4 * (i * channels + channel))),
  );
}

/** Leaves of the channel for low effects what Opus keeps of it. */
export function withoutHighEffects(channels: Channels, layout: string | undefined): Channels {
  if (!LOW_LAYOUT.test(layout ?? '')) return channels;
  const low = (samples: Float32Array) => meanOfLast(meanOfLast(meanOfLast(samples)));
  return channels.map((samples, channel) => (channel === LOW_CHANNEL ? low(samples) : samples));
}

/** Each sample's mean with those before it. */
function meanOfLast(samples: Float32Array): Float32Array {
  let sum = 0;
  return samples.map((value, i) => {
    sum += value - (samples[i - LOW_PASS] ?? 0);
    return sum / LOW_PASS;
  });
}

const rms = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / Math.max(1, samples.length));

/** Why two moments of sound are not the same. */
export interface SoundFlaw {
  channel: number;
  /** Continues from "in the result": `it is silent`. */
  what: string;
}

/** How far either side may be moved, in samples. */
const SLACK = Math.round(SLACK_SECONDS * SOUND_RATE);

/** Samples of a channel without the margins that may lie outside the window on the other side. */
const within = (samples: Float32Array, slack = SLACK) =>
  samples.subarray(slack, Math.max(slack, samples.length - slack));

/** Compares the same moment of both sides, channel by channel; undefined when they are the same. */
export function compareSound(source: Channels, result: Channels): SoundFlaw | undefined {
  const before = source.map((samples) => rms(within(samples)));
  const loudest = Math.max(...before);
  for (const [channel, loud] of before.entries()) {
    const [from, to] = [source[channel] as Float32Array, result[channel] as Float32Array];
    const flaw = (what: string): SoundFlaw => ({ channel, what });
    if (loud < Math.max(SILENT, loudest * DROWNED)) {
      if (rms(within(to, 2 * SLACK)) > Math.max(2 * SILENT, loudest * MAY_LEAK))
        return flaw('is heard, where it was silent');
      continue;
    }
    const match = bestMatch(within(from), to);
    if (match.loud < SILENT) return flaw('is silent');
    if (match.loud > loud * LEVEL) return flaw(`is ${decibels(match.loud / loud)} dB louder`);
    if (rms(within(from).subarray(0, -JUST_BEGUN)) < loud * BEFORE_IT) continue;
    if (match.loud < loud / LEVEL) return flaw(`is ${decibels(loud / match.loud)} dB softer`);
    if (!isAlike(from, to, match.alike)) return flaw('holds other sound');
  }
  return undefined;
}

const decibels = (ratio: number) => Math.round(20 * Math.log10(ratio));

/** Returns whether two channels are the same sound. @param alike how alike they are at best, moved by whole samples */
function isAlike(source: Float32Array, result: Float32Array, alike: number): boolean {
  if (alike >= MIN_CORRELATION) return true;
  // High tones lose most where the sides lie half a sample apart.
  const between = bestMatch(within(source), halfSampleLater(result)).alike;
  const itself = bestMatch(source.subarray(0, Math.max(0, source.length - 3 * SLACK)), source.subarray(SLACK)).alike;
  const least = Math.min(MIN_CORRELATION, Math.max(MIN_NOISE_CORRELATION, itself + MARGIN));
  return Math.max(alike, between) >= least;
}

/** The values half way between samples (cubic interpolation). */
const halfSampleLater = (samples: Float32Array) =>
  samples.map((value, i) => {
    const [before = 0, next = 0, last = 0] = [samples[i - 1], samples[i + 1], samples[i + 2]];
    return (9 * (value + next) - before - last) / 16;
  });

/**
 * Finds where `part` is in `whole`.
 * @returns their normalized correlation there, 1 for the same form, and how loud `whole` is there (RMS)
 */
function bestMatch(part: Float32Array, whole: Float32Array): { alike: number; loud: number } {
  const { length } = part;
  const energyA = part.reduce((sum, value) => sum + value * value, 0);
  let energyB = whole.subarray(0, length).reduce((sum, value) => sum + value * value, 0);
  const best = { alike: 0, loud: rms(within(whole)) };
  for (let lag = 0; lag + length <= whole.length; lag++) {
    let product = 0;
    for (let i = 0; i < length; i++) product += (part[i] ?? 0) * (whole[i + lag] ?? 0);
    const alike = energyB > 0 && energyA > 0 ? product / Math.sqrt(energyA * energyB) : 0;
    if (alike > best.alike) Object.assign(best, { alike, loud: Math.sqrt(energyB / length) });
    energyB += (whole[lag + length] ?? 0) ** 2 - (whole[lag] ?? 0) ** 2;
  }
  return best;
}
