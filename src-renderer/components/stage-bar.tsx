import { Progress } from '@mantine/core';
import { useRef } from 'react';
import type { RunningView } from '../../src-shared/lease.ts';
import { STAGE_WORDS } from '../words.ts';

/** How far the present stage is. It never runs backwards within a stage; without a known length it only shows life. */
export function StageBar({ task: { task, progress } }: { task: RunningView }) {
  const stage = `${task} ${progress.stage}`;
  const furthest = useRef({ stage, share: 0 });
  if (furthest.current.stage !== stage) furthest.current = { stage, share: 0 };
  furthest.current.share = Math.max(furthest.current.share, progress.share ?? 0);
  const known = progress.share !== undefined;
  const percent = known ? Math.round(furthest.current.share * 1000) / 10 : 100;
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
