import { z } from 'zod';
import { Reason } from '../util/plain-text.ts';
import { type Auxiliary, estimateMean, meanOf } from '../util/regression-estimate.ts';

/**
 * How quality is measured. Values of one metric are never compared with those of another.
 * - `xpsnr`: extended perceptually weighted peak signal-to-noise ratio (ITU-T H-series supplement 20; ffmpeg 7.1 and newer), in dB
 */
const Metric = z.enum(['xpsnr']);

/** Choices of the setting; `table` takes the CRF from quality_lookup.json instead. */
export const QUALITIES = ['transparent', 'balanced', 'small', 'table'] as const;
export type QualityChoice = (typeof QUALITIES)[number];

/**
 * XPSNR of each choice, in dB. Practitioners call 40 to 42 visually lossless. `transparent` is the lower end: of the camera clips in
 * docs/encoding.md, most have less than 42 dB even at CRF 20, and would grow. A step of 2 dB about halves files.
 */
export const XPSNR_TARGETS: Record<Exclude<QualityChoice, 'table'>, number> = {
  transparent: 40,
  balanced: 38,
  small: 36,
};

/** A quality that a result is to come to, no more and no less. */
export const QualityTarget = z.object({
  metric: Metric,
  /** dB */
  value: z.number().min(20).max(80),
  /** Where the search begins: what earlier videos of its kind needed. */
  start: z.number().min(1).max(63).optional(),
  /** No CRF outside of these is taken. */
  minCrf: z.number().min(1).max(63),
  maxCrf: z.number().min(1).max(63),
});
export type QualityTarget = z.infer<typeof QualityTarget>;

/** Quality over a number of frames, in dB. */
export const Quality = z.object({
  metric: Metric,
  /** Over all frames: the logarithm of their mean error, as ffmpeg's own average. */
  mean: z.number(),
  /** The value that {@link LOW_SHARE} of the frames stay below: one ruined scene shows here more than in the mean. */
  low: z.number(),
});
export type Quality = z.infer<typeof Quality>;

/**
 * How far the worst frames are behind the mean at the most, in dB, in the clips of docs/encoding.md: what lies farther behind counts
 * as quality that is missing.
 */
export const LOW_MARGIN_DB = 4;

/** Share of the frames that {@link Quality.low} leaves out. */
const LOW_SHARE = 0.05;

/** Identical pictures have no noise, and an infinite XPSNR; sums need a number, above any that an encode comes to. */
const MAX_XPSNR_DB = 80;

/** XPSNR of one frame's planes, in dB. */
export interface FrameXpsnr {
  y: number;
  u: number;
  v: number;
}

/** Luma counts four times, which is the metric's own weighting for 4:2:0 (Helmrich et al., ICASSP 2020). */
const weighted = ({ y, u, v }: FrameXpsnr) => (4 * y + u + v) / 6;

/**
 * Sums up the values of single frames.
 * @param frames window by window; identical planes are infinite
 * @param rates of the source in these windows, which are equally long: with them the mean is estimated for the whole video, which may be
 * harder to compress than the windows are
 * @throws RangeError without any
 */
export function qualityOf(frames: readonly FrameXpsnr[], rates?: Auxiliary): Quality {
  if (frames.length === 0) throw new RangeError('no frame was measured');
  const finite = frames.map(({ y, u, v }) => ({
    y: Math.min(y, MAX_XPSNR_DB),
    u: Math.min(u, MAX_XPSNR_DB),
    v: Math.min(v, MAX_XPSNR_DB),
  }));
  const windows = rates && finite.length % rates.samples.length === 0 ? rates.samples.length : 1;
  const overall = (plane: keyof FrameXpsnr) => {
    const errors = finite.map((frame) => 10 ** (-frame[plane] / 10));
    const length = finite.length / windows;
    const each = Array.from({ length: windows }, (_, n) => meanOf(errors.slice(n * length, (n + 1) * length)));
    return -10 * Math.log10(estimateMean(each, rates).mean);
  };
  const values = finite.map(weighted).sort((a, b) => a - b);
  const low = values[Math.floor(values.length * LOW_SHARE)] as number;
  return { metric: 'xpsnr', mean: weighted({ y: overall('y'), u: overall('u'), v: overall('v') }), low };
}

/** How the CRF of a result was chosen, and the measured quality. */
export const QualityReport = z.object({
  target: QualityTarget,
  /** The CRF that was taken, on the scale of the settings. */
  crf: z.number(),
  /** What samples foretold at that CRF: dB, and bytes of the pictures, from this many encodes. */
  samples: z
    .object({ expected: z.number(), predictedBytes: z.number().nonnegative(), probes: z.int().positive() })
    .optional(),
  /** Why the CRF came from the table instead. */
  fallback: Reason.optional(),
  /** The result itself, in the windows that were sampled. */
  measured: Quality.optional(),
  /** The window in which it is worst: the second of its middle, and its quality in dB. */
  worst: z.object({ at: z.number().nonnegative(), value: z.number() }).optional(),
});
export type QualityReport = z.infer<typeof QualityReport>;
