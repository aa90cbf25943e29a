import { correlation, difference, inDecibels, spread, type Thumbnail } from './thumbnail.ts';

/** Below this PSNR, in dB, a frame shows another picture: as in comparePictures, whose pictures are larger and less alike. */
const MIN_PSNR_DB = 28;
/**
 * Not so where its large forms are the same: at CRF 63, small pictures full of sharp lines come down to 24.5 dB with a correlation of
 * 0.96; heavy noise to 22 dB.
 */
const [COARSEST_PSNR, SAME_FORMS] = [24, 0.9];
/** A source whose luma spreads by more than this, in units of 8 bits, can be distinguished from another picture. */
const MIN_SPREAD = 2;
/** Minimum correlation between a picture of the source and its result: dark pictures differ little from black ones in PSNR. */
const MIN_CORRELATION = 0.7;

/** Frames of a result are still where they differ by less than this, in units of 8 bits squared (48 dB). */
const STILL = 1;
/** A source moves where its frames differ by this many times more than the result's do, and than the two sides do. */
const MOVES = 4;
/** Movement that a source may have in a stretch where the result is still, in units of 8 bits squared: coding noise, and faint fades at CRF 63. */
const MAY_MOVE = 6;

/** The same frame of both sides. */
export interface Look {
  /** Number of the frame in the result. */
  frame: number;
  source: Thumbnail;
  result: Thumbnail;
}

/** Returns whether a frame of the result shows another picture than the source. */
export function showsAnother({ source, result }: Pick<Look, 'source' | 'result'>): boolean {
  const psnr = inDecibels(difference(source, result));
  if (psnr < COARSEST_PSNR) return true;
  if (spread(source) <= MIN_SPREAD) return psnr < MIN_PSNR_DB;
  return correlation(source, result) < (psnr < MIN_PSNR_DB ? SAME_FORMS : MIN_CORRELATION);
}

/** Frames of a result, in order, from one to another. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * Finds where a result is still, black stretches among them.
 * @param frames thumbnails of some of its frames by their numbers, ascending
 * @param least frames that a stretch has to have
 */
export function stillStretches(frames: ReadonlyMap<number, Thumbnail>, least: number): Stretch[] {
  const found: Stretch[] = [];
  let current: (Stretch & { last: Thumbnail }) | undefined;
  for (const [frame, thumbnail] of frames) {
    if (current && difference(current.last, thumbnail) < STILL) {
      Object.assign(current, { to: frame, last: thumbnail });
      continue;
    }
    if (current && current.to - current.from >= least) found.push({ from: current.from, to: current.to });
    current = { from: frame, to: frame, last: thumbnail };
  }
  if (current && current.to - current.from >= least) found.push({ from: current.from, to: current.to });
  return found;
}

/** Returns whether the source moves from one look to another, while the result does not. */
export function isFrozen(a: Look, b: Look): boolean {
  const moved = difference(a.source, b.source);
  const followed = difference(a.result, b.result);
  const noise = Math.min(difference(a.source, a.result), difference(b.source, b.result));
  return followed < STILL && moved > MAY_MOVE + MOVES * (followed + noise);
}
