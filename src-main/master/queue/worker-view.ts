import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import type { Yielding } from '../../../src-shared/fleet/availability.ts';
import type { Hello } from '../../../src-shared/fleet/protocol.ts';
import type { Load, WorkerMode, WorkerState } from '../../../src-shared/fleet/worker-info.ts';
import { yieldingReason } from '../../../src-shared/text/availability-text.ts';
import { count } from '../../../src-shared/text/format.ts';
import type { Member } from './member.ts';

/** Everything that decides how a worker is shown. */
export interface WorkerStatus {
  member: Member;
  connected: boolean;
  /** Why it takes no work by its own decision. */
  yielding: Yielding | null;
  load: Load | null;
  /** Why the master gives it no work: a fault, or a self-test that hasn't passed yet. */
  fault: string | undefined;
  /** True while a user has paused the whole queue with its running conversions. */
  allPaused: boolean;
  /** True when the master expects no word from it, or has heard none for a while. */
  gone: boolean;
  /** True when one of its leases hasn't been renewed for a while. */
  suspect: boolean;
  running: WorkerView['running'];
  helping: WorkerView['helping'];
}

/** Why a worker takes no more work, by its mode. */
const MODE_REASONS: Record<WorkerMode, string | null> = {
  active: null,
  paused: 'Paused by you.',
  draining: 'Draining at your request.',
};

/** Returns the state of a worker, the most urgent first. */
export function workerState({
  member,
  connected,
  yielding,
  fault,
  allPaused,
  gone,
  suspect,
  running,
  helping,
}: WorkerStatus): WorkerState {
  const busy = running.length > 0 || helping.length > 0;
  if (!connected && gone) return 'offline';
  if (suspect) return 'suspect';
  if (allPaused || member.mode === 'paused') return 'paused';
  if (fault !== undefined) return 'waiting';
  if (yielding && (yielding.held || !busy)) return yielding.cause === 'user' ? 'paused' : 'yielding';
  if (busy) return 'working';
  return member.mode === 'draining' ? 'paused' : 'idle';
}

/** Returns a worker as users see it. */
export function workerView(status: WorkerStatus, stored: Pick<WorkerView, 'storage' | 'done' | 'failed'>): WorkerView {
  const { member, connected, load, running, helping } = status;
  const { id, name, local, mode, settings, addedAt, seenAt } = member;
  const state = workerState(status);
  return {
    id,
    name,
    local,
    mode,
    settings,
    hello: member.hello && withoutDecoders(member.hello),
    addedAt,
    seenAt,
    connected,
    load,
    state,
    problem: problemOf(state, status),
    running,
    helping,
    ...stored,
  };
}

function problemOf(state: WorkerState, { member, yielding, fault, allPaused, running }: WorkerStatus): string | null {
  const { local, mode, name } = member;
  const reason = yielding && yieldingReason(yielding, { here: local, busy: running.length > 0 });
  const problems: Record<WorkerState, string | null> = {
    suspect: `${name} isn't responding. Its jobs will be reassigned if it stays offline.`,
    waiting: fault ?? null,
    paused: MODE_REASONS[mode] ?? (allPaused ? 'Paused by you.' : reason),
    yielding: reason,
    offline: offlineSentence(running),
    working: MODE_REASONS[mode] ?? reason,
    idle: null,
  };
  return problems[state];
}

/** Returns what happens to the work of a worker that is gone; null where it has none. */
function offlineSentence(running: WorkerView['running']): string | null {
  if (running.length === 0) return null;
  const lost = running.filter(({ delivered }) => !delivered).length;
  if (lost > 0) return `${count(lost, 'video')} will be reassigned if it stays offline.`;
  return running.length === 1 ? 'Its result is being verified here.' : 'Its results are being verified here.';
}

/** Leaves out the hundreds of codecs that a worker decodes: they would be sent with every change of it. */
function withoutDecoders({ computer, ...hello }: Hello): Hello {
  const { decoders: _, ...ffmpeg } = computer.ffmpeg;
  return { ...hello, computer: { ...computer, ffmpeg } };
}
