import { Button, Chip, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconHistory, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { type HistoryEntry, HistoryKind } from '../../../src-shared/contract/history.ts';
import { fullDay } from '../../../src-shared/text/time-words.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useOpenFile } from '../../store/open-file.ts';
import { useCall } from '../../store/queries.ts';
import classes from './history.module.css';

/** What a kind is called in a row, and where it is chosen. */
const KIND_LABELS: Record<HistoryKind, [one: string, many: string]> = {
  conversion: ['Conversion', 'Conversions'],
  restore: ['Restore', 'Restores'],
  purge: ['Purge', 'Purges'],
  video: ['Video', 'Videos'],
  library: ['Library', 'Libraries'],
  worker: ['Worker', 'Workers'],
  pause: ['Pause', 'Pauses'],
  settings: ['Settings', 'Settings'],
  access: ['Access', 'Access'],
};

/** Entries shown at first, and more at a click. */
const ROWS = 100;
/** As many as one call gives; the search finds the rest. */
const MAX_ROWS = 500;
/** Typing never waits: the list follows a moment later. */
const TYPING = 200;

const actorLabel = (by: string | null) => (by === 'you' ? 'You' : (by ?? 'Flotilla'));

function Row({ entry: { time, kind, by, text, file } }: { entry: HistoryEntry }) {
  const open = useOpenFile();
  return (
    <li className={classes.row}>
      <span className={classes.time}>
        <RelativeTime time={time} />
      </span>
      <span className={classes.kind}>{KIND_LABELS[kind][0]}</span>
      {file === null ? (
        <span className={classes.text}>{text}</span>
      ) : (
        <button type="button" className={classes.text} onClick={() => open(file)}>
          {text}
        </button>
      )}
      <span className={classes.by}>{actorLabel(by)}</span>
    </li>
  );
}

/** The entries by day, in their order. */
function byDay(entries: readonly HistoryEntry[]): [day: string, entries: HistoryEntry[]][] {
  const days = new Map<string, HistoryEntry[]>();
  for (const entry of entries) days.set(fullDay(entry.time), [...(days.get(fullDay(entry.time)) ?? []), entry]);
  return [...days];
}

/** What happened when, and who did it. */
export function HistoryPage() {
  const [search, setSearch] = useState('');
  const [kinds, setKinds] = useState<string[]>([]);
  const [rows, setRows] = useState(ROWS);
  const [asked] = useDebouncedValue(search, TYPING);
  const kind = HistoryKind.options.filter((option) => kinds.includes(option));
  const history = useCall(
    'history.list',
    { ...(asked.trim() && { search: asked }), ...(kind.length > 0 && { kind }), limit: rows },
    { keep: true },
  );
  const { data } = history;
  const isFiltered = asked.trim() !== '' || kind.length > 0;
  return (
    <>
      <PageHead title="History" sentence="What happened when, and who did it." />
      <PageBody>
        <TextInput
          maw={320}
          mb="sm"
          aria-label="Search the history"
          placeholder="Search the history"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          maxLength={200}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Chip.Group multiple value={kinds} onChange={setKinds}>
          <Group gap={4} mb="md">
            {HistoryKind.options.map((option) => (
              <Chip key={option} value={option} size="xs">
                {KIND_LABELS[option][1]}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {history.error ? (
          <ErrorAlert error={history.error} retry={history.refetch} />
        ) : !data ? (
          <Loading lines={8} />
        ) : data.length === 0 ? (
          isFiltered ? (
            <Text c="dimmed" role="status">
              Nothing in the history matches.
            </Text>
          ) : (
            <EmptyState icon={IconHistory} title="Nothing has happened yet">
              Conversions, restored originals, changed settings, and what workers do appear here.
            </EmptyState>
          )
        ) : (
          byDay(data).map(([day, entries]) => (
            <section key={day} aria-label={day}>
              <h2 className={classes.day}>{day}</h2>
              <ul className={classes.list}>
                {entries.map((entry) => (
                  <Row key={entry.id} entry={entry} />
                ))}
              </ul>
            </section>
          ))
        )}
        {data?.length === rows && rows < MAX_ROWS && (
          <Button mt="sm" variant="default" onClick={() => setRows(MAX_ROWS)}>
            Show more
          </Button>
        )}
      </PageBody>
    </>
  );
}
