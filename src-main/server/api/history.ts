import path from 'node:path';
import type { HISTORY_CALLS, HistoryEntry } from '../../../src-shared/contract/history.ts';
import type {
  Actor,
  CallName,
  EventName,
  Events,
  FileChanged,
  Handlers,
  Output,
  Parsed,
} from '../../../src-shared/contract/index.ts';
import { textOf, wordsOf } from '../../../src-shared/settings/setting-words.ts';
import { count, formatBytes, formatSaving } from '../../../src-shared/text/format.ts';
import { endsAt } from '../../../src-shared/text/time-words.ts';
import type { HistoryTable } from '../../db/tables/history.ts';
import type { WorkerTable } from '../../db/tables/workers.ts';
import type { MasterContext } from '../../master/context.ts';

export interface HistoryHandlerParts {
  history: HistoryTable;
}

/** Returns the handlers for the history. */
export function historyHandlers({ history }: HistoryHandlerParts): Pick<Handlers, keyof typeof HISTORY_CALLS> {
  return { 'history.list': (wanted) => history.page(wanted) };
}

/** More videos than all computers of a home convert at once. */
const MAX_RUNNING = 500;

/** Author of an action by a user. */
const YOU = 'you';
type Note = Pick<HistoryEntry, 'kind' | 'text'> & { file?: number | undefined };

/** What entries are written from. */
interface Known {
  ctx: MasterContext;
  history: HistoryTable;
  workers: Pick<WorkerTable, 'get'>;
  /** True while a user's pause holds the queue. */
  isPausedByUser: () => boolean;
  reportError: (error: unknown) => void;
}

/** Describes a user's call for the history, by call; undefined when it changed nothing. */
type Notes = {
  [N in CallName]?: (input: Parsed<N>, output: Output<N>, known: Known) => Note | undefined;
};

const nameOf = ({ ctx }: Known, file: number) => path.posix.basename(ctx.files.view(file)?.path ?? `video ${file}`);

/** `Skipped Islands.mkv.`, or `Skipped 12 videos.` */
function aboutVideos(known: Known, did: string, n: number, selection: object): Note | undefined {
  if (n === 0) return undefined;
  const [file] = 'files' in selection && Array.isArray(selection.files) ? (selection.files as number[]) : [];
  const one = n === 1 && file !== undefined;
  return {
    kind: 'video',
    text: `${did} ${one ? nameOf(known, file) : count(n, 'video')}.`,
    file: one ? file : undefined,
  };
}

/** The number of the video at an absolute path. */
function fileAt({ ctx: { libraries, files } }: Known, place: string): number | undefined {
  for (const { id, root } of libraries.all()) {
    const inside = path.relative(root, place);
    if (!inside.startsWith('..') && !path.isAbsolute(inside)) return files.at(id, inside.split(path.sep).join('/'))?.id;
  }
  return undefined;
}

const rootOf = ({ ctx }: Known, library: number) => ctx.libraries.get(library)?.root ?? `library ${library}`;
const nameOfWorker = ({ workers }: Known, id: string) => workers.get(id)?.name ?? id;

function aboutSettings(values: Record<string, unknown>): Note | undefined {
  const parts = Object.entries(values).flatMap(([key, value]) => {
    const text = textOf(key);
    if (!text) return [];
    return `${text.label} to ${value === null ? 'its default' : wordsOf(text, value)}`;
  });
  return parts.length > 0 ? { kind: 'settings', text: `Set ${parts.join('; ')}.` } : undefined;
}

const NOTES: Notes = {
  'settings.set': ({ values }) => aboutSettings(values),
  'table.set': ({ quality, audio }) => {
    const names = [quality !== undefined && 'quality table', audio !== undefined && 'audio table'].filter(Boolean);
    return names.length > 0 ? { kind: 'settings', text: `Changed the ${names.join(' and the ')}.` } : undefined;
  },
  'queue.pause': ({ until }) => ({
    kind: 'pause',
    text: `Paused all conversions${until === null ? '' : ` until ${endsAt(until)}`}.`,
  }),
  'queue.resume': () => ({ kind: 'pause', text: 'Resumed conversions.' }),
  'library.release': ({ library }, _, known) => ({
    kind: 'library',
    text: `Approved library ${rootOf(known, library)}.`,
  }),
  'library.takeOver': ({ library }, _, known) => ({
    kind: 'library',
    text: `Took over library ${rootOf(known, library)}.`,
  }),
  'library.resume': ({ library }, _, known) => ({
    kind: 'library',
    text: `Resumed library ${rootOf(known, library)}.`,
  }),
  'vault.restore': (_, { restored }, known) => {
    const [first] = restored;
    if (first === undefined) return undefined;
    const one = restored.length === 1;
    const what = one ? path.basename(first) : count(restored.length, 'original');
    return { kind: 'restore', text: `Restored ${what}.`, file: one ? fileAt(known, first) : undefined };
  },
  'file.retry': (input, { queued }, known) => aboutVideos(known, 'Retried', queued, input),
  'file.skip': (input, { skipped }, known) => aboutVideos(known, 'Skipped', skipped, input),
  'file.cancel': (input, { cancelled }, known) => aboutVideos(known, 'Removed from the queue:', cancelled, input),
  'file.reencode': (input, { queued }, known) => aboutVideos(known, 'Queued again:', queued, input),
  'file.forget': (_, { forgotten }) =>
    forgotten > 0 ? { kind: 'video', text: `Removed ${count(forgotten, 'video')} from the list.` } : undefined,
  'worker.pause': ({ worker }, _, known) => ({ kind: 'worker', text: `Paused ${nameOfWorker(known, worker)}.` }),
  'worker.drain': ({ worker }, _, known) => ({ kind: 'worker', text: `Drained ${nameOfWorker(known, worker)}.` }),
  'worker.resume': ({ worker }, _, known) => ({ kind: 'worker', text: `Resumed ${nameOfWorker(known, worker)}.` }),
  'worker.set': (_, { name }) => ({ kind: 'worker', text: `Changed the settings of ${name}.` }),
  'pair.approve': (_, { name }) => ({ kind: 'worker', text: `Approved ${name} as a worker.` }),
  'access.setPassword': () => ({ kind: 'access', text: 'Set the password.' }),
  'access.createToken': ({ name }) => ({ kind: 'access', text: `Created API token ${name}.` }),
  'access.removeToken': () => ({ kind: 'access', text: 'Revoked an API token.' }),
};

