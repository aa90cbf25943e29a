import type { FileOrder } from '../../src-shared/settings/settings.ts';

/** What each order of the queue sorts jobs by. */
export const SORTED = {
  gain: ['gain', 'DESC'],
  oldest: ['mtime', 'ASC'],
  newest: ['mtime', 'DESC'],
  largest: ['size', 'DESC'],
  smallest: ['size', 'ASC'],
} as const satisfies Record<FileOrder, [string, string]>;

/** SQL for the order of jobs; what is alike in it goes by its number. */
export function orderBy(order: FileOrder): string {
  const [column, direction] = SORTED[order];
  return `${column} ${direction}, id ${direction}`;
}

/** The same for files that were not analyzed yet, of which only the size says what they may save. */
export function orderFoundBy(order: FileOrder): string {
  return orderBy(order === 'gain' ? 'largest' : order);
}

/**
 * SQL for what the order `gain` sorts by, from columns of the table of files: bytes that a conversion is expected to save, for each unit of
 * effort; 0 where nothing is known.
 */
export const GAIN = 'coalesce((size - expected) / nullif(effort, 0), 0)';
