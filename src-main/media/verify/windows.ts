import type { StreamTimeline } from '../ffmpeg/timeline.ts';

/**
 * Places of the source that are looked at at random, beside those that cost little: one in each part of this many seconds, in four at
 * the most, and two near the end. Each has to be decoded from the key frame before it, some 0.4 s of work for 720p.
 */
const PART_SECONDS = 150;
const MAX_PARTS = 4;
/** How near to the end two of them are, in s. */
const NEAR_ENDS = [60, 2];
/** Each frame of a result that has no more of them is looked at. */
const SHORT = 600;
/**
 * Distance, in s, and maximum number of the thumbnails of a result: a picture that's still for less is a moment. All of them
 * take 50 MB, and twice the time of as many decoded frames: of the 86,400 of an hour.
 */
const [GRID_SECONDS, GRID] = [0.5, 7200];
/** Key frames of a source that are looked at: as many as the command line of Windows holds (32,767 characters). */
const KEYS = 900;

/** Makes random numbers from 0 up to 1 out of a seed, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a whole number from `from` up to, but not, `to`. */
const between = (random: () => number, from: number, to: number) =>
  from + Math.floor(random() * Math.max(0, to - from));

/** Returns whether a result is so short that each of its frames is looked at, which takes fewer programs than choosing some. */
export const isShort = ({ count }: StreamTimeline): boolean => count <= SHORT;

/** Returns in how many parts a result is looked at. */
export function partsOf({ first, last }: StreamTimeline): number {
  return Math.max(1, Math.min(MAX_PARTS, Math.round((last - first) / PART_SECONDS)));
}

/** Chooses frames at random: one in each part of a result, one in its last minute, and one in its last seconds. */
export function randomFrames(after: StreamTimeline, random: () => number): number[] {
  const { times = new Float64Array(), last } = after;
  const frames = times.length;
  const count = partsOf(after);
  const parts = Array.from({ length: count }, (_, part) =>
    between(random, Math.floor((part * frames) / count), Math.floor(((part + 1) * frames) / count)),
  );
  const ends = NEAR_ENDS.map((seconds) => {
    const from = times.findIndex((time) => time >= last - seconds);
    return between(random, Math.max(0, from), frames);
  });
  return [...new Set([...parts, ...ends])].filter((frame) => frame < frames).sort((a, b) => a - b);
}

/** Returns the distance of the frames of a result that thumbnails are made of, in frames. */
export function gridOf(after: StreamTimeline): number {
  const rate = after.count / Math.max(1e-3, after.last - after.first);
  return Math.max(1, Math.round(GRID_SECONDS * rate), Math.ceil(after.count / GRID));
}

/**
 * Returns the frame of the result at a time of the source.
 * @param shift by how much the result's clock is ahead of the source's, in s
 */
export function frameAt(
  before: StreamTimeline,
  after: StreamTimeline,
  time: number,
  shift: number,
): number | undefined {
  return areAlike(before, after) ? nearest(before.times, time) : nearest(after.times, time + shift);
}

/** Returns the time in the source of a frame of the result; `shift` as in {@link frameAt}. */
export function sourceTimeOf(before: StreamTimeline, after: StreamTimeline, frame: number, shift: number): number {
  return (areAlike(before, after) ? before.times?.[frame] : undefined) ?? (after.times?.[frame] ?? after.last) - shift;
}

/** Whether each packet of the source is a frame of the result. */
export const areAlike = (before: StreamTimeline, after: StreamTimeline) => before.times?.length === after.times?.length;

/** Index of the time that is nearest to `time`; undefined where there is none. */
function nearest(times: Float64Array | undefined, time: number): number | undefined {
  if (!times?.length) return undefined;
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return 0;
  if (low === times.length) return times.length - 1;
  return time - (times[low - 1] ?? 0) <= (times[low] ?? 0) - time ? low - 1 : low;
}

/** Chooses key frames of a source at random, as many as are looked at; none where nearly every frame is one. */
export function chosenKeys(before: StreamTimeline, random: () => number): Float64Array {
  const { keys = new Float64Array(), count } = before;
  if (keys.length > KEYS && keys.length > count / 10) return new Float64Array();
  if (keys.length <= KEYS) return keys;
  const step = keys.length / KEYS;
  return Float64Array.from({ length: KEYS }, (_, i) => keys[Math.floor((i + random()) * step)] ?? 0);
}
