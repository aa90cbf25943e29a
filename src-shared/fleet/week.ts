import type { WorkerSettings } from './worker-info.ts';

type Schedule = NonNullable<WorkerSettings['schedule']>;

const DAY_MINUTES = 1440;
/** Minutes that a cell of the grid may stand for: the coarsest that shows a schedule as it is. */
const STEPS = [60, 30, 15];

/** For each day of a week, Sunday first, whether each of its cells is set. */
export type Week = boolean[][];

const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
const clockOf = (minutes: number) =>
  `${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Returns the minutes of a cell in which a schedule fits: an hour, unless its times need less. */
export function stepOf(schedule: Schedule): number {
  const times = schedule.flatMap(({ from, to }) => [minutesOf(from), minutesOf(to)]);
  return STEPS.find((step) => times.every((minutes) => minutes % step === 0)) ?? 15;
}

/** Returns the cells of a schedule, of `step` minutes each. */
export function toWeek(schedule: Schedule, step: number): Week {
  const week: Week = Array.from({ length: 7 }, () => Array.from({ length: DAY_MINUTES / step }, () => false));
  for (const { days, from, to } of schedule) {
    const [start, end] = [Math.floor(minutesOf(from) / step), Math.ceil(minutesOf(to) / step)];
    for (const day of days) {
      const overnight = minutesOf(to) <= minutesOf(from);
      week[day]?.fill(true, start, overnight ? undefined : end);
      if (overnight) week[(day + 1) % 7]?.fill(true, 0, end);
    }
  }
  return week;
}

/** The times of one day as pairs of minutes, in order. */
function rangesOf(cells: boolean[], step: number): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const [i, on] of cells.entries()) {
    if (!on) continue;
    const last = ranges.at(-1);
    if (last?.[1] === i * step) last[1] = (i + 1) * step;
    else ranges.push([i * step, (i + 1) * step]);
  }
  return ranges;
}

/**
 * Returns the schedule of some cells: days with the same times together, and a night as one entry.
 * @returns an empty list when no cell is set
 */
export function fromWeek(week: Week, step: number): Schedule {
  const days = week.map((cells) => rangesOf(cells, step));
  const entries = new Map<string, Schedule[number]>();
  const add = (day: number, from: number, to: number) => {
    const [first, last] = [clockOf(from), clockOf(to)];
    const entry = entries.get(`${first} ${last}`) ?? { days: [], from: first, to: last };
    entry.days.push(day);
    entries.set(`${first} ${last}`, entry);
  };
  const isWhole = ([from, to]: [number, number]) => from === 0 && to === DAY_MINUTES;
  /** End of the night that begins on a day and continues into the next one. */
  const nightEnd = (day: number): number | undefined => {
    const [evening, morning] = [days[day]?.at(-1), days[(day + 1) % 7]?.[0]];
    const joins = evening?.[1] === DAY_MINUTES && morning?.[0] === 0 && !isWhole(evening) && !isWhole(morning);
    return joins && morning[1] <= evening[0] ? morning[1] : undefined;
  };
  for (const [day, ranges] of days.entries()) {
    for (const range of ranges) {
      const [from, to] = range;
      if (from === 0 && !isWhole(range) && nightEnd((day + 6) % 7) !== undefined) continue;
      add(day, from, to === DAY_MINUTES && from > 0 ? (nightEnd(day) ?? 0) : to % DAY_MINUTES);
    }
  }
  return [...entries.values()];
}
