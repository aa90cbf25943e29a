import type { Live } from '../../src-shared/contract.ts';
import { count } from '../../src-shared/format.ts';
import { whyAllWait } from '../../src-shared/standstill.ts';
import { endsAround, endsAt } from '../words.ts';

/** How the queue stands, and what waits for this computer, in a sentence or two. */
export function livingSentence(live: Live): string {
  const { awaitingCheck: n } = live;
  const waiting =
    n === 1 ? "1 result waits for this computer's check." : `${n} results wait for this computer's check.`;
  return n > 0 ? `${queueSentence(live)} ${waiting}` : queueSentence(live);
}

function queueSentence(live: Live): string {
  const { counts, running, paused, pausedUntil, held, settling, eta, workers } = live;
  const waiting = counts.found + counts.queued;
  if (pausedUntil !== null) return `Paused by you until ${endsAt(pausedUntil)}.`;
  if (paused) return `${held ? 'Standing still' : 'Paused'}: ${paused}`;
  const stepsBack = running.length + waiting > 0 && whyAllWait(workers);
  if (stepsBack) return stepsBack;
  if (running.length > 0) {
    const computers = new Set(running.map(({ worker }) => worker)).size;
    const now = `${count(running.length, 'film')} running on ${count(computers, 'computer')}`;
    if (waiting === 0) return `${now}, nothing waits.`;
    return eta === null ? `${now}, ${count(waiting, 'film')} waiting.` : `${now}, done ${endsAround(eta)}.`;
  }
  if (waiting > 0) return `${count(waiting, 'film')} waiting.`;
  if (settling > 0) return `${count(settling, 'film')} still being written.`;
  return counts.done > 0 ? `All quiet: ${count(counts.done, 'film')} done.` : 'Nothing to convert yet.';
}
