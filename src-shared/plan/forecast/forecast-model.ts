import { kindOf, pixelsOf, USUAL_RATE, type VideoFacts, type VideoKind } from '../../media/video-kind.ts';
import { modelPictures } from '../estimate.ts';
import { USUAL_DB_PER_CRF } from '../quality/crf-search.ts';
import { type Part, PooledMeans } from './pooled-means.ts';

/** A video that may be converted. */
export interface ForecastVideo extends VideoFacts {
  /** Bytes of the result that are no pictures. */
  others: number;
}

/** An observation: a video that was converted, or encoded in samples. */
export interface Encoded {
  video: ForecastVideo;
  /** The CRF of its pictures, on the scale of the settings. */
  crf: number;
  /** XPSNR that they came to, in dB; missing where it was not measured. */
  quality?: number | undefined;
  /** Bytes of the pictures; missing where only the CRF is known. */
  pictures?: number | undefined;
  /** Seconds that the encode of the whole takes, and by which computer. */
  time?: { seconds: number; computer: string } | undefined;
}

/** How a video is to be encoded: at a CRF, or at the one at which it comes to a quality. */
export interface Asked {
  /** The table's CRF, which is the best guess for a quality too as long as nothing was measured. */
  crf: number;
  /** XPSNR in dB, within these CRFs. */
  target?: { value: number; minCrf: number; maxCrf: number } | undefined;
}

/** What will probably become of a video. */
export interface VideoForecast {
  crf: number;
  /** Bytes of the result, at the most those of the original. */
  bytes: number;
  /** Measure that the encode time is proportional to: its pixels, weighted by how slowly its kind is encoded. */
  effort: number;
}

/** What will probably become of many; errors are two standard deviations either way. */
export interface TotalForecast {
  /** Bytes of the results. */
  bytes: number;
  bytesError: number;
  effort: number;
  /** Share of {@link effort}. */
  effortError: number;
}

/** CRFs for a quality: the clips of docs/encoding.md differ by 9, those of one kind are taken to differ by about half of that. */
const CRF_SPREAD = { within: 5, between: 4 };
/** Logarithms of size: before anything was encoded a single video differs by a factor of three either way, a library by 1.6. */
const SIZE_SPREAD = { within: 0.45, between: 0.3, prior: { mean: 0, error: 0.5 } };
/** Logarithms of the time per pixel: pictures of one size take about the same time, regardless of their content. */
const TIME_SPREAD = { within: 0.3, between: 0.2, prior: { mean: 0, error: 0.3 } };

/** The quality that CRFs are compared at, in dB; which one makes no difference, as all are moved along one slope. */
const REFERENCE_DB = 40;

/** Farther than this along the slope, in CRF, a measured value says little: curves bend. */
const MAX_SHIFT = 16;

const isComplete = ({ width, height, duration, size }: VideoFacts) =>
  width > 0 && height > 0 && duration > 0 && size > 0;

/** Predicts the size and time of videos from those that were encoded so far. */
export class ForecastModel {
  readonly #crfs: PooledMeans;
  readonly #sizes: PooledMeans;
  readonly #times: PooledMeans;
  /** Videos whose size is known, and those whose time is. */
  readonly learned: number;
  readonly timed: number;

