import type { Output } from '../../../src-shared/contract.ts';

const DAY_MS = 86_400_000;
/** More points than a screen has room for help nobody. */
const MOST_DAYS = 366;
/** Fewer make no picture. */
const FEWEST_DAYS = 6;

/** Bytes saved up to the end of each day, the days without a film included. */
export function savedByDay(byDay: Output<'stats.get'>['byDay']): { day: string; saved: number }[] {
  const [first] = byDay;
  if (!first) return [];
  const added = new Map(byDay.map(({ day, sourceBytes, resultBytes }) => [day, sourceBytes - resultBytes]));
  const end = Math.max(Date.parse(byDay.at(-1)?.day ?? first.day), Date.now());
  const points: { day: string; saved: number }[] = [];
  let saved = 0;
  // The days before the first one show where it began.
  const start = Math.min(Date.parse(first.day) - DAY_MS, end - FEWEST_DAYS * DAY_MS);
  for (let time = start; time <= end; time += DAY_MS) {
    const day = new Date(time).toISOString().slice(0, 10);
    saved += added.get(day) ?? 0;
    points.push({ day, saved });
  }
  return points.slice(-MOST_DAYS);
}
