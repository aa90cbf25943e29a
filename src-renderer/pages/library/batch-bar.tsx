import { ActionBar, Button, Menu, Text } from '@mantine/core';
import { IconChevronUp } from '@tabler/icons-react';
import type { FileFilter } from '../../../src-shared/file-view.ts';
import { count } from '../../../src-shared/format.ts';
import { useNarrow } from '../../components/use-narrow.ts';
import { runAction, setPriority } from './actions.tsx';
import classes from './batch-bar.module.css';
import { clearSelection, selectAll, selectedCount, selectionFor, useSelection } from './selection.ts';

const PRIORITIES = { 'First of all': 100, High: 10, Standard: 0, Low: -10, 'Last of all': -100 };

/** A phone's pages are chosen at the bottom: the bar stands above that. */
const ABOVE_RAIL = 68;

/** What can be done with the selected films. */
export function BatchBar({ filter, total }: { filter: FileFilter; total: number }) {
  const selection = useSelection();
  const narrow = useNarrow();
  const n = selectedCount(selection, total);
  const chosen = () => selectionFor(selection, filter);
  return (
    <ActionBar
      opened={n > 0}
      onClose={clearSelection}
      className={classes.bar}
      position={{ bottom: narrow ? ABOVE_RAIL : 24, left: 8, right: 8 }}
      aria-label="Selected films"
      transitionProps={{ duration: 150 }}
    >
      <Text fw={500} aria-live="polite">
        {count(n, 'film')} selected
      </Text>
      {!selection.all && n < total && (
        <Button variant="subtle" onClick={selectAll}>
          Select all {total.toLocaleString('en')} that match
        </Button>
      )}
      <ActionBar.Divider />
      <Button variant="default" onClick={() => runAction('retry', chosen())}>
        Convert
      </Button>
      <Button variant="default" onClick={() => runAction('skip', chosen())}>
        Skip
      </Button>
      <Menu position="top">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronUp size={14} aria-hidden />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Priority in the queue</Menu.Label>
          {Object.entries(PRIORITIES).map(([label, priority]) => (
            <Menu.Item key={label} onClick={() => setPriority(chosen(), priority)}>
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => runAction('cancel', chosen())}>Take out of the queue</Menu.Item>
          <Menu.Item onClick={() => runAction('reencode', chosen())}>Re-encode</Menu.Item>
          <Menu.Item color="var(--fl-failed)" onClick={() => runAction('forget', chosen())}>
            Remove from the list
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ActionBar.CloseButton aria-label="Clear the selection" />
    </ActionBar>
  );
}
