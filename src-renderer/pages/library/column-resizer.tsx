import type { KeyboardEvent, PointerEvent } from 'react';
import { setColumnWidth } from '../../store/preferences.ts';
import classes from './table.module.css';

/** Limits of a column's width, and what an arrow key changes; in pixels. */
const [MIN, MAX, STEP] = [64, 640, 16];
const within = (width: number) => Math.min(MAX, Math.max(MIN, Math.round(width)));

/** The right edge of a column's heading, by which it is made wider or narrower; a double click resets it. */
export function ColumnResizer({ id, title, width }: { id: string; title: string; width: number }) {
  const cellOf = (handle: Element) => handle.parentElement?.getBoundingClientRect();
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const cell = event.currentTarget.hasPointerCapture(event.pointerId) && cellOf(event.currentTarget);
    if (cell) setColumnWidth(id, within(event.clientX - cell.left));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    const cell = cellOf(event.currentTarget);
    if (step === undefined || !cell) return;
    event.preventDefault();
    event.stopPropagation();
    setColumnWidth(id, within(cell.width + step));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr element cannot be dragged
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${title}`}
      aria-valuenow={width}
      aria-valuemin={MIN}
      aria-valuemax={MAX}
      tabIndex={0}
      className={classes.resizer}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onDoubleClick={() => setColumnWidth(id, null)}
      onKeyDown={onKeyDown}
    />
  );
}
