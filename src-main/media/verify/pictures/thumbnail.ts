import type { VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import { pictureFilters } from '../../../../src-shared/plan/video-args.ts';

/** Columns of a thumbnail: small enough that grain and coding noise vanish, and the picture is left. */
const WIDTH = 64;
const TALLEST = 128;
/** Thumbnails have the depth of results. */
const FORMAT = 'yuv420p10le';
/** From units of 10 bits to those of 8, squared. */
const TO_8_BITS = 16;

/** A picture at thumbnail size: a plane of luma and two of chroma of a quarter its size, 10 bits each. */
export interface Thumbnail {
  samples: Uint16Array;
  /** How many of the samples are luma. */
  luma: number;
  /** Samples of luma in a line. */
  columns: number;
}

/** Columns and lines of a thumbnail that are one, where only its large forms count: in small videos noise is left in thumbnails. */
const BLOCK = 4;

/** Returns columns and lines of the thumbnails of a video. */
function sizeOf({ width, height }: VideoEncode): [width: number, height: number] {
  return [WIDTH, Math.min(TALLEST, Math.max(2, 2 * Math.round((WIDTH * height) / width / 2)))];
}

/** Returns the filters that make thumbnails of a result. */
export function thumbnailFilters(plan: VideoEncode): string[] {
  return [`scale=${sizeOf(plan).join(':')}:flags=area`, `format=${FORMAT}`];
}

/** Returns the filters that make thumbnails of a source, of any of its frames: a deinterlacer would need their neighbors. */
export function sourceThumbnailFilters(plan: VideoEncode): string[] {
  const { deinterlace, fieldRate, ...rest } = plan;
  // The format first, as for the encoder: the matrix and range set by a filter apply to the conversion to it.
  return [...pictureFilters(rest), `format=${FORMAT}`, ...thumbnailFilters(plan)];
}

/** Takes thumbnails out of what ffmpeg writes as raw video. */
export class ThumbnailReader {
  readonly #luma: number;
  readonly #columns: number;
  readonly #onThumbnail: (thumbnail: Thumbnail) => void;
  #bytes: Buffer;
  #filled = 0;

  /** @param onThumbnail gets each as soon as it is whole */
  constructor(plan: VideoEncode, onThumbnail: (thumbnail: Thumbnail) => void) {
    const [width, height] = sizeOf(plan);
    this.#luma = width * height;
    this.#columns = width;
    this.#bytes = Buffer.alloc(((this.#luma * 3) / 2) * 2);
    this.#onThumbnail = onThumbnail;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#bytes.length - this.#filled);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#bytes.length) return;
      const { buffer, byteOffset, length } = this.#bytes;
      const samples = new Uint16Array(buffer, byteOffset, length / 2);
      this.#onThumbnail({ samples, luma: this.#luma, columns: this.#columns });
      this.#bytes = Buffer.alloc(length);
      this.#filled = 0;
    }
  }
}

/** Returns the mean squared difference over all planes, in units of 8 bits. */
export function difference(a: Thumbnail, b: Thumbnail): number {
  let sum = 0;
  for (let i = 0; i < a.samples.length; i++) sum += ((a.samples[i] ?? 0) - (b.samples[i] ?? 0)) ** 2;
  return sum / a.samples.length / TO_8_BITS;
}

/** Returns a difference as PSNR, in dB. */
export const inDecibels = (meanSquare: number): number => 10 * Math.log10(255 ** 2 / Math.max(meanSquare, 1e-6));

/** Returns the mean luma of blocks of a thumbnail. */
function formsOf({ samples, luma, columns }: Thumbnail): Float64Array {
  const across = Math.ceil(columns / BLOCK);
  const sums = new Float64Array(across * Math.ceil(luma / columns / BLOCK));
  const counts = new Float64Array(sums.length);
  for (let i = 0; i < luma; i++) {
    const block = Math.floor(i / columns / BLOCK) * across + Math.floor((i % columns) / BLOCK);
    sums[block] = (sums[block] ?? 0) + (samples[i] ?? 0);
    counts[block] = (counts[block] ?? 0) + 1;
  }
  return sums.map((sum, block) => sum / (counts[block] ?? 1));
}

/** Returns the standard deviation of the luma's large forms, in units of 8 bits: 0 for a picture of one color. */
export function spread(thumbnail: Thumbnail): number {
  const forms = formsOf(thumbnail);
  const [mean, square] = moments(forms, forms);
  return Math.sqrt(Math.max(0, square - mean ** 2) / TO_8_BITS);
}

/** Returns how alike the lumas' large forms are, regardless of their brightness and contrast: 1 for the same, 0 for unrelated ones. */
export function correlation(a: Thumbnail, b: Thumbnail): number {
  const [formsA, formsB] = [formsOf(a), formsOf(b)];
  const [meanA, squareA] = moments(formsA, formsA);
  const [meanB, squareB] = moments(formsB, formsB);
  const [, product] = moments(formsA, formsB);
  const spreads = Math.sqrt(Math.max(0, squareA - meanA ** 2) * Math.max(0, squareB - meanB ** 2));
  return spreads > 0 ? (product - meanA * meanB) / spreads : 0;
}

/** Mean of `a`, and mean of the products of both. */
function moments(a: Float64Array, b: Float64Array): [mean: number, product: number] {
  let [sum, products] = [0, 0];
  for (const [i, value] of a.entries()) {
    sum += value;
    products += value * (b[i] ?? 0);
  }
  return [sum / a.length, products / a.length];
}
