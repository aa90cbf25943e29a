import { type Resolution, resolutionOf } from './quality.ts';

/** Frames a second of a video that does not say. */
export const USUAL_RATE = 24;

/** What lists know of a video, which is enough to say which others it resembles. */
export interface VideoFacts {
  /** ffmpeg's name. */
  codec: string;
  width: number;
  height: number;
  frameRate: number | null;
  /** Seconds. */
  duration: number;
  /** Bytes of the whole file. */
  size: number;
}

/** A class of videos that compress alike, so that what one of them needed says something about the next. */
export interface VideoKind {
  codec: string;
  resolution: Resolution;
  /** Bits for each pixel as a power of two, rounded: grain and detail cost bits, and a sparing encoder left little to save. */
  density: number;
}

/** Tells kinds apart. */
export const kindName = ({ codec, resolution, density }: VideoKind): string => `${codec} ${resolution} ${density}`;

/** Densities beyond these are alike: below lie still pictures, above formats for editing. */
const [MIN_DENSITY, MAX_DENSITY] = [-6, 0];

/** Pixels that an encode goes through, which its time grows with. */
export function pixelsOf({ width, height, frameRate, duration }: VideoFacts): number {
  return width * height * (frameRate ?? USUAL_RATE) * duration;
}

export function kindOf(video: VideoFacts): VideoKind {
  const density = Math.round(Math.log2((8 * video.size) / pixelsOf(video)));
  return {
    codec: video.codec,
    resolution: resolutionOf(video.width, video.height),
    density: Math.min(Math.max(density, MIN_DENSITY), MAX_DENSITY),
  };
}
