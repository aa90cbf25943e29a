import { BarChart, ScatterChart } from '@mantine/charts';
import { Accordion, Button, Group, SegmentedControl, Table, Text } from '@mantine/core';
import { IconChartAreaLine } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { Output } from '../../../src-shared/contract/index.ts';
import { codecName } from '../../../src-shared/media/describe.ts';
import { count, formatBytes, formatDuration, savedPercent } from '../../../src-shared/text/format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead, Section } from '../../components/page.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { byteTicks } from '../../features/stats/byte-ticks.ts';
import { accuracyOf } from '../../features/stats/forecast-accuracy.ts';
import SavedOverTime from '../../features/stats/saved-over-time.tsx';
import { RANGES, type Range } from '../../features/stats/saved-points.ts';
import { nameOf } from '../../lib/labels.ts';
import { useLive, useOffline } from '../../store/live.ts';
import { useCall } from '../../store/queries.ts';
import classes from './insights.module.css';

type Stats = Output<'stats.get'>;

const BEST_SAVINGS = '/library?state=done&sort=-saved';

interface Saving {
  films: number;
  sourceBytes: number;
  resultBytes: number;
}

const savedOf = ({ sourceBytes, resultBytes }: Saving) => sourceBytes - resultBytes;

/** A chart's numbers, exactly, and for users who cannot see the chart. */
function Numbers({ heads, rows }: { heads: string[]; rows: ReactNode[][] }) {
  return (
    <Accordion
      variant="default"
      chevronPosition="left"
      classNames={{ item: classes.numbers, control: classes.show, chevron: classes.chevron }}
    >
      <Accordion.Item value="numbers">
        <Accordion.Control>Show as table</Accordion.Control>
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

/** Props of an axis from 0 with round ticks. */
function axisOf(max: number) {
  const ticks = byteTicks(max);
  return { ticks, domain: [0, ticks.at(-1) ?? 0] };
}

const savingCells = (saving: Saving) => [
  saving.films.toLocaleString('en'),
  formatBytes(saving.sourceBytes),
  formatBytes(saving.resultBytes),
  formatBytes(savedOf(saving)),
  saving.sourceBytes > 0 ? savedPercent(saving.sourceBytes, saving.resultBytes) : '–',
];
const SAVING_HEADS = ['Videos', 'Before', 'After', 'Saved', 'Saved (%)'];

const BAR = {
  orientation: 'vertical',
  tickLine: 'none',
  gridAxis: 'none',
  maxBarWidth: 16,
  barProps: { radius: 2, isAnimationActive: false },
  // Room for the value behind the longest bar.
  barChartProps: { margin: { right: 72 } },
  withBarValueLabel: true,
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
  const narrow = useNarrow();
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
        xAxisProps={axisOf(Math.max(...data.map(({ saved }) => saved)))}
        // On a phone only some ticks would have room; each bar has its number.
        withXAxis={!narrow}
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
    <Section title="Encoding speed">
      <BarChart
        {...BAR}
        h={Math.max(data.length * 32 + 40, 96)}
        data={data}
        dataKey="label"
        series={[{ name: 'times', label: 'Speed (× real time)', color: 'var(--fl-accent)' }]}
        valueFormatter={(value) => `${value.toFixed(1)}×`}
        xAxisProps={axisOf(Math.max(...data.map(({ times }) => times)))}
        yAxisProps={{ width: 144 }}
      />
      <Numbers
        heads={['Computer and resolution', 'Videos', 'Speed', 'Frames per second']}
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
  const sum = (pick: (video: Stats['predicted'][number]) => number) =>
    predicted.reduce((total, video) => total + pick(video), 0);
  const largest = Math.max(...predicted.flatMap(({ predicted: x, result: y }) => [x, y]));
  const end = byteTicks(largest).at(-1) ?? 0;
  const [expected, real] = [sum((video) => video.predicted), sum((video) => video.result)];
  return (
    <Section title="Predicted vs. actual size">
      <Text c="dimmed" mb="xs">
        Last {count(predicted.length, 'video')}: predicted {formatBytes(expected)}, actual {formatBytes(real)}. Videos
        above the line became larger than predicted.
      </Text>
      {accuracyOf(predicted).map((sentence) => (
        <Text key={sentence} mb="xs">
          {sentence}
        </Text>
      ))}
      <ScatterChart
        h={280}
        data={[
          {
            name: 'Videos',
            color: 'color-mix(in srgb, var(--fl-accent) 45%, transparent)',
            data: predicted.map(({ predicted: x, result: y }) => ({ x, y })),
          },
        ]}
        dataKey={{ x: 'x', y: 'y' }}
        labels={{ x: 'Predicted', y: 'Actual' }}
        xAxisLabel="Predicted"
        yAxisLabel="Actual"
        tickLine="none"
        valueFormatter={{ x: formatBytes, y: formatBytes }}
        // A video on this line has just the size that was predicted.
        referenceLines={[
          {
            segment: [
              { x: 0, y: 0 },
              { x: end, y: end },
            ],
            color: 'var(--fl-control)',
            strokeDasharray: '4 4',
          },
        ]}
        xAxisProps={axisOf(largest)}
        yAxisProps={{ width: 80, ...axisOf(largest) }}
      />
      <Numbers
        heads={['Video', 'Forecast', 'By samples', 'Actual', 'Quality asked for', 'Quality']}
        rows={predicted.map(({ path, predicted: x, sampled, result: y, quality }) => [
          path,
          formatBytes(x),
          sampled === null ? '–' : formatBytes(sampled),
          formatBytes(y),
          quality ? `${quality.target} dB` : '–',
          quality ? `${quality.measured.toFixed(1)} dB` : '–',
        ])}
      />
    </Section>
  );
}

function Charts({ stats }: { stats: Stats }) {
  const [range, setRange] = useState<Range>('All');
  return (
    <>
      <Section title="Space saved over time">
        <Group justify="space-between" mb="xs">
          <SegmentedControl
            size="xs"
            aria-label="Time range"
            data={Object.keys(RANGES)}
            value={range}
            onChange={(chosen) => setRange(chosen as Range)}
          />
          <Button component={Link} href={BEST_SAVINGS} variant="default" size="compact-sm">
            Best savings
          </Button>
        </Group>
        <SavedOverTime stats={stats} height={260} range={range} />
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
          title="Saved by source codec"
          kind="Codec"
          savings={stats.byCodec.map((one) => [codecName(one.codec), one])}
        />
        <SavedBy
          title="Saved by resolution"
          kind="Resolution"
          savings={stats.byResolution.map((one) => [one.resolution, one])}
        />
        <SavedBy title="Saved by computer" kind="Computer" savings={stats.byWorker.map((one) => [one.worker, one])} />
        <Speed speed={stats.speed} />
        <Predicted predicted={stats.predicted} />
      </div>
    </>
  );
}

/** What the conversions have saved, where, and how fast. */
export function InsightsPage() {
  const stats = useCall('stats.get', {});
  const offline = useOffline();
  const kept = useLive(({ summary }) => summary?.vaultBytes ?? 0);
  const total = stats.data?.total;
  const sentence =
    total &&
    (total.films > 0
      ? `${count(total.films, 'video')} saved ${formatBytes(savedOf(total))} in ${formatDuration(total.encodeSeconds)} of encoding.${kept > 0 ? ` ${formatBytes(kept)} of originals are still in the vault.` : ''}`
      : 'Nothing converted yet.');
  return (
    <div className={offline ? 'stale' : undefined}>
      <PageHead title="Insights" sentence={sentence} />
      <PageBody>
        {stats.error && <ErrorAlert error={stats.error} retry={stats.refetch} />}
        {!stats.data && !stats.error && <Loading lines={3} height={220} />}
        {stats.data &&
          (stats.data.total.films > 0 ? (
            <Charts stats={stats.data} />
          ) : (
            <EmptyState
              icon={IconChartAreaLine}
              title="Nothing to show yet"
              action={
                <Button component={Link} href="/queue" variant="default">
                  Go to queue
                </Button>
              }
            >
              Charts appear here after the first conversion.
            </EmptyState>
          ))}
      </PageBody>
    </div>
  );
}
