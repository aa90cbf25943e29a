import { Menu } from '@mantine/core';
import type { FileSelection } from '../../../src-shared/contract/file-view.ts';
import { runAction, setPriority } from './actions.tsx';
import { PRIORITIES } from './priorities.ts';

/** The less frequent actions for many videos, as items of a menu. */
export function SelectionItems({ selection }: { selection: () => FileSelection }) {
  return (
    <>
      <Menu.Label>Queue priority</Menu.Label>
      {Object.entries(PRIORITIES).map(([label, priority]) => (
        <Menu.Item key={label} onClick={() => setPriority(selection(), priority)}>
          {label}
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Item onClick={() => runAction('cancel', selection())}>Remove from queue</Menu.Item>
      <Menu.Item onClick={() => runAction('reencode', selection())}>Re-encode</Menu.Item>
      <Menu.Item color="var(--fl-failed)" onClick={() => runAction('forget', selection())}>
        Remove from list
      </Menu.Item>
    </>
  );
}
