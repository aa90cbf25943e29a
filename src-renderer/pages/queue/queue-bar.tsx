import { Button, Menu, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { count } from '../../../src-shared/text/format.ts';
import { runAction, setPriority } from '../../features/file-actions/actions.tsx';
import { PRIORITIES } from '../../features/file-actions/priorities.ts';
import { call } from '../../lib/transport.ts';
import classes from './queue.module.css';

interface Props {
  ids: ReadonlySet<number>;
  clear: () => void;
  /** Waits for a change of the queue, and shows it. */
  change: (change: Promise<unknown>) => Promise<void>;
}

/** What can be done with the selected videos; without any, with the moves of all. */
export function QueueBar({ ids, clear, change }: Props) {
  const files = [...ids];
  const done = (work: Promise<unknown>) => change(work).then(clear);
  if (files.length === 0) {
    return (
      <Button variant="default" onClick={() => done(call('queue.unpin', {}))}>
        Reset order
      </Button>
    );
  }
  return (
    <div className={classes.bar} role="toolbar" aria-label="Selected videos">
      <Text fw={500} aria-live="polite">
        {count(files.length, 'video')} selected
      </Text>
      <Button variant="default" onClick={() => done(call('queue.move', { files, before: null }))}>
        To top
      </Button>
      <Button variant="default" onClick={() => done(call('queue.move', { files, before: 'end' }))}>
        To bottom
      </Button>
      <Menu>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Queue priority</Menu.Label>
          {Object.entries(PRIORITIES).map(([label, priority]) => (
            <Menu.Item key={label} onClick={() => done(setPriority({ files }, priority))}>
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => done(call('queue.unpin', { files }))}>Return to queue order</Menu.Item>
          <Menu.Item onClick={() => runAction('cancel', { files }).then(clear)}>Remove from queue</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button variant="subtle" onClick={clear}>
        Clear selection
      </Button>
    </div>
  );
}
