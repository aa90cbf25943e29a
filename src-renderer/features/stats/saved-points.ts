import type { Output } from '../../../src-shared/contract/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More points than a screen has room for help no one. */
const MAX_POINTS = 366;

/** Days back from now that a chart can show, by the name of the choice; null shows all. */
export const RANGES = { '7 days': 7, '30 days': 30, '1 year': 365, All: null } as const;
export type Range = keyof typeof RANGES;

/** Bytes saved up to the end of a period, which begins at `time`, in ms since 1970. */
export interface SavedPoint {
  time: number;
  saved: number;
}

/** What is saved over time, in periods of one length. */
export interface SavedPoints {
  /** Days begin at midnight in UTC, whatever the time zone of the master was; hours are moments. */
  unit: 'hour' | 'day';
  points: SavedPoint[];
}

/**
 * Returns how much was saved up to the end of each hour in the first week, and later of each day: days alone would show a first
 * evening as a single step.
 * @param range what is saved before it counts, but isn't shown
 */
export function savedPoints(
  { byHour, byDay }: Pick<Output<'stats.get'>, 'byHour' | 'byDay'>,
  range: Range = 'All',
): SavedPoints {
  const saving = (time: number, { sourceBytes, resultBytes }: { sourceBytes: number; resultBytes: number }) =>
    [time, sourceBytes - resultBytes] as const;
  if (byHour.length > 0) {
    return {
      unit: 'hour',
      points: accumulate(
        byHour.map((one) => saving(one.hour, one)),
        HOUR_MS,
        range,
      ),
    };
  }
  return {
    unit: 'day',
    points: accumulate(
      byDay.map((one) => saving(Date.parse(one.day), one)),
      DAY_MS,
      range,
    ),
  };
}

/** Adds up, over periods without a video too, from the period before the first one, which shows where it began, until now. */
function accumulate(savings: (readonly [time: number, bytes: number])[], period: number, range: Range): SavedPoint[] {
  const [first] = savings;
  if (!first) return [];
  const added = new Map(savings);
  const end = Math.max(savings.at(-1)?.[0] ?? 0, Date.now());
  const points: SavedPoint[] = [];
  let saved = 0;
  for (let time = first[0] - period; time <= end; time += period) {
    saved += added.get(time) ?? 0;
    points.push({ time, saved });
  }
  const days = RANGES[range];
  const shown = days === null ? points : points.filter(({ time }) => time >= end - days * DAY_MS - period);
  const step = Math.ceil(shown.length / MAX_POINTS);
  // Counted from the end: the last point is what is saved now.
  return shown.filter((_, n) => (shown.length - 1 - n) % step === 0);
}
