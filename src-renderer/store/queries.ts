import { notifications } from '@mantine/notifications';
import { keepPreviousData, QueryClient, useMutation, useQuery } from '@tanstack/react-query';
import { EVENTS, eventsWhere } from '../../src-shared/contract/events.ts';
import type { FileView } from '../../src-shared/contract/file-view.ts';
import type { CallName, Input, Live, Output } from '../../src-shared/contract/index.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { call, on, onConnection } from '../lib/transport.ts';
import { onFiles, useLive } from './live.ts';
import { untilShown } from './until-shown.ts';

/** Cached answers. The master's events, not a timer, invalidate them. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 60_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** Lists are refetched at most this often, in ms: a busy master changes files many times a second. */
const REFETCH_MS = 1000;

/** Marks the rows of a list that keep their places under the pointer. */
export const KEEPS_ROWS = 'data-keeps-rows';

/** True while the pointer is over such rows. A finger leaves `:hover` behind, so it doesn't count. */
const isPointingAtRows = (): boolean =>
  window.matchMedia('(hover: hover)').matches && document.querySelector(`[${KEEPS_ROWS}]:hover`) !== null;

let waiting = false;

function scheduleRefetch(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    for (const name of EVENTS.file.invalidates ?? []) {
      if (name === 'file.page') refetchRows();
      else queries.invalidateQueries({ queryKey: [name] });
    }
  }, REFETCH_MS);
}

let rowsTimer: ReturnType<typeof setTimeout> | undefined;

/** Refetches the rows of lists, once they can't move away under the pointer anymore; until then their content is patched. */
function refetchRows(): void {
  clearTimeout(rowsTimer);
  if (isPointingAtRows()) rowsTimer = setTimeout(refetchRows, REFETCH_MS);
  else queries.invalidateQueries({ queryKey: ['file.page'] });
}

/** Updates changed files in every cached list, without refetching. */
function patchFiles(files: FileView[]): void {
  const changed = new Map(files.map((file) => [file.id, file]));
  queries.setQueriesData<{ files: FileView[] }>({ queryKey: ['file.page'] }, (page) =>
    page?.files.some(({ id }) => changed.has(id))
      ? { ...page, files: page.files.map((file) => changed.get(file.id) ?? file) }
      : page,
  );
}

/** Updates changed files in the details that are shown; their plan and attempts are refetched later. */
function patchDetails(files: FileView[]): void {
  for (const file of files)
    queries.setQueryData<Output<'file.get'>>(['file.get', { file: file.id }], (known) => known && { ...known, file });
}

/** Keeps the cached answers current by the master's events. */
export function subscribeToChanges(): void {
  onFiles((files) => {
    patchFiles(files);
    patchDetails(files);
    scheduleRefetch();
  });
  on('notice', ({ level, text }) => notifications.show({ message: text, ...(level === 'warn' && WARNING) }));
  for (const event of eventsWhere(({ audience, invalidates }) => audience === 'users' && invalidates !== undefined)) {
    on(event, () => {
      for (const name of EVENTS[event].invalidates ?? []) queries.invalidateQueries({ queryKey: [name] });
    });
  }
  onConnection((connection) => {
    // Answers from before the disconnection may be out of date.
    if (connection === 'online') queries.invalidateQueries();
    if (connection === 'signed-out') queries.clear();
  });
}

interface Options {
  enabled?: boolean;
  /** Shows the previous answer while a new input is loading. */
  keep?: boolean;
}

/** Makes a reading call, and repeats it when an event invalidates the answer. */
export function useCall<N extends CallName>(name: N, input: Input<N>, { enabled = true, keep = false }: Options = {}) {
  return useQuery<Output<N>>({
    queryKey: [name, input],
    queryFn: () => call(name, input),
    enabled,
    ...(keep && { placeholderData: keepPreviousData as never }),
  });
}

/** Look of warnings. */
const WARNING = { color: 'yellow', autoClose: 10_000 };

/** Shows an error as a notification. */
export function notifyError(error: unknown): void {
  notifications.show({ color: 'red', title: 'Something went wrong', message: messageOf(error), autoClose: 10_000 });
}

/** Shows a notification. */
export function notify(message: string): void {
  notifications.show({ message });
}

/**
 * Makes a changing call. Shows an error as a notification; `changes` names the calls whose answers become stale.
 * @param shown - how the live state tells that it is done; until it does, the action is pending, so that its button doesn't
 *   offer the same once more between the answer and the event
 */
export function useAction<N extends CallName>(name: N, changes: CallName[] = [], shown?: (live: Live) => boolean) {
  return useMutation<Output<N>, unknown, Input<N>>({
    mutationFn: (input) => call(name, input),
    onError: notifyError,
    onSuccess: async () => {
      await Promise.all(changes.map((changed) => queries.invalidateQueries({ queryKey: [changed] })));
      if (shown) await untilShown(useLive, ({ summary }) => summary === null || shown(summary));
    },
  });
}
