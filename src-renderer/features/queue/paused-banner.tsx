import { Button } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useLive } from '../../store/live.ts';
import classes from './paused-banner.module.css';
import { pauseSummary } from './queue-summary.ts';
import { useResume } from './use-resume.ts';

/** Says on every page that nothing is converted, and why: a pause is easily forgotten. */
export function PausedBanner() {
  const sentence = useLive((live) => live.summary && pauseSummary(live.summary));
  const resume = useResume();
  if (!sentence) return null;
  return (
    <aside className={classes.banner} aria-label="Paused">
      <IconPlayerPause size={18} stroke={1.75} aria-hidden />
      <span className={classes.why}>{sentence}</span>
      <Button size="compact-sm" variant="default" loading={resume.isPending} onClick={() => resume.mutate({})}>
        Resume queue
      </Button>
    </aside>
  );
}
