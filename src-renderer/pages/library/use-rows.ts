import { useQueries } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { call } from '../../lib/transport.ts';
import { queries } from '../../store/queries.ts';
import type { View } from './view.ts';

/** Rows asked for at a time. */
const PAGE = 100;
/** The most rows that a range may select by name; more are selected by the filter. */
const MAX_RANGE = 10_000;

const pageQuery = ({ filter, sort, descending }: View, page: number) => ({
  queryKey: ['file.page', { filter, sort, descending, page }],
  queryFn: () => call('file.page', { filter, sort, descending, offset: page * PAGE, limit: PAGE }),
});

interface Shown {
  view: View;
  /** The page that `data` begins with. */
  from: number;
  data: (FileView[] | undefined)[];
}

/** The rows of a view, of which only the visible pages are fetched and kept. */
export function useRows(view: View, first: number, last: number) {
  const start = Math.floor(first / PAGE);
  const pages = Array.from({ length: Math.floor(last / PAGE) - start + 1 }, (_, i) => start + i);
  const results = useQueries({ queries: pages.map((page) => pageQuery(view, page)) });
  const failed = results.find((result) => result.error);
  const shown = useRef<Shown>({ view, from: start, data: [] });
  // In another order or filter the rows of the last one stay until all of theirs are there; nothing flashes in between.
  if (shown.current.view === view || results.every((result) => result.data))
    shown.current = { view, from: start, data: results.map((result) => result.data?.files) };
  const { from, data } = shown.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the dependencies are the pages, one by one
  const files = useMemo(() => data.flatMap((page) => page ?? []), data);
  const fileAt = useCallback(
    (index: number): FileView | undefined => data[Math.floor(index / PAGE) - from]?.[index % PAGE],
    [data, from],
  );
  return {
    files,
    fileAt,
    /** True while the rows are still those of the view before. */
    outdated: shown.current.view !== view,
    error: failed?.error ?? null,
    retry: () => results.forEach((result) => void result.refetch()),
  };
}

/** The ids of the rows from one place to another, both included, also of those that were never shown. */
export async function idsBetween(view: View, one: number, other: number): Promise<number[]> {
  const [first, last] = one < other ? [one, other] : [other, one];
  const ids: number[] = [];
  for (let page = Math.floor(first / PAGE); page * PAGE <= last && ids.length < MAX_RANGE; page++) {
    const { files } = await queries.fetchQuery(pageQuery(view, page));
    ids.push(...files.filter((_, i) => page * PAGE + i >= first && page * PAGE + i <= last).map(({ id }) => id));
  }
  return ids.slice(0, MAX_RANGE);
}
