import { fullTime } from '../../src-shared/text/time-words.ts';
import { relativeTime } from '../lib/labels.ts';

/** A time in milliseconds since 1970 as people say it; the exact one on hover. */
export function RelativeTime({ time }: { time: number }) {
  return (
    <time dateTime={new Date(time).toISOString()} title={fullTime(time)}>
      {relativeTime(time)}
    </time>
  );
}
