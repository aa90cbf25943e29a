import type { RunningView, Stage } from './lease.ts';

/** Seconds that each stage took, of some conversions together. */
export type StageSeconds = Partial<Record<Stage, number>>;

/** The stages that a user follows, in their order, with those of a lease that each stands for. */
const SEGMENTS = {
  fetch: ['fetching'],
  analyze: ['preparing'],
  encode: ['encoding'],
  deliver: ['uploading', 'staging'],
  verify: ['checking'],
  replace: ['replacing'],
} as const satisfies Record<string, readonly Stage[]>;
export type SegmentName = keyof typeof SEGMENTS;
const NAMES = Object.keys(SEGMENTS) as SegmentName[];

/**
 * Shares of the time until there is a history: encoding takes most of it, and a verification, which decodes both sides, about a
 * fifth (the conversions of docs/benchmarks.md). A master with a history uses its own.
 */
const USUAL: Record<SegmentName, number> = {
  fetch: 0.04,
  analyze: 0.03,
  encode: 0.7,
  deliver: 0.03,
  verify: 0.19,
  replace: 0.01,
};
/** A segment is never too narrow to be seen. */
const MIN_WEIGHT = 0.02;

/** One part of a conversion. */
export interface Segment {
  name: SegmentName;
  /** Share of the whole, 0 to 1; those of a conversion add up to 1. */
  weight: number;
  /** How much of it is done, 0 to 1. */
  done: number;
  /** It is under way, and how far is not known. */
  unknown: boolean;
  active: boolean;
}

const segmentOf = (stage: Stage): number =>
  NAMES.findIndex((name) => (SEGMENTS[name] as readonly Stage[]).includes(stage));

/**
 * Returns the parts of a running conversion.
 * @param seconds of the latest conversions; empty before the first
 * @param local the worker is the master's own computer, which neither fetches nor uploads
 */
export function segmentsOf(
  { progress, delivered }: Pick<RunningView, 'progress' | 'delivered'>,
  seconds: StageSeconds,
  local: boolean,
): Segment[] {
  const now = segmentOf(progress.stage);
  const names = NAMES.filter((name, index) => index === now || !local || name !== 'fetch');
  const took = (name: SegmentName) => SEGMENTS[name].reduce((sum, stage) => sum + (seconds[stage] ?? 0), 0);
  const all = names.reduce((sum, name) => sum + took(name), 0);
  const raw = names.map((name) => Math.max(MIN_WEIGHT, all > 0 ? took(name) / all : USUAL[name]));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return names.map((name, index) => {
    const at = NAMES.indexOf(name);
    // A result that the master has received is delivered, even if no later stage has begun.
    const isOver = at < now || (at === now && delivered === true && name === 'deliver');
    const active = at === now && !isOver;
    const share = active ? progress.share : undefined;
    return {
      name,
      weight: (raw[index] ?? 0) / sum,
      done: isOver ? 1 : (share ?? 0),
      unknown: active && share === undefined,
      active,
    };
  });
}

/** Returns how far a conversion is over all its stages, 0 to 1. */
export const overallShare = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { weight, done }) => sum + weight * done, 0);

/**
 * Returns how far running conversions are together, each over all its stages: the mean of their shares, 0 to 1; null without any.
 * @param isLocal true for a conversion on the master's own computer
 */
export function meanShare<T extends Pick<RunningView, 'progress' | 'delivered'>>(
  running: readonly T[],
  seconds: StageSeconds,
  isLocal: (task: T) => boolean,
): number | null {
  if (running.length === 0) return null;
  const shares = running.map((task) => overallShare(segmentsOf(task, seconds, isLocal(task))));
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Before this share of a conversion its elapsed time says little about the rest. */
const MIN_SHARE = 0.05;

/**
 * Returns the seconds until a conversion ends, all its stages included; undefined while that can't be foretold.
 * @param elapsed seconds since it began
 */
export function secondsLeft(
  { progress }: Pick<RunningView, 'progress'>,
  segments: readonly Segment[],
  elapsed: number | undefined,
): number | undefined {
  const overall = overallShare(segments);
  const encode = segments.find(({ name }) => name === 'encode');
  if (progress.stage === 'encoding' && progress.eta !== undefined && encode && encode.done < 1)
    return (progress.eta / (1 - encode.done) / encode.weight) * (1 - overall);
  if (elapsed === undefined || overall < MIN_SHARE || progress.stage === 'encoding') return undefined;
  return (elapsed / overall) * (1 - overall);
}
