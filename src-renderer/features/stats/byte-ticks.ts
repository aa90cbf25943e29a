/** Ticks that an axis aims at. */
const TICKS = 4;
const UNIT = 1000;

/** Returns round ticks for an axis of bytes from 0 to at least `max`: steps of 1, 2, or 5 times a power of ten. */
export function byteTicks(max: number): number[] {
  if (!(max > 0)) return [0, UNIT];
  const raw = max / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw;
  const count = Math.ceil(max / step);
  return Array.from({ length: count + 1 }, (_, n) => Math.round(n * step * 1000) / 1000);
}
