import { Button, Group, Table, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconArchive, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { VaultEntry } from '../../../src-shared/contract.ts';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { Loading, Nothing, Trouble, When } from '../../components/bits.tsx';
import { tell, tellTrouble, useAction, useCall } from '../../store/calls.ts';
import { call } from '../../transport.ts';
import { nameOf } from '../../words.ts';
import classes from './settings.module.css';

/** Rows shown at a time; the search finds the rest. */
const MOST_ROWS = 100;

function usePurge() {
  const purge = useAction('vault.purge', ['vault.list']);
  return async (all: boolean) => {
    try {
      const { purged, bytes } = await call('vault.purge', { all, dryRun: true });
      if (purged === 0) return tell('There is nothing that may be purged.');
      const what = `${count(purged, 'original')}, ${formatBytes(bytes)}`;
      modals.openConfirmModal({
        title: `Purge ${what}?`,
        children:
          'They are removed for ever and cannot be taken back. The results stay. An original whose result is gone is kept.',
        labels: { confirm: `Purge ${what}`, cancel: 'Keep them' },
        confirmProps: { color: 'red' },
        onConfirm: () => purge.mutate({ all }, { onSuccess: (done) => tell(`${formatBytes(done.bytes)} freed.`) }),
      });
    } catch (error) {
      tellTrouble(error);
    }
  };
}

function Entry({ entry }: { entry: VaultEntry }) {
  const restore = useAction('vault.restore', ['vault.list']);
  const ask = () =>
    modals.openConfirmModal({
      title: `Take back ${nameOf(entry.original)}, ${formatBytes(entry.size)}?`,
      children: `It is put back as it was, and the result of ${formatBytes(entry.resultSize)} is removed. Flotilla leaves the film alone from then on.`,
      labels: { confirm: 'Take back the original', cancel: 'Keep the result' },
      onConfirm: () =>
        restore.mutate(
          { ids: [entry.id] },
          { onSuccess: ({ refused: [why] }) => tell(why ?? 'The original is back in its place.') },
        ),
    });
  return (
    <Table.Tr>
      <Table.Td title={entry.original}>{nameOf(entry.original)}</Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {formatBytes(entry.size)}
      </Table.Td>
      <Table.Td className={classes.wide}>
        <When time={entry.replacedAt} />
      </Table.Td>
      <Table.Td className={classes.wide}>
        {entry.keepUntil === null ? 'until you purge it' : <When time={entry.keepUntil} />}
      </Table.Td>
      <Table.Td ta="right">
        <Button variant="subtle" loading={restore.isPending} onClick={ask}>
          Take back
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

/** Originals that are kept: how much room they take, and how to take one back or let them go. */
export function VaultSection() {
  const vault = useCall('vault.list', {});
  const purge = usePurge();
  const [search, setSearch] = useState('');
  if (vault.error) return <Trouble error={vault.error} retry={vault.refetch} />;
  if (!vault.data) return <Loading lines={6} />;
  if (vault.data.length === 0) {
    return (
      <Nothing icon={IconArchive} title="The vault is empty">
        After each replacement the original is kept here for a while, so that you can take it back.
      </Nothing>
    );
  }
  const bytes = vault.data.reduce((sum, { size }) => sum + size, 0);
  const words = search.toLowerCase().split(/\s+/);
  const found = vault.data.filter(({ original }) => words.every((word) => original.toLowerCase().includes(word)));
  return (
    <>
      <Group justify="space-between" mb="md">
        <Text>
          {count(vault.data.length, 'original')}, {formatBytes(bytes)}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={() => purge(false)}>
            Purge those past their time
          </Button>
          <Button variant="default" c="var(--fl-failed)" onClick={() => purge(true)}>
            Purge all
          </Button>
        </Group>
      </Group>
      <TextInput
        maw={320}
        mb="sm"
        aria-label="Search the vault"
        placeholder="Search the vault"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <div className={classes.scroll}>
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Original</Table.Th>
              <Table.Th ta="right">Size</Table.Th>
              <Table.Th className={classes.wide}>Replaced</Table.Th>
              <Table.Th className={classes.wide}>Kept</Table.Th>
              <Table.Th aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.slice(0, MOST_ROWS).map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {found.length > MOST_ROWS && (
        <Text c="dimmed" mt="xs">
          {count(found.length - MOST_ROWS, 'more original')}; search for one by its name.
        </Text>
      )}
      {found.length === 0 && <Text c="dimmed">No original matches.</Text>}
    </>
  );
}
