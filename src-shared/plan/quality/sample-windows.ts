import type { Auxiliary } from '../../util/regression-estimate.ts';

/** Frames of one window with its run-out, in s: long enough for an encoder's look ahead, short enough to afford eight. */
const WINDOW_SECONDS = 2;
/** SVT-AV1 encodes so many frames as one pyramid after the key frame (mini-GOP of its hierarchical levels 5). */
const PYRAMID_FRAMES = 32;
/**
 * The last frames of an encode get fewer bytes than they would in the middle of a video, as no later ones refer to them: two thirds from
 * the second half of the last pyramid on (measured with SVT-AV1 4.2, preset 5).
 */
const MIN_RUN_OUT = 15;
/** Fewer say too little about a video of many scenes (measured: 3 windows were wrong by 70%, 8 by 16%). */
const USUAL_WINDOWS = 8;
/** A long video has more scenes, and time for more windows: this share of it. All are decoded at a time, which takes memory. */
const [LONG_SHARE, MAX_WINDOWS] = [0.01, 12];
/** All windows together are at most this share of the video, so that a short one is not encoded several times over. */
const MAX_SHARE = 0.2;

/**
 * Where a window lies in its part of the video: at multiples of the golden ratio, which come near every place and repeat none. In the
 * middle of every part, all windows of a video whose scenes return at equal distances would show the same scene.
 */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;
/** Key frames this far apart, in s, are regular ones of an encoder that places others at cuts; broadcasts and discs have them closer. */
const MIN_REGULAR_SECONDS = 3;
/** So much of the regular distance still counts as regular. */
const REGULAR = 0.95;

/** Frames that are encoded as a sample: so many from the one with this number on. */
export interface SampleWindow {
  first: number;
  /** Those that count. */
  frames: number;
  /** Those after them that are encoded only because an encoder spends less on the last ones. */
  runOut: number;
}

/**
 * Spreads windows over a video, one in each of as many equal parts, each where decoding can begin, as everything before it would be decoded for nothing.
 * @param times presentation time of each frame in s, ascending
 * @param keys those of them that decoding can begin at
 * @returns none for a video that is too short to be sampled
 */
export function sampleWindows(times: Float64Array, keys: Float64Array): SampleWindow[] {
  const count = times.length;
  const seconds = (times[count - 1] ?? 0) - (times[0] ?? 0);
  if (count < 2 || seconds <= 0) return [];
  const { frames, runOut } = windowLength((count - 1) / seconds);
  const encoded = frames + runOut;
  const affordable = Math.max(USUAL_WINDOWS, Math.floor((count * LONG_SHARE) / encoded));
  const windows = Math.min(MAX_WINDOWS, affordable, Math.floor((count * MAX_SHARE) / encoded));
  const starts = startsOf(times, keys).filter((first) => first + encoded <= count);
  const chosen = new Set<number>();
  for (let part = 0; part < windows; part += 1) {
    const within = (0.5 + part * GOLDEN_RATIO) % 1;
    const wanted = ((part + within) * count) / windows - encoded / 2;
    const free = starts.filter((first) => [...chosen].every((other) => Math.abs(other - first) >= encoded));
    const nearest = free.reduce<number | undefined>(
      (best, first) => (best === undefined || Math.abs(first - wanted) < Math.abs(best - wanted) ? first : best),
      undefined,
    );
    if (nearest !== undefined) chosen.add(nearest);
  }
  return [...chosen].sort((a, b) => a - b).map((first) => ({ first, frames, runOut }));
}

/** Key frame and complete pyramids, and what follows them. @param rate frames a second */
function windowLength(rate: number): Pick<SampleWindow, 'frames' | 'runOut'> {
  const encoded = Math.max(Math.round(WINDOW_SECONDS * rate), 1 + PYRAMID_FRAMES + MIN_RUN_OUT);
  const frames = 1 + PYRAMID_FRAMES * Math.floor((encoded - 1 - MIN_RUN_OUT) / PYRAMID_FRAMES);
  return { frames, runOut: encoded - frames };
}

/**
 * What belongs to the frames that count.
 * @param items of all frames that were encoded, window by window, as many of each window
 */
export function withoutRunOut<T>(items: readonly T[], windows: readonly SampleWindow[]): T[] {
  const each = items.length / windows.length;
  return windows.flatMap(({ frames, runOut }, n) => {
    const begin = Math.round(n * each);
    return items.slice(begin, begin + Math.round((each * frames) / (frames + runOut)));
  });
}

/** A source's frames in the order in which they are shown. */
export interface SourceFrames {
  /** Presentation time of each in s, ascending. */
  times: Float64Array;
  /** Those times that decoding can begin at. */
  keys: Float64Array;
  /** Bytes of each. */
  sizes: Float64Array;
}

/**
 * Bytes a frame that a source has in each window, and in the whole video: where it has many, its encode will. Key frames don't count,
 * as every window begins with one, unless there are no others.
 */
export function sourceRates(windows: readonly SampleWindow[], { times, keys, sizes }: SourceFrames): Auxiliary {
  const starts = new Set(startsOf(times, keys));
  const rate = (first: number, frames: number) => {
    let [bytes, count, keyBytes] = [0, 0, 0];
    for (let n = first; n < first + frames; n += 1) {
      if (starts.has(n)) keyBytes += sizes[n] ?? 0;
      else {
        bytes += sizes[n] ?? 0;
        count += 1;
      }
    }
    return count > 0 ? bytes / count : keyBytes / frames;
  };
  return { samples: windows.map(({ first, frames }) => rate(first, frames)), whole: rate(0, times.length) };
}

/**
 * Counts the cuts that a source shows by key frames which come earlier than regular ones. Sources with short or equal distances
 * show none. A cut costs about as much as a key frame, and is hardly ever inside of a window, as windows begin at key frames.
 */
export function countCuts({ times, keys }: Pick<SourceFrames, 'times' | 'keys'>): number {
  const shown = keys.filter((time) => time >= (times[0] ?? 0));
  const distances = Array.from(shown.subarray(1), (time, n) => time - (shown[n] as number));
  const regular = distances.reduce((most, distance) => Math.max(most, distance), 0);
  return regular < MIN_REGULAR_SECONDS ? 0 : distances.filter((distance) => distance < REGULAR * regular).length;
}

/** Numbers of the frames that decoding can begin at. */
function startsOf(times: Float64Array, keys: Float64Array): number[] {
  const starts: number[] = [];
  let next = 0;
  for (const [n, time] of times.entries()) {
    while (next < keys.length && (keys[next] as number) < time) next += 1;
    if (keys[next] === time) starts.push(n);
  }
  return starts;
}
