import { Kbd, Modal, Table } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useState } from 'react';

const SHORTCUTS: [keys: string[], what: string][] = [
  [['/'], 'Search the library'],
  [['1', '–', '6'], 'Dashboard to Settings'],
  [['↑', '↓'], 'Move through the list'],
  [['Space'], 'Select the film'],
  [['Shift', '↑ ↓'], 'Select several'],
  [['Enter'], 'Open the film'],
  [['Delete'], 'Skip the selected films'],
  [['Esc'], 'Close, or clear the selection'],
  [['?'], 'This list'],
];

/** The list of keys, shown by `?`. */
export function Help() {
  const [opened, setOpened] = useState(false);
  const open = () => setOpened(true);
  // With or without Shift, as the keyboard's layout has it.
  useHotkeys([
    ['shift+?', open],
    ['?', open],
  ]);
  return (
    <Modal opened={opened} onClose={() => setOpened(false)} title="Keyboard">
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
