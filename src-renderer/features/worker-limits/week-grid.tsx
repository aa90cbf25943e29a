import { Button, Group, Stack, Text } from '@mantine/core';
import { type KeyboardEvent, useRef, useState } from 'react';
import { fromWeek, stepOf, toWeek } from '../../../src-shared/fleet/week.ts';
import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import classes from './week-grid.module.css';

type Schedule = NonNullable<WorkerSettings['schedule']>;

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const FULL_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** Weeks are shown from Monday. */
const ORDER = [1, 2, 3, 4, 5, 6, 0];
/** Hours that are labeled, six apart. */
const LABELED = [0, 6, 12, 18];

const ALL = [0, 1, 2, 3, 4, 5, 6];
const PRESETS: [label: string, schedule: Schedule][] = [
  ['Nights', [{ days: ALL, from: '22:00', to: '07:00' }]],
  [
    'Nights and weekends',
    [
      { days: [1, 2, 3, 4, 5], from: '22:00', to: '07:00' },
      { days: [0, 6], from: '00:00', to: '00:00' },
    ],
  ],
];

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

const daysText = (days: number[]) => (days.length === 7 ? 'Every day' : days.map((day) => DAYS[day]).join(', '));

/** A week to paint the hours in during which a computer works: with the pointer, or with arrow keys and Space. */
export function WeekGrid({ schedule, change }: { schedule: Schedule; change: (schedule: Schedule) => void }) {
  const step = stepOf(schedule);
  const week = toWeek(schedule, step);
  /** What the pointer paints while it is held down. */
  const paint = useRef<boolean | null>(null);
  const grid = useRef<HTMLTableElement>(null);
  const [focused, setFocused] = useState<[day: number, cell: number]>([1, 0]);
  const columns = 1440 / step;

  const set = (day: number, cell: number, on: boolean) => {
    if (week[day]?.[cell] === on) return;
    const next = fromWeek(
      week.map((cells, d) => cells.map((was, c) => (d === day && c === cell ? on : was))),
      step,
    );
    // A schedule without any hours would be none at all.
    if (next.length > 0) change(next);
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!by) return;
    event.preventDefault();
    const row = ORDER.indexOf(focused[0]) + (by[0] ?? 0);
    const day = ORDER[(row + 7) % 7] ?? 1;
    const cell = (focused[1] + (by[1] ?? 0) + columns) % columns;
    setFocused([day, cell]);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${day}-${cell}"]`)?.focus();
  };
  const cellAt = (x: number, y: number) =>
    document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-cell]')?.dataset.cell?.split('-').map(Number);

  return (
    <Stack gap="xs">
      <table
        ref={grid}
        className={classes.grid}
        aria-label="Working hours"
        onKeyDown={move}
        onPointerDown={(event) => {
          const [day = -1, cell = -1] = cellAt(event.clientX, event.clientY) ?? [];
          if (day < 0) return;
          paint.current = !week[day]?.[cell];
          set(day, cell, paint.current);
        }}
        onPointerMove={(event) => {
          const [day = -1, cell = -1] = (paint.current !== null && cellAt(event.clientX, event.clientY)) || [];
          if (day >= 0 && paint.current !== null) set(day, cell, paint.current);
        }}
        onPointerUp={() => {
          paint.current = null;
        }}
        onPointerLeave={() => {
          paint.current = null;
        }}
      >
        <thead>
          <tr>
            <th aria-label="Day" style={{ width: 36 }} />
            {LABELED.map((hour) => (
              <th key={hour} scope="col" colSpan={360 / step}>
                {clock(hour * 60)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ORDER.map((day) => (
            <tr key={day}>
              <th scope="row">{DAYS[day]}</th>
              {week[day]?.map((on, cell) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their position
                <td key={cell}>
                  <button
                    type="button"
                    aria-pressed={on}
                    aria-label={`${FULL_DAYS[day]} ${clock(cell * step)}`}
                    className={classes.cell}
                    data-cell={`${day}-${cell}`}
                    tabIndex={focused[0] === day && focused[1] === cell ? 0 : -1}
                    onFocus={() => setFocused([day, cell])}
                    // The pointer has painted already; keys come here without one.
                    onClick={(event) => event.detail === 0 && set(day, cell, !on)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Text size="xs" c="dimmed" role="status">
        {schedule.map(({ days, from, to }) => `${daysText(days)} ${from} to ${to}`).join('; ')}
      </Text>
      <Group gap="xs">
        {PRESETS.map(([label, preset]) => (
          <Button key={label} variant="default" size="compact-sm" onClick={() => change(preset)}>
            {label}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
