import type { Live } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { fleetIdleReason } from '../../../src-shared/text/idle-reasons.ts';
import { waitingCount } from '../../../src-shared/text/waiting-count.ts';
import { endsAt, formatEndTime } from '../../lib/labels.ts';

/** The state of the queue, what waits for this computer, and which computers are gone, in a few sentences. */
export function queueSummary(live: Live): string {
  return [queueSentence(live), checkSentence(live), offlineSentence(live)].filter(Boolean).join(' ');
}

function checkSentence({ awaitingCheck: n }: Live): string {
  if (n === 0) return '';
  return n === 1
    ? '1 result is waiting to be verified on this computer.'
    : `${n} results are waiting to be verified on this computer.`;
}

function offlineSentence({ workers }: Live): string {
  const gone = workers.filter(({ state }) => state === 'offline');
  const [first] = gone;
  if (!first) return '';
  return gone.length === 1 ? `${first.name} is offline.` : `${gone.length} computers are offline.`;
}

/** Why nothing is given out, as one sentence; undefined while the queue runs. */
export function pauseSummary({ paused, pausedUntil }: Pick<Live, 'paused' | 'pausedUntil'>): string | undefined {
  if (pausedUntil !== null) return `Paused by you until ${endsAt(pausedUntil)}.`;
  if (!paused) return undefined;
  return paused.startsWith('Paused') ? paused : `Paused: ${paused}`;
}

function queueSentence(live: Live): string {
  const { counts, running, settling, eta, workers, onHold } = live;
  const waiting = waitingCount(live);
  const pause = pauseSummary(live);
  if (pause) return pause;
  const stepsBack = running.length + waiting > 0 && fleetIdleReason(workers);
  if (stepsBack) return stepsBack;
  if (running.length > 0) {
    const helpers = workers.filter(({ helping }) => helping.length > 0).map(({ id }) => id);
    const computers = new Set([...running.map(({ workerId }) => workerId), ...helpers]).size;
    const now = `${count(running.length, 'video')} running on ${count(computers, 'computer')}`;
    // The time left includes running conversions, so it is shown even when nothing else is queued.
    if (eta !== null) return `${now}, done ${formatEndTime(eta)}.`;
    return waiting === 0 ? `${now}, queue empty.` : `${now}, ${count(waiting, 'video')} waiting.`;
  }
  if (waiting > 0) return `${count(waiting, 'video')} waiting.`;
  if (onHold > 0) return `${count(onHold, 'video')} on hold.`;
  if (settling > 0) return `${count(settling, 'video')} still being written.`;
  return counts.done > 0 ? `Idle. ${count(counts.done, 'video')} converted.` : 'Nothing to convert yet.';
}
