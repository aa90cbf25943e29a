import { Button, Checkbox, Group, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArchive, IconArrowBackUp, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { VaultEntry } from '../../../src-shared/contract/index.ts';
import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { folderOf, nameOf } from '../../lib/labels.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { useCall } from '../../store/queries.ts';
import { usePurge, useRestore } from './actions.tsx';
import { Filters, useFilter, useView } from './filters.tsx';
import { type Selection, useSelection } from './selection.ts';
import classes from './vault.module.css';

/** Rows shown at first, and more at a click. */
const ROWS = 100;
/** No more than this are shown; the search finds the rest. */
const MAX_ROWS = 1000;
/** Typing never waits: the list follows a moment later. */
const TYPING = 200;

function Expiry({ entry: { expired, keepUntil } }: { entry: VaultEntry }) {
  if (expired) return <span className={classes.expired}>Expired</span>;
  if (keepUntil === null) return 'Kept until you purge it';
  return (
    <>
      Expires <RelativeTime time={keepUntil} />
    </>
  );
}

function Row({ entry, selection }: { entry: VaultEntry; selection: Selection }) {
  const open = useOpenFile();
  const restore = useRestore(selection.clear);
  const name = nameOf(entry.original);
  const { file } = entry;
  return (
    <li className={classes.row} data-selected={selection.has(entry) || undefined}>
      <Checkbox aria-label={`Select ${name}`} checked={selection.has(entry)} onChange={() => selection.toggle(entry)} />
      <div className={classes.what}>
        {file === null ? (
          <span className={classes.name} title={entry.original}>
            {name}
          </span>
        ) : (
          <button type="button" className={classes.name} title={entry.original} onClick={() => open(file)}>
            {name}
          </button>
        )}
        <span className={classes.folder} title={entry.original}>
          {folderOf(entry.original)}
        </span>
      </div>
      <span className={classes.size}>{formatBytes(entry.size)}</span>
      <span className={classes.when}>
        Replaced <RelativeTime time={entry.replacedAt} />
      </span>
      <span className={classes.when}>
        <Expiry entry={entry} />
      </span>
      <Button
        className={classes.restore}
        variant="subtle"
        aria-label={`Restore ${name}`}
        loading={restore.busy}
        leftSection={<IconArrowBackUp size={16} aria-hidden />}
        onClick={() => restore.ask({ ids: [entry.id] }, 1, `${name} (${formatBytes(entry.size)})`)}
      >
        Restore
      </Button>
    </li>
  );
}

/** What can be done to the selected originals; it stays in view. */
function SelectionBar({ selection }: { selection: Selection }) {
  const purge = usePurge(selection.clear);
  const restore = useRestore(selection.clear);
  const { count: n, bytes, chosen } = selection;
  if (n === 0) return null;
  const what = `${count(n, 'original')}, ${formatBytes(bytes)}`;
  return (
    <section className={classes.bar} aria-label="Selection">
      <Text fw={500}>
        {count(n, 'original')} selected, {formatBytes(bytes)}
      </Text>
      <Group gap="xs">
        <Button variant="default" loading={restore.busy} onClick={() => restore.ask(chosen, n, what)}>
          Restore
        </Button>
        <Button variant="default" c="var(--fl-failed)" loading={purge.busy} onClick={() => purge.ask(chosen)}>
          Purge
        </Button>
        <Button variant="subtle" onClick={selection.clear}>
          Clear
        </Button>
      </Group>
    </section>
  );
}

function Entries() {
  const [view, change] = useView();
  const [search] = useDebouncedValue(view.search, TYPING);
  const filter = useFilter({ ...view, search });
  const [rows, setRows] = useState(ROWS);
  const matching = useCall('vault.tally', filter, { keep: true });
  const entries = useCall('vault.list', { ...filter, limit: rows }, { keep: true });
  const selection = useSelection(filter, matching.data ?? { count: 0, bytes: 0 });
  const error = matching.error ?? entries.error;
  if (error)
    return <ErrorAlert error={error} retry={() => void Promise.all([matching.refetch(), entries.refetch()])} />;
  if (!matching.data || !entries.data) return <Loading lines={8} />;
  const { count: found, bytes } = matching.data;
  const more = found - entries.data.length;
  return (
    <>
      <Filters view={view} change={change} />
      {found === 0 ? (
        <Text c="dimmed" py="lg" role="status">
          No originals match.
        </Text>
      ) : (
        <>
          <Checkbox
            className={classes.all}
            checked={selection.all && selection.count === found}
            indeterminate={selection.count > 0 && selection.count < found}
            label={`Select all ${count(found, 'original')}, ${formatBytes(bytes)}`}
            onChange={selection.toggleAll}
          />
          <ul className={classes.list} aria-label="Originals" aria-busy={entries.isPlaceholderData}>
            {entries.data.map((entry) => (
              <Row key={entry.id} entry={entry} selection={selection} />
            ))}
          </ul>
        </>
      )}
      {more > 0 && (
        <Group mt="xs">
          <Text c="dimmed">
            {count(more, 'more original')}
            {rows >= MAX_ROWS && '; search to find them'}.
          </Text>
          {rows < MAX_ROWS && (
            <Button variant="default" onClick={() => setRows(Math.min(rows + ROWS, MAX_ROWS))}>
              Show more
            </Button>
          )}
        </Group>
      )}
      <SelectionBar selection={selection} />
    </>
  );
}

/** The originals that are kept after replacements: what they take, and how to restore or purge them. */
export function VaultPage() {
  const kept = useCall('vault.tally', {});
  const settings = useCall('settings.get', {});
  const purge = usePurge(() => undefined);
  const { data } = kept;
  const testing = settings.data?.values.testingMode === true;
  const sentence = data && data.count > 0 && (
    <>
      {count(data.count, 'original')} {data.count === 1 ? 'takes' : 'take'} {formatBytes(data.bytes)}.{' '}
      {data.expired.count > 0
        ? `Purging the ${data.expired.count.toLocaleString('en')} expired frees ${formatBytes(data.expired.bytes)}.`
        : !testing && 'None is expired.'}
    </>
  );
  return (
    <>
      <PageHead
        title="Vault"
        sentence={sentence}
        actions={
          data !== undefined &&
          data.expired.count > 0 && (
            <Button
              leftSection={<IconTrash size={16} aria-hidden />}
              loading={purge.busy}
              onClick={() => purge.ask({})}
            >
              Purge expired
            </Button>
          )
        }
      />
      <PageBody>
        {kept.error ? (
          <ErrorAlert error={kept.error} retry={kept.refetch} />
        ) : !data ? (
          <Loading lines={8} />
        ) : data.count === 0 ? (
          <EmptyState icon={IconArchive} title="The vault is empty">
            After each replacement, the original is kept here for a while so that you can restore it.
          </EmptyState>
        ) : (
          <>
            {testing && (
              <Notice title="Testing mode is on">
                <span>
                  Originals stay here until you purge them, so conversions free no space yet.{' '}
                  <Link href="/settings/safety">Change in Settings</Link>
                </span>
              </Notice>
            )}
            <Entries />
          </>
        )}
      </PageBody>
    </>
  );
}
