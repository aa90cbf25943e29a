/** The sentences are American English, so the days in them are too; hours count to 24, as those that the user sets do. */
const LOCALE = 'en-US-u-hc-h23';

/** A day in full: `Friday, November 20, 2026`. */
export const fullDay = (time: number): string => new Date(time).toLocaleDateString(LOCALE, { dateStyle: 'full' });

/** A time in full: `Nov 20, 2026, 23:30`. */
export const fullTime = (time: number): string =>
  new Date(time).toLocaleString(LOCALE, { dateStyle: 'medium', timeStyle: 'short' });

/** An hour of a week: `Fri 23:30`. */
export const hourOfWeek = (time: number): string =>
  `${new Date(time).toLocaleDateString(LOCALE, { weekday: 'short' })} ${clockOf(new Date(time))}`;

/** A day of a year, in UTC: `Nov 20`. */
export const dayOfYear = (time: number): string =>
  new Date(time).toLocaleDateString(LOCALE, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `about 3 h`, rounded as coarsely as an estimate deserves; `estimating` without one. */
export function about(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return 'estimating';
  if (seconds < 90) return 'about a minute';
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `about ${Math.round(seconds / 3600)} h`;
  return `about ${Math.round(seconds / 86_400)} days`;
}

/** When something ends that takes this long from now: `today around 14:00`, `on Friday`. */
export function formatEndTime(seconds: number, now = new Date()): string {
  const end = new Date(now.getTime() + seconds * 1000);
  // An estimate pretends to no more than half an hour.
  end.setMinutes(end.getMinutes() < 15 ? 0 : end.getMinutes() < 45 ? 30 : 60, 0, 0);
  const days = daysBetween(now, end);
  const clock = clockOf(end);
  if (seconds < 600 || end <= now) return 'in a few minutes';
  if (days === 0) return `today around ${clock}`;
  if (days === 1) return `tomorrow around ${clock}`;
  if (days < 7) return `on ${end.toLocaleDateString(LOCALE, { weekday: 'long' })}`;
  return `around ${end.toLocaleDateString(LOCALE, { day: 'numeric', month: 'long', year: 'numeric' })}`;
}

/** Beyond this many days a date needs its year. */
const MAX_DAYS_WITHOUT_YEAR = 300;

/** When something ends that the user has set, exactly: `15:30`, `tomorrow at 06:00`. */
export function endsAt(time: number, now = new Date()): string {
  const end = new Date(time);
  const days = daysBetween(now, end);
  if (days === 0) return clockOf(end);
  const year = days > MAX_DAYS_WITHOUT_YEAR && ({ year: 'numeric' } as const);
  const day = days === 1 ? 'tomorrow' : end.toLocaleDateString(LOCALE, { day: 'numeric', month: 'long', ...year });
  return `${day} at ${clockOf(end)}`;
}

const clockOf = (date: Date) => date.toLocaleTimeString(LOCALE, { hour: '2-digit', minute: '2-digit' });
const startOfDay = (date: Date) => new Date(date).setHours(0, 0, 0, 0);
const daysBetween = (from: Date, to: Date) => Math.round((startOfDay(to) - startOfDay(from)) / 86_400_000);

const HOUR_MS = 3_600_000;
/** A pause until the morning leaves the evening and the night to the computer's user: it ends at this hour. */
const MORNING = 6;

/** A pause with an end, as one click offers it. */
export interface PauseChoice {
  id: 'hour' | 'morning';
  label: string;
  /** In ms since 1970. */
  until: number;
}

/** The pauses that are offered now. */
export function pauseChoices(now = new Date()): PauseChoice[] {
  // After midnight, the morning that people mean is that of the same day.
  const days = now.getHours() < MORNING ? 0 : 1;
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING).getTime();
  const hour = now.getTime() + HOUR_MS;
  return [
    { id: 'hour', label: 'For 1 hour', until: hour },
    { id: 'morning', label: `Until ${endsAt(morning, now)}`, until: morning },
  ];
}
