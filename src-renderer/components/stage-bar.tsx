import { Progress } from '@mantine/core';
import type { RunningView } from '../../src-shared/lease.ts';
import { STAGE_WORDS } from '../words.ts';

/** How far the present stage is; without a known length it only shows life. */
export function StageBar({ task: { progress } }: { task: RunningView }) {
  const { share } = progress;
  const known = share !== undefined;
  const percent = known ? Math.round(share * 1000) / 10 : 100;
  return (
    <Progress.Root size={4} radius={2} transitionDuration={300}>
      <Progress.Section
        value={percent}
        color="var(--fl-accent)"
        striped={!known}
        animated={!known}
        opacity={known ? 1 : 0.4}
        aria-label={`${STAGE_WORDS[progress.stage]}${known ? '' : ', length unknown'}`}
      />
    </Progress.Root>
  );
}
