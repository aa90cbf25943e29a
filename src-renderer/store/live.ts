import { create } from 'zustand';
import type { SessionState } from '../../src-shared/access.ts';
import type { Events, Live } from '../../src-shared/contract.ts';
import { messageOf } from '../../src-shared/errors.ts';
import type { FileView } from '../../src-shared/file-view.ts';
import { type Connection, call, enter, on, onConnection } from '../transport.ts';
import { smoothed } from './smooth.ts';

interface LiveState {
  connection: Connection;
  /** Who answers, and whether this browser is signed in; null until it has answered once. */
  about: SessionState | null;
  /** Why nothing could be asked at all, as one sentence. */
  trouble: string | null;
  /** All that changes by itself; null before the first snapshot. */
  summary: Live | null;
  revision: number;
}

/** How things stand, kept current by the master's events. */
export const useLive = create<LiveState>(() => ({
  connection: 'connecting',
  about: null,
  trouble: null,
  summary: null,
  revision: 0,
}));

/** True while what is shown may be old, since the connection was cut. */
export const useOffline = (): boolean => useLive((live) => live.connection === 'offline');

/** True on a computer that works for a master elsewhere, or tries to. */
export const isEmployed = (live: Live | null): boolean => live?.master != null;

/** True on one that was let in by a master and has no libraries of its own. */
export const isOnlyEmployed = (live: Live | null): boolean =>
  live?.master?.work != null && !live.libraries.some(({ watched }) => watched);

type FilesListener = (files: FileView[], many: boolean) => void;
const filesListeners = new Set<FilesListener>();

/** Tells of files that changed; with `many` they are too many to name. Until the returned function is called. */
export function onFiles(listener: FilesListener): () => void {
  filesListeners.add(listener);
  return () => filesListeners.delete(listener);
}

/** A page that nobody sees is given no frames: so many deltas are applied without one, before they fill its memory. */
const MOST_PENDING = 50;

let pending: Events['delta'][] = [];
let frame = 0;
let loading = false;

/** Begins anew with all that there is: after a start, a cut or a gap in the revisions. */
async function takeSnapshot(): Promise<void> {
  if (loading) return;
  loading = true;
  pending = [];
  try {
    const { revision, ...summary } = await call('live.snapshot', {});
    useLive.setState({ summary: smoothed(summary, null), revision, trouble: null });
    for (const listener of filesListeners) listener([], true);
  } catch (error) {
    useLive.setState({ trouble: messageOf(error) });
  } finally {
    loading = false;
    // What came meanwhile had its frame while there was nothing yet to apply it to.
    if (pending.length > 0) applySoon();
  }
}

/** Applies what has come with the next frame. */
function applySoon(): void {
  if (pending.length >= MOST_PENDING) applyDeltas();
  else frame ||= requestAnimationFrame(applyDeltas);
}

/** Applies what has come since the last frame, all at once. */
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
export function goLive(): void {
  onConnection((connection) => {
    useLive.setState({ connection });
    if (connection === 'online') takeSnapshot();
    if (connection === 'outside') useLive.setState({ summary: null });
  });
  on('delta', (delta) => {
    pending.push(delta);
    applySoon();
  });
  knock();
}

/** Asks the server whether this browser may come in; tries again by itself while it does not answer. */
export async function knock(): Promise<void> {
  try {
    const about = await enter();
    useLive.setState({ about, trouble: null });
  } catch (error) {
    useLive.setState({ trouble: messageOf(error) });
    if (useLive.getState().connection === 'connecting') setTimeout(knock, 3000);
  }
}
