import { LOW_MARGIN_DB, type Quality, type QualityTarget } from '../../media/quality-target.ts';

/** What one encode of the samples came to. */
export interface ProbeEncode {
  crf: number;
  quality: Quality;
}

/** A CRF to try next, or the one to take; `failed` where the samples give none. */
export type SearchStep =
  | { kind: 'probe'; crf: number }
  | { kind: 'found'; crf: number; expected: number }
  | { kind: 'failed'; reason: string };

/** Probe encodes of one search at the most: more cost more than the last tenths of a decibel are worth. */
export const MAX_PROBES = 4;

/** So close to the target, in dB, nothing more is tried: about what a step of one CRF changes. */
const CLOSE_ENOUGH_DB = 0.1;

/** What one step of CRF costs before two probes tell, in dB: about the median of the clips in docs/encoding.md. */
export const USUAL_DB_PER_CRF = 0.18;

/** The farthest that one step of the search goes, in CRF: curves bend, so that a line says little beyond. */
const MAX_STEP = 16;

/**
 * A single number to compare with the target: the mean, unless the worst frames fall behind it by more than is usual, so that
 * one ruined scene counts.
 */
export function scoreOf({ mean, low }: Quality): number {
  return Math.min(mean, low + LOW_MARGIN_DB);
}

/**
 * Decides what to encode next to come to the target, or which CRF comes to it: the next probe lies where the line through the
 * two nearest ones crosses the target.
 * @param probes those so far, in any order
 * @param begin the CRF of the first probe, where the target names none
 * @param step the finest step of CRF that the encoder takes: 1, or 0.25 from SVT-AV1 4 on
 */
export function searchCrf(target: QualityTarget, probes: readonly ProbeEncode[], begin: number, step = 1): SearchStep {
  const onGrid = (crf: number) => Math.floor(crf / step + 1e-9) * step;
  const within = (crf: number) => onGrid(Math.min(Math.max(crf, target.minCrf), target.maxCrf));
  const points = probes
    .map(({ crf, quality }) => ({ crf, error: scoreOf(quality) - target.value }))
    .sort((a, b) => Math.abs(a.error) - Math.abs(b.error));
  const [best] = points;
  if (!best) return { kind: 'probe', crf: within(target.start ?? begin) };
  const slope = slopeOf(points);
  if (slope === undefined) return { kind: 'failed', reason: 'Quality does not fall where the CRF rises.' };
  const wanted = best.crf + Math.min(Math.max(best.error / slope, -MAX_STEP), MAX_STEP);
  const crf = within(wanted);
  const known = points.find((point) => point.crf === crf);
  const expected = target.value + (known?.error ?? best.error - (crf - best.crf) * slope);
  if (known || probes.length >= MAX_PROBES || Math.abs(best.error) <= CLOSE_ENOUGH_DB) {
    // The nearest probe was really encoded: it is taken unless the line promises better.
    const probed = Math.abs(best.error) <= CLOSE_ENOUGH_DB;
    return { kind: 'found', crf: probed ? best.crf : crf, expected: probed ? target.value + best.error : expected };
  }
  return { kind: 'probe', crf };
}

/** dB that one step of CRF costs between the two probes that are nearest to the target; undefined where it costs none. */
function slopeOf(points: readonly { crf: number; error: number }[]): number | undefined {
  const [a, ...others] = points;
  const b = others.find(({ crf }) => crf !== a?.crf);
  if (!a || !b) return USUAL_DB_PER_CRF;
  const slope = (a.error - b.error) / (b.crf - a.crf);
  return slope > 0 ? slope : undefined;
}
