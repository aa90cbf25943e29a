import { Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconArchive, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { CallName, VaultEntry } from '../../../src-shared/contract.ts';
import { count, formatBytes } from '../../../src-shared/format.ts';
import { Loading, Nothing, Trouble, When } from '../../components/bits.tsx';
import { tell, tellTrouble, useAction, useCall } from '../../store/calls.ts';
import { call } from '../../transport.ts';
import { nameOf } from '../../words.ts';
import classes from './settings.module.css';

/** Rows shown at first, and more at a click. */
const ROWS = 100;
/** No more than this are shown; the search finds the rest. */
const MOST_ROWS = 1000;
/** Typing never waits: the list follows a moment later. */
const TYPING = 200;
const CHANGES: CallName[] = ['vault.list', 'vault.tally'];

function usePurge() {
  const purge = useAction('vault.purge', CHANGES);
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
  const restore = useAction('vault.restore', CHANGES);
  const ask = () =>
    modals.openConfirmModal({
      title: `Take back ${nameOf(entry.original)}, ${formatBytes(entry.size)}?`,
      children: `It is put back as it was, and the result of ${formatBytes(entry.resultSize)} is removed. Flotilla leaves the film alone from then on.`,
      labels: { confirm: 'Take back the original', cancel: 'Keep the result' },
      onConfirm: () =>
        // A promise, since the row goes before mutate's own callback would be called.
        restore.mutateAsync({ ids: [entry.id] }).then(
          ({ refused: [why] }) => tell(why ?? 'The original is back in its place.'),
          () => undefined,
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
  const purge = usePurge();
  const [search, setSearch] = useState('');
  const [rows, setRows] = useState(ROWS);
  const [asked] = useDebouncedValue(search, TYPING);
  const kept = useCall('vault.tally', {});
  const matching = useCall('vault.tally', { search: asked }, { keep: true });
  const entries = useCall('vault.list', { search: asked, limit: rows }, { keep: true });
  const error = kept.error ?? matching.error ?? entries.error;
  if (error)
    return <Trouble error={error} retry={() => [kept, matching, entries].forEach((one) => void one.refetch())} />;
  if (!kept.data || !matching.data || !entries.data) return <Loading lines={6} />;
  if (kept.data.count === 0) {
    return (
      <Nothing icon={IconArchive} title="The vault is empty">
        After each replacement the original is kept here for a while, so that you can take it back.
      </Nothing>
    );
  }
  const more = matching.data.count - entries.data.length;
  return (
    <>
      <Group justify="space-between" mb="md">
        <Text>
          {count(kept.data.count, 'original')}, {formatBytes(kept.data.bytes)}
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
        maxLength={200}
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
            {entries.data.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {more > 0 && (
        <Group mt="xs">
          <Text c="dimmed">
            {count(more, 'more original')}
            {rows >= MOST_ROWS && '; search for one by its name'}.
          </Text>
          {rows < MOST_ROWS && (
            <Button variant="default" onClick={() => setRows(Math.min(rows + ROWS, MOST_ROWS))}>
              Show more
            </Button>
          )}
        </Group>
      )}
      {matching.data.count === 0 && <Text c="dimmed">No original matches.</Text>}
    </>
  );
}