  constructor(encoded: readonly Encoded[]) {
    const usable = encoded.filter(({ video }) => isComplete(video));
    this.#crfs = new PooledMeans(
      usable.flatMap(({ video, crf, quality }) =>
        quality === undefined ? [] : [{ kind: kindOf(video), value: crfAt(REFERENCE_DB, crf, quality) }],
      ),
      CRF_SPREAD,
    );
    this.#sizes = new PooledMeans(
      usable.flatMap(({ video, crf, pictures }) =>
        pictures ? [{ kind: kindOf(video), value: Math.log(pictures / modelOf(video, crf)) }] : [],
      ),
      SIZE_SPREAD,
    );
    this.#times = new PooledMeans(slownesses(usable), TIME_SPREAD);
    this.learned = this.#sizes.count;
    this.timed = this.#times.count;
  }

  /** How many videos of a kind have a size that is known. */
  learnedOf(kind: VideoKind): number {
    return this.#sizes.countOf(kind);
  }

  /** The CRF at which videos of its kind came to this quality; undefined before the first. */
  crfFor(video: VideoFacts, quality: number): number | undefined {
    if (!isComplete(video)) return undefined;
    const usual = this.#crfs.at(kindOf(video));
    return usual === undefined ? undefined : crfAt(quality, usual, REFERENCE_DB);
  }

  of(video: ForecastVideo, asked: Asked): VideoForecast {
    const crf = this.#crfOf(video, asked);
    if (!isComplete(video)) return { crf, bytes: video.size, effort: 0 };
    const kind = kindOf(video);
    // The mean of a log-normal distribution is above its median.
    const above = this.learned > 0 ? this.#sizes.within ** 2 / 2 : 0;
    const factor = Math.exp((this.#sizes.at(kind) ?? 0) + above);
    const bytes = Math.min(Math.round(modelOf(video, crf) * factor + video.others), video.size);
    return { crf, bytes, effort: pixelsOf(video) * Math.exp(this.#times.at(kind) ?? 0) };
  }

  /** @param known of those videos that were sampled: bytes of their pictures, and how far that may be wrong as a share of them */
  total(
    videos: readonly { video: ForecastVideo; forecast: VideoForecast; known?: { error: number } | undefined }[],
  ): TotalForecast {
    const sizes: Part[] = [];
    const times: Part[] = [];
    const sums = { bytes: 0, effort: 0, sampled: 0 };
    for (const { video, forecast, known } of videos) {
      sums.bytes += forecast.bytes;
      sums.effort += forecast.effort;
      if (!isComplete(video)) continue;
      const kind = kindOf(video);
      const pictures = Math.max(0, forecast.bytes - video.others);
      if (known) sums.sampled += ((pictures * known.error) / 2) ** 2;
      else sizes.push({ kind, weight: pictures });
      times.push({ kind, weight: forecast.effort });
    }
    const bytesError = 2 * Math.sqrt(this.#sizes.sumError(sizes) ** 2 + sums.sampled);
    const effortError = sums.effort > 0 ? (2 * this.#times.sumError(times)) / sums.effort : 0;
    return { bytes: sums.bytes, bytesError, effort: sums.effort, effortError };
  }

  #crfOf(video: VideoFacts, { crf, target }: Asked): number {
    const learned = target && this.crfFor(video, target.value);
    if (!target || learned === undefined) return crf;
    return Math.min(Math.max(learned, target.minCrf), target.maxCrf);
  }
}

/** The CRF for a quality, of pictures that came to another one at `crf`. */
function crfAt(wanted: number, crf: number, quality: number): number {
  const shift = (quality - wanted) / USUAL_DB_PER_CRF;
  return crf + Math.min(Math.max(shift, -MAX_SHIFT), MAX_SHIFT);
}

/** Bytes of the pictures before anything was learned. */
function modelOf(video: VideoFacts, crf: number): number {
  const { width, height, duration } = video;
  return modelPictures({ width, height, frameRate: video.frameRate ?? USUAL_RATE, seconds: duration }, crf);
}

/** By how much more time a pixel took than on the same computer's average, as logarithms. */
function slownesses(encoded: readonly Encoded[]) {
  const timed = encoded.flatMap(({ video, time }) =>
    time && time.seconds > 0
      ? [{ kind: kindOf(video), computer: time.computer, value: Math.log(time.seconds / pixelsOf(video)) }]
      : [],
  );
  const byComputer = Map.groupBy(timed, ({ computer }) => computer);
  return [...byComputer.values()].flatMap((all) => {
    const mean = all.reduce((sum, { value }) => sum + value, 0) / all.length;
    return all.map(({ kind, value }) => ({ kind, value: value - mean }));
  });
}
