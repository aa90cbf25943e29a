const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A size in bytes as three significant decimal figures: `1.24 GB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${bytes < 0 ? '−' : ''}${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A duration in seconds in words: `807 days`, `2 h 14 min`, `3 min 5 s`, `8 s`. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const days = Math.floor(s / 86_400);
  const hours = Math.floor((s % 86_400) / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  // Beyond ten days, hours say nothing.
  if (days >= 10) return `${days.toLocaleString('en')} days`;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${s % 60} s`;
  return `${s} s`;
}

/** The share of its source that a result saves: `41%`. */
export function savedPercent(before: number, after: number): string {
  return `${before > 0 ? Math.round((100 * (before - after)) / before) : 0}%`;
}

/** Saving of a result compared to its source, as size and percent: `−812 MB, 41%`. */
export function formatSaving(before: number, after: number): string {
  return `${formatBytes(after - before)}, ${savedPercent(before, after)}`;
}

/** `1 file`, `2 files`; `plural` when an s does not suffice. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? noun : plural}`;
}
