import type { Output } from '../../../src-shared/contract/index.ts';

type Predicted = Output<'stats.get'>['predicted'];

/** The deviation that this share (0 to 1) of all stay below. */
function quantile(deviations: number[], share: number): number {
  const sorted = deviations.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

const percent = (share: number) => `${Math.round(100 * share)}%`;

function sizesWithin(what: string, deviations: number[]): string[] {
  if (deviations.length === 0) return [];
  const [half, most] = [quantile(deviations, 0.5), quantile(deviations, 0.9)].map(percent);
  return [`${what}: half of the videos came within ${half} of the predicted size, nine of ten within ${most}.`];
}

/** How good forecasts, samples, and the search for a quality were, as sentences. */
export function accuracyOf(predicted: Predicted): string[] {
  const off = (value: number, result: number) => Math.abs(value / result - 1);
  const qualities = predicted.flatMap(({ quality }) => (quality ? [Math.abs(quality.measured - quality.target)] : []));
  return [
    ...sizesWithin(
      'Forecast',
      predicted.map(({ predicted: value, result }) => off(value, result)),
    ),
    ...sizesWithin(
      'Samples',
      predicted.flatMap(({ sampled, result }) => (sampled === null ? [] : [off(sampled, result)])),
    ),
    ...(qualities.length > 0
      ? [`Quality: half of the results came within ${quantile(qualities, 0.5).toFixed(1)} dB of their target.`]
      : []),
  ];
}
