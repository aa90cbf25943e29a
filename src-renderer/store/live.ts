import { create } from 'zustand';
import type { FileView } from '../../src-shared/contract/file-view.ts';
import type { Events, Live } from '../../src-shared/contract/index.ts';
import type { SessionState } from '../../src-shared/contract/session.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { type Connection, call, connect, on, onConnection } from '../lib/transport.ts';
import { smoothed } from './smooth.ts';

interface LiveState {
  connection: Connection;
  /** Which computer answers, and whether this browser is signed in; null until the first answer. */
  about: SessionState | null;
  /** Why the server can't be reached, as one sentence. */
  error: string | null;
  /** Everything that changes without the user; null before the first snapshot. */
  summary: Live | null;
  revision: number;
}

/** The live state, kept current by the master's events. */
export const useLive = create<LiveState>(() => ({
  connection: 'connecting',
  about: null,
  error: null,
  summary: null,
  revision: 0,
}));

/** True while what is shown may be old, since the connection was cut. */
export const useOffline = (): boolean => useLive((live) => live.connection === 'offline');

/** True on a computer that works for a master on another computer, or tries to. */
export const worksForMaster = (live: Live | null): boolean => live?.master != null;

/** True on a worker that was accepted by a master and has no libraries of its own. */
export const isWorkerOnly = (live: Live | null): boolean =>
  live?.master?.work != null && !live.libraries.some(({ watched }) => watched);

type FilesListener = (files: FileView[], many: boolean) => void;
const filesListeners = new Set<FilesListener>();

/** Calls `listener` with files that changed, and with `many` when lists have changed beyond them, until the returned function is called. */
export function onFiles(listener: FilesListener): () => void {
  filesListeners.add(listener);
  return () => filesListeners.delete(listener);
}

/** A page in the background gets no frames: this many deltas are applied without one, before they fill its memory. */
const MAX_PENDING = 50;

let pending: Events['delta'][] = [];
let frame = 0;
let loading = false;

/** Fetches a snapshot: after a start, a lost connection, or a gap in the revisions. */
async function takeSnapshot(): Promise<void> {
  if (loading) return;
  loading = true;
  pending = [];
  try {
    const { revision, ...summary } = await call('live.snapshot', {});
    useLive.setState({ summary: smoothed(summary, null), revision, error: null });
    for (const listener of filesListeners) listener([], true);
  } catch (error) {
    useLive.setState({ error: messageOf(error) });
  } finally {
    loading = false;
    // The frame of deltas that arrived earlier came when there was no snapshot to apply them to.
    if (pending.length > 0) applySoon();
  }
}

/** Applies pending deltas in the next frame. */
function applySoon(): void {
  if (pending.length >= MAX_PENDING) applyDeltas();
  else frame ||= requestAnimationFrame(applyDeltas);
}

/** Applies the deltas since the last frame at once. */
function applyDeltas(): void {
  cancelAnimationFrame(frame);
  frame = 0;
  if (loading) return;
  const { summary, revision: before } = useLive.getState();
  const deltas = pending.splice(0);
  if (!summary) return;
  let revision = before;
  let next = summary;
  const changed = new Map<number, FileView>();
  let many = false;
  for (const { revision: own, files, many: tooMany, ...parts } of deltas) {
    if (own <= revision) continue;
    if (own !== revision + 1) return void takeSnapshot();
    revision = own;
    next = { ...next, ...parts };
    for (const file of files) changed.set(file.id, file);
    many ||= tooMany;
  }
  useLive.setState({ summary: smoothed(next, summary), revision });
  if (changed.size > 0 || many) for (const listener of filesListeners) listener([...changed.values()], many);
}

/** Connects, and keeps {@link useLive} current from now on. */
export function connectLive(): void {
  onConnection((connection) => {
    useLive.setState({ connection });
    if (connection === 'online') takeSnapshot();
    if (connection === 'signed-out') useLive.setState({ summary: null });
  });
  on('delta', (delta) => {
    pending.push(delta);
    applySoon();
  });
  authenticate();
}

/** Opens a session with the server; retries automatically while it doesn't answer. */
export async function authenticate(): Promise<void> {
  try {
    const about = await connect();
    useLive.setState({ about, error: null });
  } catch (error) {
    useLive.setState({ error: messageOf(error) });
    if (useLive.getState().connection === 'connecting') setTimeout(authenticate, 3000);
  }
}
