import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconDownload, IconFileText, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LogLine } from '../../../src-shared/contract/log-line.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { BASE } from '../../lib/base-path.ts';
import { call } from '../../lib/transport.ts';
import classes from './logs.module.css';

/** How often new lines are looked for while the page is open, in ms. */
const PULSE_MS = 5000;
/** Lines that are shown; the download has all of them. */
const LINES = 500;
/** Typing never waits: the list follows a moment later. */
const TYPING = 200;

/** pino's numbers, in words. */
const LEVELS: Record<number, string> = {
  10: 'Trace',
  20: 'Debug',
  30: 'Info',
  40: 'Warning',
  50: 'Error',
  60: 'Fatal',
};
const CHOICES = [
  { value: '0', label: 'Everything' },
  { value: '30', label: 'Info and above' },
  { value: '40', label: 'Warnings and errors' },
  { value: '50', label: 'Errors' },
];

const at = (time: number) => new Date(time).toLocaleString('sv-SE');

/** The latest lines first, asked for again while the page is open. */
function useLog(level: number, search: string) {
  return useQuery<LogLine[]>({
    queryKey: ['log.list', level, search],
    queryFn: async () => (await call('log.list', { level, search, limit: LINES })).reverse(),
    refetchInterval: PULSE_MS,
    placeholderData: (before) => before,
  });
}

/** What Flotilla on this computer wrote into its log. */
export function LogsPage() {
  const [search, setSearch] = useState('');
  const [level, setLevel] = useState('30');
  const [asked] = useDebouncedValue(search, TYPING);
  const { data, error, refetch } = useLog(Number(level), asked);
  return (
    <>
      <PageHead
        title="Logs"
        sentence={data && `The latest ${LINES} lines, newest first.`}
        actions={
          <>
            <Button
              variant="default"
              component="a"
              href={`${BASE}/api/logs`}
              download
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              Download log
            </Button>
            <Button variant="default" component="a" href={`${BASE}/api/support`} download>
              Support bundle
            </Button>
          </>
        }
      />
      <PageBody>
        <Group gap="xs" mb="sm">
          <TextInput
            className={classes.search}
            aria-label="Search the log"
            placeholder="Search the log"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={search}
            maxLength={200}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <Select
            aria-label="Level"
            w={200}
            allowDeselect={false}
            data={CHOICES}
            value={level}
            onChange={(value) => setLevel(value ?? '0')}
          />
        </Group>
        {error ? (
          <ErrorAlert error={error} retry={refetch} />
        ) : !data ? (
          <Loading lines={8} />
        ) : data.length === 0 && asked.trim() === '' && level === '0' ? (
          <EmptyState icon={IconFileText} title="The log is empty">
            What Flotilla does and what goes wrong appears here.
          </EmptyState>
        ) : data.length === 0 ? (
          <Text c="dimmed" role="status">
            No lines match.
          </Text>
        ) : (
          <ul className={classes.list} aria-label="Log">
            {data.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two lines of one millisecond can be identical
              <li key={`${line.time}-${data.length - index}`} className={classes.line} data-level={line.level}>
                <time className={classes.time}>{at(line.time)}</time>
                <span className={classes.level}>{LEVELS[line.level] ?? line.level}</span>
                <span className={classes.message}>{line.msg}</span>
              </li>
            ))}
          </ul>
        )}
      </PageBody>
    </>
  );
}
