import { Text } from '@mantine/core';
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table';
import { useContext } from 'react';
import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { codecName } from '../../../src-shared/media/describe.ts';
import { formatBytes, formatDuration, savedPercent } from '../../../src-shared/text/format.ts';
import { LiveState } from '../../components/live-state.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Savings } from '../../components/savings.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { priorityLabel } from '../../features/file-actions/priorities.ts';
import { RuleLink } from '../../features/reasons/rule-link.tsx';
import { reasonLabel } from '../../features/reasons/skip-reasons.ts';
import { folderOf, nameOf } from '../../lib/labels.ts';
import { Estimates } from './estimates.ts';
import classes from './table.module.css';

export const features = tableFeatures({ columnVisibilityFeature });
const helper = createColumnHelper<typeof features, FileView>();

const Dash = () => (
  <Text span c="dimmed">
    –
  </Text>
);

/** True for a video whose state has a reason that people look for. */
const isExplained = ({ state, reason }: FileView): boolean =>
  reason !== null && (state === 'skipped' || state === 'failed' || state === 'blocked');

/** Under the name: why it is not converted, or where it is. */
function secondLine(file: FileView): string {
  if (file.missing) return 'Missing';
  return (isExplained(file) && file.reason) || folderOf(file.path) || ' ';
}

/** On a phone, which has no columns for it: the size, and what a conversion made of it. */
function sizesOf({ size, sourceSize, resultSize, state }: FileView): string {
  if (state !== 'done' || sourceSize === null || resultSize === null) return formatBytes(size);
  return `${formatBytes(sourceSize)} → ${formatBytes(resultSize)}, −${savedPercent(sourceSize, resultSize)}`;
}

function Expected({ file }: { file: FileView }) {
  const after = useContext(Estimates).get(file.id);
  if (after === undefined || file.state === 'done') return <Dash />;
  return <Savings before={file.size} after={after} />;
}

function Video({ file }: { file: FileView }) {
  const narrow = useNarrow();
  return (
    <div className={classes.video}>
      <span className={classes.name} title={file.path}>
        {nameOf(file.path)}
      </span>
      <span className={classes.folder} title={isExplained(file) ? (file.reason ?? undefined) : undefined}>
        {secondLine(file)}
      </span>
      {narrow && <span className={classes.sizes}>{sizesOf(file)}</span>}
    </div>
  );
}

const megabits = (bits: number) => `${(bits / 1e6).toFixed(bits < 9.95e6 ? 1 : 0)} Mb/s`;

/** The library's columns in the order of the table. */
export const columns = helper.columns([
  helper.display({
    id: 'video',
    header: 'Name',
    enableHiding: false,
    cell: ({ row }) => <Video file={row.original} />,
  }),
  helper.accessor('resolution', { header: 'Resolution', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('codec', {
    header: 'Codec',
    cell: ({ getValue }) => {
      const codec = getValue();
      return codec ? codecName(codec) : <Dash />;
    },
  }),
  helper.accessor('hdr', { header: 'HDR', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('bitRate', {
    header: 'Bit rate',
    cell: ({ getValue }) => {
      const bits = getValue();
      return bits === null ? <Dash /> : megabits(bits);
    },
  }),
  helper.accessor('audio', { header: 'Audio', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('duration', {
    header: 'Length',
    cell: ({ getValue }) => {
      const seconds = getValue();
      return seconds === null ? <Dash /> : formatDuration(seconds);
    },
  }),
  helper.accessor('frameRate', {
    header: 'Frame rate',
    cell: ({ getValue }) => {
      const rate = getValue();
      return rate === null ? <Dash /> : `${Number(rate.toFixed(2))} fps`;
    },
  }),
  helper.display({
    id: 'size',
    header: 'Size',
    cell: ({ row: { original } }) => formatBytes(original.sourceSize ?? original.size),
  }),
  helper.accessor('resultSize', {
    header: 'New size',
    cell: ({ getValue }) => {
      const bytes = getValue();
      return bytes === null ? <Dash /> : formatBytes(bytes);
    },
  }),
  helper.display({
    id: 'saved',
    header: 'Saved',
    cell: ({ row: { original } }) =>
      original.state === 'done' ? <Savings before={original.sourceSize} after={original.resultSize} /> : <Dash />,
  }),
  helper.display({
    id: 'expected',
    header: 'Expected saving',
    cell: ({ row }) => <Expected file={row.original} />,
  }),
  helper.display({ id: 'state', header: 'Status', cell: ({ row }) => <LiveState file={row.original} /> }),
  helper.display({
    id: 'reason',
    header: 'Reason',
    cell: ({ row: { original } }) =>
      original.code ? (
        <span title={original.reason ?? undefined}>
          {reasonLabel(original.code)} <RuleLink code={original.state === 'skipped' ? original.code : null} />
        </span>
      ) : (
        <Dash />
      ),
  }),
  helper.accessor('priority', {
    header: 'Priority',
    cell: ({ getValue }) => {
      const priority = getValue();
      return priority === null ? <Dash /> : priorityLabel(priority);
    },
  }),
  helper.accessor('worker', { header: 'Computer', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('added', { header: 'Added', cell: ({ getValue }) => <RelativeTime time={getValue()} /> }),
  helper.accessor('modified', { header: 'Modified', cell: ({ getValue }) => <RelativeTime time={getValue()} /> }),
]);
