import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import type { Live } from '../../../src-shared/contract/index.ts';
import { pauseChoices } from '../../../src-shared/text/time-words.ts';
import { useAction } from '../../store/queries.ts';
import { useResume } from './use-resume.ts';

/** Pauses the queue, gently, now, or temporarily, and resumes it. */
export function PauseControl({ live: { paused, held, running } }: { live: Live }) {
  const pause = useAction('queue.pause', [], (live) => live.paused !== null);
  const hold = useAction('queue.pause', [], (live) => live.held);
  const resume = useResume();
  const resumeButton = (
    <Button
      leftSection={<IconPlayerPlay size={16} aria-hidden />}
      loading={resume.isPending}
      onClick={() => resume.mutate({})}
    >
      Resume
    </Button>
  );
  if (paused) {
    return (
      <>
        {running.length > 0 && !held && (
          <Button variant="default" loading={hold.isPending} onClick={() => hold.mutate({ now: true })}>
            Pause running conversions too
          </Button>
        )}
        {resumeButton}
      </>
    );
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          loading={pause.isPending}
        >
          Pause
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => pause.mutate({})}>Finish current videos, then pause</Menu.Item>
        <Menu.Item onClick={() => pause.mutate({ now: true })}>Pause now</Menu.Item>
        <Menu.Divider />
        <Menu.Label>Pause temporarily</Menu.Label>
        {pauseChoices().map(({ id, label, until }) => (
          <Menu.Item key={id} onClick={() => pause.mutate({ now: true, until })}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
