import type { Lease, Orders, Progress, RunningView } from '../jobs/lease.ts';
import type { CallName } from './calls.ts';
import type { FileChanged, FileView } from './file-view.ts';
import type { MasterView, PairingView, WorkerView } from './fleet-view.ts';
import type { Measuring } from './forecast.ts';
import type { LibraryView } from './libraries.ts';
import type { Live } from './queue.ts';

/** Who receives an event, and what it changes. Servers, the live feed, the desktop, and browsers derive their lists from it. */
interface EventSpec {
  /**
   * - `node`: only parts of the master's own process
   * - `users`: the sockets of all users
   * - `users-without-deltas`: those that don't follow deltas, which carry the same change
   * - `users-with-deltas`: those that do
   */
  audience: 'node' | 'users' | 'users-without-deltas' | 'users-with-deltas';
  /** Parts of the live snapshot that it changes. */
  live?: readonly (keyof Live)[];
  /** True when lists of files changed without the event naming the files. */
  changesLists?: boolean;
  /** Calls whose cached answers it makes stale. */
  invalidates?: readonly CallName[];
}

/** Calls whose answers depend on the state of files. */
const FILE_ANSWERS = [
  'file.page',
  'file.tally',
  'file.folders',
  'file.get',
  'file.estimates',
  'forecast.get',
  'queue.list',
  'stats.get',
  'vault.list',
  'vault.tally',
  'library.dryRun',
  'library.preview',
  'history.list',
] as const satisfies CallName[];

/** Calls whose answers depend on settings or lookup tables. */
const SETTING_ANSWERS = [
  'settings.get',
  'table.get',
  'queue.list',
  'file.get',
  'file.estimates',
  'forecast.get',
  'library.dryRun',
  'library.preview',
  'history.list',
] as const satisfies CallName[];

/** An event with the type of its payload, which exists only for the compiler. */
const event = <Payload>(spec: EventSpec): EventSpec & { payload?: Payload } => spec;

/** Every event of the master, declared once. */
export const EVENTS = {
  /** The state of a file changed. */
  file: event<FileChanged>({
    audience: 'users-without-deltas',
    live: [
      'counts',
      'onHold',
      'damaged',
      'sourceBytes',
      'resultBytes',
      'vaultBytes',
      'recent',
      'running',
      'awaitingCheck',
      'problems',
      'workers',
      'settling',
    ],
    invalidates: FILE_ANSWERS,
  }),
  /** A running task made progress. */
  progress: event<RunningView>({ audience: 'users-without-deltas', live: ['running', 'awaitingCheck'] }),
  /** Work is available: an idle worker asks again. */
  work: event<Record<string, never>>({ audience: 'node' }),
  /** Postponed replacements can be tried again. */
  retry: event<Record<string, never>>({ audience: 'node' }),
  /** Every found file was analyzed. */
  probed: event<Record<string, never>>({ audience: 'node' }),
  /** Nothing is left to do. */
  idle: event<Record<string, never>>({ audience: 'users-without-deltas', live: ['running', 'workers', 'eta'] }),
  /** Originals were deleted from the vault, this many with this many bytes. */
  purged: event<{ purged: number; bytes: number; by: 'time' | 'user' }>({ audience: 'node' }),
  /** Files were added, removed, or moved within the lists without changing their state. */
  listed: event<Record<string, never>>({
    audience: 'node',
    live: ['counts', 'onHold', 'damaged', 'settling', 'recent', 'problems'],
    changesLists: true,
    invalidates: FILE_ANSWERS,
  }),
  /** A library was paused or resumed. */
  library: event<LibraryView>({ audience: 'users-without-deltas', live: ['libraries', 'problems', 'eta', 'onHold'] }),
  /** The queue was paused for this reason, or resumed (null). */
  paused: event<{ reason: string | null }>({
    audience: 'users-without-deltas',
    live: ['paused', 'pausedUntil', 'held', 'problems', 'workers'],
  }),
  /** A worker lost a lease: results under it are discarded. */
  revoked: event<Lease & { worker: string }>({ audience: 'node' }),
  /** The settings or the mode of a worker changed. */
  orders: event<Orders & { worker: string }>({ audience: 'node' }),
  /** A worker connected, disconnected, or changed. */
  worker: event<WorkerView>({ audience: 'users', live: ['workers'] }),
  /** A worker was removed. */
  removed: event<{ worker: string }>({ audience: 'users', live: ['workers'] }),
  /** The session with the master that this computer works for changed. */
  master: event<{ master: MasterView | null }>({ audience: 'node', live: ['master'] }),
  /** The list of computers that ask to become workers changed. */
  pairing: event<{ requests: PairingView[] }>({ audience: 'users', live: ['pairings'] }),
  /** Libraries were added, removed, or taken over, or a scan of one started or ended. */
  libraries: event<Record<string, never>>({
    audience: 'node',
    live: ['libraries', 'scanning', 'problems', 'counts', 'onHold', 'damaged', 'settling'],
    changesLists: true,
    invalidates: FILE_ANSWERS,
  }),
  /**
   * What changed since the previous snapshot or delta, each part complete; a gap in the revisions requires a new snapshot.
   * `files` are the files that changed, unless there were too many; with `many`, lists have to be fetched again.
   */
  delta: event<Partial<Live> & { revision: number; files: FileView[]; many: boolean }>({
    audience: 'users-with-deltas',
  }),
  /** Settings or lookup tables changed. */
  settings: event<Record<string, never>>({ audience: 'users', invalidates: SETTING_ANSWERS }),
  /** The progress of a file's sample. */
  sample: event<{ file: number; progress: Progress }>({ audience: 'users' }),
  /** Samples for the forecast are being encoded, these so far; null: they have ended. */
  forecast: event<{ measuring: Measuring | null }>({
    audience: 'users',
    invalidates: ['forecast.get', 'file.estimates', 'file.get', 'queue.list', 'library.dryRun', 'library.preview'],
  }),
  /** Something that users should know, as one sentence. */
  notice: event<{ level: 'info' | 'warn'; text: string }>({ audience: 'users' }),
};
export type EventName = keyof typeof EVENTS;
/** The payloads of events. */
export type Events = { [E in EventName]: NonNullable<(typeof EVENTS)[E]['payload']> };

/** Publishes an event to all listeners. */
export type Emit = <E extends EventName>(event: E, payload: Events[E]) => void;

/** Returns the names of the events that `matches` accepts. */
export function eventsWhere(matches: (spec: EventSpec) => boolean): EventName[] {
  return (Object.keys(EVENTS) as EventName[]).filter((name) => matches(EVENTS[name]));
}
