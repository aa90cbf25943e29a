import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconClock,
  IconPlayerPlay,
  IconPlayerSkipForward,
  type TablerIcon,
} from '@tabler/icons-react';
import { STATE_LABELS, type State } from '../lib/labels.ts';
import classes from './state-badge.module.css';

const ICONS: Record<State, TablerIcon> = {
  found: IconCircleDashed,
  queued: IconClock,
  running: IconPlayerPlay,
  done: IconCircleCheck,
  skipped: IconPlayerSkipForward,
  failed: IconAlertTriangle,
  blocked: IconBan,
};

/** A state as icon and word; the color only repeats them. */
export function StateBadge({ state, children }: { state: State; children?: string }) {
  const Icon = ICONS[state];
  return (
    <span className={classes.badge} data-state={state}>
      <Icon size={16} stroke={1.75} aria-hidden />
      {children ?? STATE_LABELS[state]}
    </span>
  );
}
