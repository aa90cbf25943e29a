import type { RunningView } from '../../src-shared/jobs/lease.ts';
import { overallShare, type Segment, type SegmentName, segmentsOf } from '../../src-shared/jobs/overall-progress.ts';
import { useLive } from '../store/live.ts';
import classes from './stage-bar.module.css';

const SEGMENT_LABELS: Record<SegmentName, string> = {
  fetch: 'Fetch',
  analyze: 'Analyze',
  encode: 'Encode',
  deliver: 'Deliver',
  verify: 'Verify',
  replace: 'Replace',
};

const NOTHING = {};

/** Returns the parts of a running conversion, weighed by what this master's conversions took. */
export function useSegments(task: RunningView): Segment[] {
  const stages = useLive((live) => live.summary?.stages ?? NOTHING);
  const local = useLive((live) => live.summary?.workers.find(({ id }) => id === task.workerId)?.local === true);
  return segmentsOf(task, stages, local);
}

/** Returns how far a conversion is over all its stages, as whole percent; it is 100 only at its end. */
export const percentOf = (segments: readonly Segment[]): number => Math.floor(100 * overallShare(segments));

/** The stages of a conversion as segments of one bar. */
export function StageBar({ task, still = false }: { task: RunningView; still?: boolean }) {
  const segments = useSegments(task);
  const now = segments.find(({ active }) => active);
  return (
    <div
      className={classes.bar}
      data-still={still || undefined}
      role="progressbar"
      aria-label="Conversion"
      aria-valuenow={percentOf(segments)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={`${percentOf(segments)}%${now ? `, ${SEGMENT_LABELS[now.name]}` : ''}`}
    >
      {segments.map(({ name, weight, done, unknown }) => (
        <span
          key={name}
          className={classes.segment}
          style={{ flexGrow: weight * 100, flexBasis: 0 }}
          title={SEGMENT_LABELS[name]}
        >
          <span
            className={classes.done}
            data-unknown={unknown || undefined}
            style={unknown ? { display: 'block' } : { display: 'block', width: `${done * 100}%` }}
          />
        </span>
      ))}
    </div>
  );
}
