import { BarChart, ScatterChart } from '@mantine/charts';
import { Accordion, Button, Table, Text } from '@mantine/core';
import { IconChartAreaLine } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Output } from '../../../src-shared/contract.ts';
import { codecName } from '../../../src-shared/describe.ts';
import { count, formatBytes, formatDuration, savedPercent } from '../../../src-shared/format.ts';
import { Loading, Nothing, Trouble } from '../../components/bits.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { useCall } from '../../store/calls.ts';
import { useOffline } from '../../store/live.ts';
import { nameOf } from '../../words.ts';
import classes from './insights.module.css';
import SavedOverTime from './saved-over-time.tsx';

type Stats = Output<'stats.get'>;
interface Saving {
  films: number;
  sourceBytes: number;
  resultBytes: number;
}

const savedOf = ({ sourceBytes, resultBytes }: Saving) => sourceBytes - resultBytes;

/** A chart's numbers, for who wants them exactly or cannot see the chart. */
function Numbers({ heads, rows }: { heads: string[]; rows: ReactNode[][] }) {
  return (
    <Accordion variant="default" chevronPosition="left">
      <Accordion.Item value="numbers">
        <Accordion.Control>The numbers</Accordion.Control>
        <Accordion.Panel>
          <div className={classes.scroll}>
            <Table verticalSpacing={4}>
              <Table.Thead>
                <Table.Tr>
                  {heads.map((head, column) => (
                    <Table.Th key={head} ta={column === 0 ? 'left' : 'right'}>
                      {head}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((row) => (
                  <Table.Tr key={String(row[0])}>
                    {row.map((cell, column) => (
                      <Table.Td key={heads[column]} ta={column === 0 ? 'left' : 'right'}>
                        {cell}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

const savingCells = (saving: Saving) => [
  saving.films.toLocaleString('en'),
  formatBytes(saving.sourceBytes),
  formatBytes(saving.resultBytes),
  formatBytes(savedOf(saving)),
  saving.sourceBytes > 0 ? savedPercent(saving.sourceBytes, saving.resultBytes) : '–',
];
const SAVING_HEADS = ['Films', 'Before', 'After', 'Saved', 'Share'];

const BAR = {
  orientation: 'vertical',
  tickLine: 'none',
  gridAxis: 'none',
  maxBarWidth: 16,
  barProps: { radius: 2, isAnimationActive: false },
} as const;

function SavedBy({
  title,
  kind,
  savings,
}: {
  title: string;
  kind: string;
  savings: [label: string, saving: Saving][];
}) {
  if (savings.length === 0) return null;
  const data = savings.map(([label, saving]) => ({ label, saved: savedOf(saving) }));
  return (
    <Section title={title}>
      <BarChart
        {...BAR}
        h={Math.max(data.length * 32 + 40, 96)}
        data={data}
        dataKey="label"
        series={[{ name: 'saved', label: 'Saved', color: 'var(--fl-accent)' }]}
        valueFormatter={formatBytes}
        yAxisProps={{ width: 112 }}
      />
      <Numbers
        heads={[kind, ...SAVING_HEADS]}
        rows={savings.map(([label, saving]) => [label, ...savingCells(saving)])}
      />
    </Section>
  );
}

function Speed({ speed }: { speed: Stats['speed'] }) {
  if (speed.length === 0) return null;
  const data = speed.map(({ worker, resolution, speed: times }) => ({ label: `${worker}, ${resolution}`, times }));
  return (
    <Section title="Speed of encoding">
      <BarChart
        {...BAR}
        h={Math.max(data.length * 32 + 40, 96)}
        data={data}
        dataKey="label"
        series={[{ name: 'times', label: 'Seconds of film a second', color: 'var(--fl-accent)' }]}
        valueFormatter={(value) => `${value.toFixed(1)}×`}
        yAxisProps={{ width: 144 }}
      />
      <Numbers
        heads={['Computer and picture', 'Films', 'Speed', 'Frames a second']}
        rows={speed.map(({ worker, resolution, films, speed: times, fps }) => [
          `${worker}, ${resolution}`,
          films.toLocaleString('en'),
          `${times.toFixed(2)}×`,
          fps === null ? '–' : fps.toFixed(1),
        ])}
      />
    </Section>
  );
}

function Predicted({ predicted }: { predicted: Stats['predicted'] }) {
  if (predicted.length === 0) return null;
  const sum = (pick: (film: Stats['predicted'][number]) => number) =>
    predicted.reduce((total, film) => total + pick(film), 0);
  const [expected, real] = [sum((film) => film.predicted), sum((film) => film.result)];
  return (
    <Section title="Predicted against real size">
      <Text c="dimmed" mb="xs">
        The last {count(predicted.length, 'film')} were expected to take {formatBytes(expected)} and take{' '}
        {formatBytes(real)}.
      </Text>
      <ScatterChart
        h={280}
        data={[
          {
            name: 'Films',
            color: 'var(--fl-accent)',
            data: predicted.map(({ predicted: x, result: y }) => ({ x, y })),
          },
        ]}
        dataKey={{ x: 'x', y: 'y' }}
        labels={{ x: 'Predicted', y: 'Real' }}
        xAxisLabel="Predicted"
        yAxisLabel="Real"
        tickLine="none"
        valueFormatter={{ x: formatBytes, y: formatBytes }}
        yAxisProps={{ width: 72 }}
      />
      <Numbers
        heads={['Film', 'Predicted', 'Real']}
        rows={predicted.map(({ path, predicted: x, result: y }) => [path, formatBytes(x), formatBytes(y)])}
      />
    </Section>
  );
}

function Charts({ stats }: { stats: Stats }) {
  return (
    <>
      <Section title="Space saved over time">
        <SavedOverTime stats={stats} height={260} />
        <Numbers
          heads={['Day', ...SAVING_HEADS]}
          rows={stats.byDay.toReversed().map((day) => [day.day, ...savingCells(day)])}
        />
      </Section>
      <div className={classes.columns}>
        <SavedBy
          title="Saved by library"
          kind="Library"
          savings={stats.byLibrary.map((one) => [nameOf(one.root), one])}
        />
        <SavedBy
          title="Saved by codec of the source"
          kind="Codec"
          savings={stats.byCodec.map((one) => [codecName(one.codec), one])}
        />
        <SavedBy
          title="Saved by picture"
          kind="Picture"
          savings={stats.byResolution.map((one) => [one.resolution, one])}
        />
        <SavedBy title="Saved by computer" kind="Computer" savings={stats.byWorker.map((one) => [one.worker, one])} />
        <Speed speed={stats.speed} />
        <Predicted predicted={stats.predicted} />
      </div>
    </>
  );
}

/** What the conversions have brought, where and how fast. */
export function InsightsPage() {
  const stats = useCall('stats.get', {});
  const offline = useOffline();
  const total = stats.data?.total;
  const sentence =
    total &&
    (total.films > 0
      ? `${count(total.films, 'film')} saved ${formatBytes(savedOf(total))} in ${formatDuration(total.encodeSeconds)} of encoding.`
      : 'Nothing converted yet.');
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead title="Insights" sentence={sentence} />
      <PageBody>
        {stats.error && <Trouble error={stats.error} retry={stats.refetch} />}
        {!stats.data && !stats.error && <Loading lines={3} height={220} />}
        {stats.data &&
          (stats.data.total.films > 0 ? (
            <Charts stats={stats.data} />
          ) : (
            <Nothing
              icon={IconChartAreaLine}
              title="Nothing to show yet"
              action={
                <Button component={Link} href="/queue" variant="default">
                  To the queue
                </Button>
              }
            >
              With the first converted film, charts of what was saved and how fast grow here.
            </Nothing>
          ))}
      </PageBody>
    </div>
  );
}
