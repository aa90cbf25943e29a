import type { FileOrder } from '../../src-shared/settings.ts';

/** What each order of the queue sorts by, in the table of files as in that of jobs. */
export const SORTED = {
  oldest: ['mtime', 'ASC'],
  newest: ['mtime', 'DESC'],
  largest: ['size', 'DESC'],
  smallest: ['size', 'ASC'],
} as const satisfies Record<FileOrder, [string, string]>;

/** SQL for such an order; what is alike in it goes by its number. */
export function orderBy(order: FileOrder): string {
  const [column, direction] = SORTED[order];
  return `${column} ${direction}, id ${direction}`;
}
