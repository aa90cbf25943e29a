import type { Pace } from './activity-types.ts';

interface ShortTerms {
  beat: number;
  suspect: number;
  expire: number;
  retryMs: number;
  stallMs?: number;
  answerMs?: number;
  pace: Pace;
}

/**
 * How long heartbeats and leases take, and how soon a worker at fault is tried again, where FLOTILLA_TERMS says it
 * (`beat,suspect,expire,retry` in ms, and perhaps `stall`, when a silent ffmpeg is ended, and `answer`, when a silent disk is given up): tests of whole fleets have no five
 * minutes to wait. Whether work disturbs is looked at as often as there are heartbeats then.
 */
export function shortTerms(): ShortTerms | undefined {
  const [beat, suspect, expire, retryMs, stallMs, answerMs] = (process.env.FLOTILLA_TERMS ?? '').split(',').map(Number);
  if (!beat || !suspect || !expire || !retryMs) return undefined;
  const pace = { tick: beat, rest: beat, clear: beat * 2, hot: beat * 2 };
  return { beat, suspect, expire, retryMs, pace, ...(stallMs && { stallMs }), ...(answerMs && { answerMs }) };
}

/** Seconds of video in every chunk, where FLOTILLA_CHUNKS says it: tests have short videos. */
export function shortChunks(): number | undefined {
  const seconds = Number(process.env.FLOTILLA_CHUNKS ?? '');
  return seconds > 0 ? seconds : undefined;
}
