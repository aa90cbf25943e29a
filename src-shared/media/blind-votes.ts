import { z } from 'zod';
import { QUALITIES, type QualityChoice } from './quality-target.ts';

/** Which of two pictures looked better, said without knowing which one is the result. */
export const VERDICTS = ['source', 'result', 'same'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Votes of blind comparisons, and the quality that they suggest. */
export const BlindVotes = z.object({
  source: z.int().nonnegative(),
  result: z.int().nonnegative(),
  same: z.int().nonnegative(),
  /** The quality that is asked for, whose results these votes are about. */
  quality: z.enum(QUALITIES),
  /** Null where the votes speak for the quality that is asked for, or are too few. */
  suggestion: z.enum(QUALITIES).nullable(),
});
export type BlindVotes = z.infer<typeof BlindVotes>;

/** Fewer say nothing of a quality. */
export const MIN_VOTES = 5;
/** Shares of the votes in which the source was really recognized, from which on results look too bad, and up to which too much is spent. */
const [CLEARLY_SEEN, HARDLY_SEEN] = [0.4, 0.1];

/** From the best to the smallest. */
const TARGETED: QualityChoice[] = QUALITIES.filter((choice) => choice !== 'table');

/**
 * Returns the quality that votes suggest. Those who guess take the result for the source as often as they are right, so wrong votes
 * are taken off the right ones (the correction for guessing of two-alternative tests).
 * @returns null where the votes are fewer than {@link MIN_VOTES}, suggest no other quality, or none is asked for
 */
export function suggestQuality(
  { source, result, same }: Pick<BlindVotes, Verdict>,
  quality: QualityChoice,
): QualityChoice | null {
  const votes = source + result + same;
  const place = TARGETED.indexOf(quality);
  if (votes < MIN_VOTES || place < 0) return null;
  const seen = (source - result) / votes;
  if (seen >= CLEARLY_SEEN) return TARGETED[place - 1] ?? null;
  return seen <= HARDLY_SEEN ? (TARGETED[place + 1] ?? null) : null;
}
