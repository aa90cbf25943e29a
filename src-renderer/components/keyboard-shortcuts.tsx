import { Kbd, Modal, Table } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { create } from 'zustand';

const SHORTCUTS: [keys: string[], what: string][] = [
  [['/'], 'Search the library'],
  [['1', '–', '8'], 'Dashboard to Settings'],
  [['↑', '↓'], 'Move through the list'],
  [['Page', '↑ ↓'], 'Move by a page'],
  [['Home', 'End'], 'First or last video'],
  [['←', '→'], 'Collapse or expand a folder'],
  [['Space'], 'Select the video'],
  [['Shift', '↑ ↓'], 'Select several'],
  [['Ctrl', 'A'], 'Select all videos that match'],
  [['Enter'], 'Open the video or folder'],
  [['Shift', 'F10'], 'Show the actions for the video or folder'],
  [['Delete'], 'Skip the selected videos'],
  [['Esc'], 'Close or clear the selection'],
  [['?'], 'Show this list'],
];

const useOpened = create(() => ({ opened: false }));

/** Shows the list of keys. */
export const showShortcuts = (): void => useOpened.setState({ opened: true });

/** The list of keys, shown by `?` and from the menu. */
export function KeyboardShortcuts() {
  const { opened } = useOpened();
  // With or without Shift, as the keyboard's layout has it.
  useHotkeys([
    ['shift+?', showShortcuts],
    ['?', showShortcuts],
  ]);
  return (
    <Modal opened={opened} onClose={() => useOpened.setState({ opened: false })} title="Keyboard shortcuts">
      <Table withRowBorders={false}>
        <Table.Tbody>
          {SHORTCUTS.map(([keys, what]) => (
            <Table.Tr key={what}>
              <Table.Td w={140}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
