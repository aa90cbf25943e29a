import { notifications } from '@mantine/notifications';
import { keepPreviousData, QueryClient, useMutation, useQuery } from '@tanstack/react-query';
import type { CallName, Input, Output } from '../../src-shared/contract.ts';
import { messageOf } from '../../src-shared/errors.ts';
import type { FileView } from '../../src-shared/file-view.ts';
import { call, on, onConnection } from '../transport.ts';
import { onFiles } from './live.ts';

/** What was asked and answered; the master's events, not the clock, say when to ask again. */
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

/** Answers that change when files do. */
const OF_FILES: CallName[] = [
  'file.page',
  'file.tally',
  'file.get',
  'queue.list',
  'stats.get',
  'vault.list',
  'vault.tally',
  'library.dryRun',
];
/** Answers that change when settings or tables do. */
const OF_SETTINGS: CallName[] = ['settings.get', 'table.get', 'queue.list', 'file.get', 'library.dryRun'];
/** Lists look again at most this often, in ms: a busy master changes files many times a second. */
const LOOK_AGAIN = 1000;

let waiting = false;
let held = false;
let missed = false;

function lookAgainSoon(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    missed = held;
    for (const name of OF_FILES) {
      if (!(held && name === 'file.page')) queries.invalidateQueries({ queryKey: [name] });
    }
  }, LOOK_AGAIN);
}

/** While the pointer is over rows, none of them moves away under it; what they show stays current all the same. */
export function holdLists(hold: boolean): void {
  held = hold;
  if (!hold && missed) {
    missed = false;
    queries.invalidateQueries({ queryKey: ['file.page'] });
  }
}

/** Puts what changed into every list that shows it, at once and in its place. */
function patchFiles(files: FileView[]): void {
  const changed = new Map(files.map((file) => [file.id, file]));
  queries.setQueriesData<{ files: FileView[] }>({ queryKey: ['file.page'] }, (page) =>
    page?.files.some(({ id }) => changed.has(id))
      ? { ...page, files: page.files.map((file) => changed.get(file.id) ?? file) }
      : page,
  );
}

/** Keeps the answers current from now on. */
export function keepAnswersCurrent(): void {
  onFiles((files) => {
    patchFiles(files);
    lookAgainSoon();
  });
  on('notice', ({ level, text }) => notifications.show({ message: text, ...(level === 'warn' && WARNING) }));
  on('settings', () => {
    for (const name of OF_SETTINGS) queries.invalidateQueries({ queryKey: [name] });
  });
  onConnection((connection) => {
    // Whatever was shown before the cut may be old.
    if (connection === 'online') queries.invalidateQueries();
    if (connection === 'outside') queries.clear();
  });
}

interface Options {
  enabled?: boolean;
  /** Shows the answer to the last question until the one to this is there. */
  keep?: boolean;
}

/** Asks the master, and again when something says that the answer has changed. */
export function useCall<N extends CallName>(name: N, input: Input<N>, { enabled = true, keep = false }: Options = {}) {
  return useQuery<Output<N>>({
    queryKey: [name, input],
    queryFn: () => call(name, input),
    enabled,
    ...(keep && { placeholderData: keepPreviousData as never }),
  });
}

/** How notices look that should be read. */
const WARNING = { color: 'yellow', autoClose: 10_000 };

/** Tells the user of something that went wrong, in the sentence of whoever knows. */
export function tellTrouble(error: unknown): void {
  notifications.show({ color: 'red', title: 'That did not work', message: messageOf(error), autoClose: 10_000 });
}

/** Tells the user that something was done. */
export function tell(message: string): void {
  notifications.show({ message });
}

/**
 * Something that the user has the master do. A refusal is told; `changes` names the calls whose answers are others afterwards.
 */
export function useAction<N extends CallName>(name: N, changes: CallName[] = []) {
  return useMutation<Output<N>, unknown, Input<N>>({
    mutationFn: (input) => call(name, input),
    onError: tellTrouble,
    onSuccess: async () => {
      await Promise.all(changes.map((changed) => queries.invalidateQueries({ queryKey: [changed] })));
    },
  });
}
