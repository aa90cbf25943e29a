import { z } from 'zod';
import { changing, done, id, reading } from './call.ts';

/** Samples that are being encoded for a forecast. */
export const Measuring = z.object({
  /** Null: all libraries. */
  library: id.nullable(),
  /** Videos sampled so far. */
  done: z.int().nonnegative(),
  /** The one that is being sampled. */
  file: id.nullable(),
});
export type Measuring = z.infer<typeof Measuring>;

/** What converting all videos that wait would probably bring. Errors are two standard deviations either way. */
export const Forecast = z.object({
  videos: z.number(),
  /** Bytes now, and of the results. */
  bytes: z.number(),
  bytesAfter: z.number(),
  bytesError: z.number(),
  /** Seconds until all of them are converted by the computers that take work; null until the speed of one is known. */
  seconds: z.number().nullable(),
  secondsError: z.number().nullable(),
  computers: z.int().nonnegative(),
  /** Videos that it is learned from, converted or sampled; 0: a rule of thumb. */
  learned: z.number(),
  measuring: Measuring.nullable(),
});
export type Forecast = z.infer<typeof Forecast>;

/** What samples of one video foretell of it. */
export const Foretold = z.object({
  /** On the scale of the settings. */
  crf: z.number(),
  /** XPSNR in dB at that CRF; null where it was not measured. */
  quality: z.number().nullable(),
  /** Bytes of the result, and how far they may be wrong. */
  bytes: z.number(),
  bytesError: z.number(),
  /** Windows of the video that were encoded. */
  samples: z.number(),
  /** Seconds that its encode takes on this computer. */
  seconds: z.number(),
});
export type Foretold = z.infer<typeof Foretold>;

const scope = z.strictObject({ library: id.optional() });

/** What conversions will probably come to. */
export const FORECAST_CALLS = {
  'forecast.get': reading(
    'user',
    'What converting the videos that wait would probably save, and how long it takes: of one library, or of all',
    scope,
    Forecast,
  ),
  'forecast.measure': changing(
    'user',
    'Encode samples of some videos on this computer at low priority, until the forecast is good enough; nothing is replaced. Emits `forecast` events',
    scope,
    done,
  ),
  'forecast.stop': changing('user', 'Stop encoding samples for the forecast', z.strictObject({}), done),
  'file.measure': changing(
    'user',
    'Encode samples of one video to find its CRF and size; nothing is replaced',
    z.strictObject({ file: id }),
    Foretold,
  ),
};
