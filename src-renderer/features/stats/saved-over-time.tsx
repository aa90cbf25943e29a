import { AreaChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { Output } from '../../../src-shared/contract/index.ts';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { dayOfYear, hourOfWeek } from '../../../src-shared/text/time-words.ts';
import { byteTicks } from './byte-ticks.ts';
import { type Range, type SavedPoints, savedPoints } from './saved-points.ts';

const LABELS: Record<SavedPoints['unit'], (time: number) => string> = {
  hour: hourOfWeek,
  // A day without a clock is read as midnight in UTC, and has to be formatted so too.
  day: dayOfYear,
};

/** Props of an axis of bytes with round ticks. */
function bytesAxis(values: number[]) {
  const ticks = byteTicks(Math.max(...values));
  return { ticks, domain: [Math.min(0, ...values), ticks.at(-1) ?? 0] };
}

/** How much space has been saved up to each day, in the first week up to each hour. */
export default function SavedOverTime({
  stats,
  height,
  range,
}: {
  stats: Output<'stats.get'>;
  height: number;
  range?: Range;
}) {
  const { unit, points: data } = savedPoints(stats, range);
  const label = LABELS[unit];
  if (data.length === 0) return <Text c="dimmed">Saved space appears here after the first conversion.</Text>;
  return (
    <AreaChart
      h={height}
      data={data}
      dataKey="time"
      series={[{ name: 'saved', label: 'Saved', color: 'var(--fl-accent)' }]}
      curveType="linear"
      withGradient={false}
      fillOpacity={0.15}
      strokeWidth={2}
      withDots={false}
      gridAxis="x"
      tickLine="none"
      valueFormatter={formatBytes}
      tooltipProps={{ labelFormatter: (time) => label(Number(time)) }}
      xAxisProps={{ tickFormatter: label, minTickGap: 48, interval: 'equidistantPreserveStart' }}
      yAxisProps={{ width: 80, ...bytesAxis(data.map(({ saved }) => saved)) }}
      areaProps={{ isAnimationActive: false }}
    />
  );
}
