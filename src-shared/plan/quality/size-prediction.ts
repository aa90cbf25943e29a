import { type Auxiliary, estimateMean } from '../../util/regression-estimate.ts';

/** Pictures of samples, whose windows each begin with a key frame. */
export interface SampledBytes {
  /** In the order of the windows. */
  packets: readonly { bytes: number; key: boolean }[];
  /** Of the source, as of {@link sourceRates}: what compresses badly does so in both. */
  rates: Auxiliary;
}

/** Frames that a result will have. */
export interface ResultFrames {
  count: number;
  /** Frames to each key frame. */
  keyint: number;
  cuts: number;
}

/** Bytes that pictures will have, and how far that may be wrong either way. */
export interface SizePrediction {
  bytes: number;
  /** Share of {@link bytes}: two standard errors of the estimate. */
  error: number;
}

/** Windows never agree so well that a prediction is better than this. */
const MIN_ERROR = 0.05;
/** What is said of a single window, which cannot tell how much scenes differ. */
const UNKNOWN_ERROR = 0.5;

/**
 * Predicts the size of a video's pictures. Key frames, and cuts, which cost about as much, count apart from
 * the other frames: windows have more of them than the video.
 */
export function predictBytes({ packets, rates }: SampledBytes, frames: ResultFrames): SizePrediction {
  const windows = rates.samples.length;
  const perWindow = packets.length / windows;
  const parts = Array.from({ length: windows }, (_, n) =>
    packets.slice(Math.round(n * perWindow), Math.round((n + 1) * perWindow)),
  );
  const keys = Math.min(frames.count, Math.ceil(frames.count / frames.keyint) + frames.cuts);
  const whole = (part: SampledBytes['packets']) => {
    const mean = (key: boolean) => {
      const found = part.filter((packet) => packet.key === key);
      return found.length > 0 ? found.reduce((sum, { bytes }) => sum + bytes, 0) / found.length : 0;
    };
    return keys * mean(true) + (frames.count - keys) * mean(false);
  };
  const { mean, error } = estimateMean(parts.map(whole), rates);
  return {
    bytes: Math.round(mean),
    error: error === undefined ? UNKNOWN_ERROR : Math.max((2 * error) / mean, MIN_ERROR),
  };
}
