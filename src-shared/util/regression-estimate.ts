/** A number that is known of each sample, and its mean over everything that samples were taken of. */
export interface Auxiliary {
  /** In the order of the samples. */
  samples: readonly number[];
  whole: number;
}

/** A mean over everything, and how uncertain it is. */
export interface MeanEstimate {
  mean: number;
  /** Standard error; undefined for a single sample. */
  error: number | undefined;
}

/** Fewer samples say nothing of how one number goes with another. */
const MIN_FOR_LINE = 4;

/** Arithmetic mean; NaN of nothing. */
export const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Estimates the mean of a number from samples of it. Where it goes with an auxiliary number, samples that happen to lie high or low are
 * made up for: the regression estimator of survey sampling (W. G. Cochran, Sampling Techniques, 3rd edition, chapter 7), its slope
 * reduced by what of the correlation may be chance (adjusted R²). An estimate is never outside of the samples' own range.
 * @param values of at least one sample
 */
export function estimateMean(values: readonly number[], auxiliary?: Auxiliary): MeanEstimate {
  const count = values.length;
  const mean = meanOf(values);
  const spread = sumOfProducts(values, values);
  const plain = { mean, error: count > 1 ? Math.sqrt(spread / (count - 1) / count) : undefined };
  if (!auxiliary || count < MIN_FOR_LINE || auxiliary.samples.length !== count) return plain;
  const { samples, whole } = auxiliary;
  const [along, across] = [sumOfProducts(samples, samples), sumOfProducts(samples, values)];
  if (along <= 0 || spread <= 0) return plain;
  const unexplained = (1 - across ** 2 / along / spread) * ((count - 1) / (count - 2));
  const slope = Math.max(0, 1 - unexplained) * (across / along);
  const missing = whole - meanOf(samples);
  const residuals = spread - 2 * slope * across + slope ** 2 * along;
  // The slope itself is uncertain, the more the farther it is followed.
  const distance = slope === 0 ? 0 : missing ** 2 / along;
  return {
    mean: Math.min(Math.max(mean + slope * missing, Math.min(...values)), Math.max(...values)),
    error: Math.sqrt((Math.max(0, residuals) / (count - (slope === 0 ? 1 : 2))) * (1 / count + distance)),
  };
}

/** Of the distances from their means. */
function sumOfProducts(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  return a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] as number) - meanB), 0);
}