/** What calls do away with, named before it is gone. */
const BEFORE: Notes = {
  'library.remove': ({ library }, _, known) => ({
    kind: 'library',
    text: `Removed library ${rootOf(known, library)}.`,
  }),
  'worker.remove': ({ worker }, _, known) => ({ kind: 'worker', text: `Removed ${nameOfWorker(known, worker)}.` }),
};

/** Adds an entry. The action has happened: a full disk must not make its caller believe otherwise. */
function add({ history, reportError }: Known, note: Note, by: string | null): void {
  try {
    history.add({ time: Date.now(), by, ...note, file: note.file ?? null });
  } catch (error) {
    reportError(error);
  }
}

/** Returns the handlers, with what users do through them kept in the history once it is done. */
export function withHistory(handlers: Handlers, known: Known): Handlers {
  const wrapped: Record<string, unknown> = { ...handlers };
  for (const name of [...Object.keys(NOTES), ...Object.keys(BEFORE)] as CallName[]) {
    const handler = handlers[name] as (input: unknown, actor: Actor) => unknown;
    const [note, before] = [NOTES[name], BEFORE[name]] as ((
      input: unknown,
      output: unknown,
      known: Known,
    ) => Note | undefined)[];
    wrapped[name] = async (input: unknown, actor: Actor) => {
      const prepared = before?.(input, undefined, known);
      const output = await handler(input, actor);
      const entry = prepared ?? note?.(input, output, known);
      if (entry && actor.kind === 'user') add(known, entry, YOU);
      return output;
    };
  }
  return wrapped as unknown as Handlers;
}

/** How the conversion of a video ended. */
function aboutConversion(file: FileChanged): string {
  const name = path.posix.basename(file.path);
  const { state, sourceSize, resultSize, reason } = file;
  if (state === 'done')
    return `Converted ${name}${sourceSize !== null && resultSize !== null ? ` (${formatSaving(sourceSize, resultSize)})` : ''}.`;
  const why = reason ? `: ${reason}` : '.';
  if (state === 'failed') return `Couldn't convert ${name}${why}`;
  return state === 'blocked' ? `${name} is blocked${why}` : `Kept the original of ${name}${why}`;
}

type On = <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => unknown;

/** Keeps in the history what happens without a call: conversions, purges, workers, and pauses. */
export function followEvents(on: On, known: Known): void {
  const running = new Set(known.ctx.files.list({ state: 'running', after: 0, limit: MAX_RUNNING }).map(({ id }) => id));
  on('file', (file) => {
    if (file.state === 'running') running.add(file.id);
    else if (running.delete(file.id) && file.state !== 'queued' && file.state !== 'found' && file.code !== 'cancelled')
      add(known, { kind: 'conversion', text: aboutConversion(file), file: file.id }, file.worker);
  });

  on('purged', ({ purged, bytes, by }) => {
    const what = count(purged, by === 'time' ? 'expired original' : 'original');
    add(known, { kind: 'purge', text: `Purged ${what}, ${formatBytes(bytes)}.` }, by === 'time' ? null : YOU);
  });

  const connected = new Map<string, boolean>();
  on('worker', ({ id, name, local, connected: now }) => {
    const before = connected.get(id) ?? false;
    connected.set(id, now);
    if (!local && before !== now)
      add(known, { kind: 'worker', text: now ? `${name} connected.` : `${name} disconnected.` }, name);
  });

  const paused = new Map<number, string | null>();
  on('library', ({ id, root, paused: why }) => {
    const before = paused.get(id) ?? null;
    paused.set(id, why);
    if (before === why) return;
    const text = why === null ? `Library ${root} is available again.` : `Paused library ${root}: ${why}`;
    add(known, { kind: 'pause', text }, null);
  });
  on('paused', ({ reason }) => {
    // A pause by the user is in the history already, as the call.
    if (reason !== null && !known.isPausedByUser())
      add(known, { kind: 'pause', text: `Paused all conversions: ${reason}` }, null);
  });
}
