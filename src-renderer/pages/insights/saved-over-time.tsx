import { AreaChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { Output } from '../../../src-shared/contract.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { savedByDay } from './by-day.ts';

// A day without a clock is read as midnight in UTC, and has to be told so too.
const shortDay = (day: string) =>
  new Date(day).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** How much space has been saved up to each day. */
export default function SavedOverTime({ stats, height }: { stats: Output<'stats.get'>; height: number }) {
  const data = savedByDay(stats.byDay);
  if (data.length === 0) return <Text c="dimmed">What the films save adds up here.</Text>;
  return (
    <AreaChart
      h={height}
      data={data}
      dataKey="day"
      series={[{ name: 'saved', label: 'Saved', color: 'var(--fl-accent)' }]}
      curveType="linear"
      withGradient={false}
      fillOpacity={0.15}
      strokeWidth={2}
      withDots={false}
      gridAxis="x"
      tickLine="none"
      valueFormatter={formatBytes}
      tooltipProps={{ labelFormatter: (day) => shortDay(String(day)) }}
      xAxisProps={{ tickFormatter: shortDay, minTickGap: 48 }}
      yAxisProps={{ width: 72 }}
      areaProps={{ isAnimationActive: false }}
    />
  );
}
