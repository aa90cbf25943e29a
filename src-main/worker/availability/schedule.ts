import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';

const DAYS = 7;

/** True when work may be taken at this time of this computer's clock; no schedule allows all. */
export function isWithin(schedule: WorkerSettings['schedule'], at: Date): boolean {
  if (!schedule || schedule.length === 0) return true;
  const day = at.getDay();
  const time = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  const yesterday = (day + DAYS - 1) % DAYS;
  return schedule.some(({ days, from, to }) =>
    from < to
      ? days.includes(day) && time >= from && time < to
      : // Over midnight: the evening of one of the days, or the morning after it.
        (days.includes(day) && time >= from) || (days.includes(yesterday) && time < to),
  );
}
