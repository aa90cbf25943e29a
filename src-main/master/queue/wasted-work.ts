import type { WastedAttempt, WastedAttempts } from '../../db/tables/wasted-attempts.ts';

/** Limit of results, of one version of a video or of all its versions, that fail when they are put in place. */
const MAX_UNDONE = { ofVersion: 2, ofAll: 3 };
/** Limit of conversions in a row during which the whole Flotilla process ended. */
const MAX_CRASHES = 3;
/** Limit of conversions in a row that were interrupted in any way: by a computer that freezes each time, or by faults of its disk. */
const MAX_INTERRUPTED = 10;

/** How attempts end of which the video is no cause; they are no end of a row either. */
const BESIDE: ReadonlySet<string> = new Set(['interrupted', 'node']);

/**
 * Why a video is not converted again automatically: the same work was wasted too often. It counts what happened since
 * the video was replaced last or its user asked for it.
 * @param of the file, and its present job
 * @returns a sentence; undefined where it may be converted
 */
export function whyWasted(tries: WastedAttempts, { file, job }: { file: number; job: number }): string | undefined {
  const all = tries.sinceDone(file);
  const undone = all.filter(({ outcome, vain }) => outcome === 'undone' && vain !== null);
  const ofVersion = undone.filter((one) => one.job === job).length;
  if (ofVersion >= MAX_UNDONE.ofVersion || undone.length >= MAX_UNDONE.ofAll) {
    const why = (undone[0]?.reason ?? 'its result could not be put in place.').replace(/\.$/, '');
    return `It was converted ${undone.length} times, but no result could be put in place: ${why}. Fix this, then retry.`;
  }
  const { cut, crashes } = lastRow(all);
  if (crashes.length >= MAX_CRASHES) {
    const where = [...new Set(crashes.map(({ worker }) => worker))].join(' and ');
    return `Flotilla stopped unexpectedly on ${where} during the last ${crashes.length} conversions of this video, perhaps because memory ran out. Fix this, then retry.`;
  }
  if (cut < MAX_INTERRUPTED) return undefined;
  return `The last ${cut} conversions of this video were interrupted, most recently on ${all[0]?.worker}: ${all[0]?.reason ?? ''} Retry it when its computers stay on long enough.`;
}

/** Whether an attempt finished chunks, which the next one takes up. @param before the attempt before it */
function madeProgress({ chunks, job }: WastedAttempt, before: WastedAttempt | undefined): boolean {
  return (chunks ?? 0) > (before?.job === job ? (before.chunks ?? 0) : 0);
}

/** The latest attempts that were cut off one after the other without progress, and those of them that took their Flotilla along. */
function lastRow(all: WastedAttempt[]): { cut: number; crashes: WastedAttempt[] } {
  const end = all.findIndex((attempt, i) => !BESIDE.has(attempt.outcome) || madeProgress(attempt, all[i + 1]));
  const row = (end < 0 ? all : all.slice(0, end)).filter(({ vain }) => vain !== null);
  return { cut: row.length, crashes: row.filter(({ vain }) => vain === 2) };
}
