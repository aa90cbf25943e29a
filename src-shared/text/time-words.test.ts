import { describe, expect, it } from 'vitest';
import { dayOfYear, endsAt, fullDay, fullTime, hourOfWeek, pauseChoices } from './time-words.ts';

const EVENING = new Date(2026, 10, 20, 23, 30, 0);

describe('pauses with an end', () => {
  it('end in an hour, or tomorrow morning', () => {
    const [hour, morning] = pauseChoices(EVENING);
    expect(hour?.until).toBe(EVENING.getTime() + 3_600_000);
    expect(new Date(morning?.until ?? 0)).toEqual(new Date(2026, 10, 21, 6, 0, 0));
    expect(morning?.label).toBe('Until tomorrow at 06:00');
  });

  it('end on the same morning after midnight', () => {
    const at = (hours: number, minutes: number) => pauseChoices(new Date(2026, 10, 20, hours, minutes))[1];
    expect(at(0, 9)).toEqual({ id: 'morning', label: 'Until 06:00', until: new Date(2026, 10, 20, 6).getTime() });
    expect(at(5, 59)?.label).toBe('Until 06:00');
    expect(at(6, 0)?.label).toBe('Until tomorrow at 06:00');
  });

  it('name the day where it is another one', () => {
    const at = (hours: number) => endsAt(EVENING.getTime() + hours * 3_600_000, EVENING);
    expect(at(0.25)).toBe('23:45');
    expect(at(1)).toBe('tomorrow at 00:30');
    expect(at(72)).toBe('November 23 at 23:30');
    expect(at(365 * 24)).toBe('November 20, 2027 at 23:30');
  });
});

it('times are American, with hours up to 24', () => {
  const time = EVENING.getTime();
  expect([fullDay(time), fullTime(time)]).toEqual(['Friday, November 20, 2026', 'Nov 20, 2026, 23:30']);
  expect([hourOfWeek(time), hourOfWeek(new Date(2026, 10, 20).getTime())]).toEqual(['Fri 23:30', 'Fri 00:00']);
  expect(dayOfYear(Date.UTC(2026, 10, 20))).toBe('Nov 20');
});
