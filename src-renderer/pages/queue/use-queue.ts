import { useQueries } from '@tanstack/react-query';
import { useRef } from 'react';
import type { QueuedView } from '../../../src-shared/contract/file-view.ts';
import { call } from '../../lib/transport.ts';

/** Rows asked for at a time. */
const PAGE = 100;

/** The part of the queue that is in sight; the rest is fetched when it comes into sight. */
export function useQueue(search: string, first: number, last: number) {
  const start = Math.floor(first / PAGE);
  const pages = Array.from({ length: Math.floor(last / PAGE) - start + 1 }, (_, i) => start + i);
  const results = useQueries({
    queries: pages.map((page) => {
      const input = { ...(search && { search }), offset: page * PAGE, limit: PAGE };
      return { queryKey: ['queue.list', input], queryFn: () => call('queue.list', input) };
    }),
  });
  const known = useRef(new Map<number, QueuedView[]>());
  const asked = useRef(search);
  // Rows of another search say nothing about this one.
  if (asked.current !== search) known.current = new Map();
  asked.current = search;
  for (const [i, page] of pages.entries()) {
    const files = results[i]?.data?.files;
    if (files) known.current.set(page, files);
  }
  return {
    fileAt: (index: number): QueuedView | undefined => known.current.get(Math.floor(index / PAGE))?.[index % PAGE],
    total: results.find(({ data }) => data)?.data?.total,
    error: results.find(({ error }) => error)?.error ?? null,
    retry: () => results.forEach((result) => void result.refetch()),
  };
}
