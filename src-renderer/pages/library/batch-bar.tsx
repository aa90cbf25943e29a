import { ActionBar, Button, Menu, Text } from '@mantine/core';
import { IconChevronUp } from '@tabler/icons-react';
import type { FileFilter } from '../../../src-shared/contract/file-view.ts';
import { count } from '../../../src-shared/text/format.ts';
import { useNarrow } from '../../components/use-narrow.ts';
import { runAction } from '../../features/file-actions/actions.tsx';
import {
  clearSelection,
  selectAll,
  selectedCount,
  selectionFor,
  useSelection,
} from '../../features/file-actions/selection.ts';
import { SelectionItems } from '../../features/file-actions/selection-items.tsx';
import classes from './batch-bar.module.css';

/** A phone's pages are chosen at the bottom: the bar stands above that. */
const ABOVE_RAIL = 68;

/** The actions for the selected videos. */
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
      aria-label="Selected videos"
      transitionProps={{ duration: 150 }}
    >
      <Text fw={500} aria-live="polite">
        {count(n, 'video')} selected
      </Text>
      {!selection.all && n < total && (
        <Button variant="subtle" onClick={selectAll}>
          Select all {total.toLocaleString('en')} that match
        </Button>
      )}
      {/* On a phone it would end a line instead of parting two groups. */}
      {!narrow && <ActionBar.Divider />}
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
          <SelectionItems selection={chosen} />
        </Menu.Dropdown>
      </Menu>
      <ActionBar.CloseButton aria-label="Clear selection" />
    </ActionBar>
  );
}
