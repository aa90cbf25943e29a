import { IconArrowRight } from '@tabler/icons-react';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import classes from './drawer.module.css';

/** What becomes of each stream, in words; what is left out comes first. */
export function PlanList({ streams }: { streams: Plan['streams'] }) {
  const dropped = (stream: Plan['streams'][number]) => stream.action === 'drop';
  const sorted = [...streams.filter(dropped), ...streams.filter((stream) => !dropped(stream))];
  return (
    <ul className={classes.plan}>
      {sorted.map((stream) => (
        <li key={stream.source} className={classes.stream} data-drop={dropped(stream) || undefined}>
          <span>{stream.from}</span>
          <IconArrowRight size={14} aria-label="becomes" />
          <span>{stream.to}</span>
          {stream.why && <span className={classes.why}>{stream.why}</span>}
        </li>
      ))}
    </ul>
  );
}
