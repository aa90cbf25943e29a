import { Text } from '@mantine/core';
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table';
import { codecName } from '../../../src-shared/describe.ts';
import type { FileSort, FileView } from '../../../src-shared/file-view.ts';
import { formatBytes, formatDuration } from '../../../src-shared/format.ts';
import { Saving, When } from '../../components/bits.tsx';
import { LiveState } from '../../components/live-state.tsx';
import { folderOf, nameOf } from '../../words.ts';
import classes from './table.module.css';

export const features = tableFeatures({ columnVisibilityFeature });
const helper = createColumnHelper<typeof features, FileView>();

/** How a column is laid out and what its heading sorts by. */
interface Layout {
  /** As in CSS `grid-template-columns`. */
  width: string;
  sort?: FileSort;
  /** Numbers stand at the right. */
  numeric?: true;
  /** Shown only when the user asks for it. */
  extra?: true;
}

const Dash = () => (
  <Text span c="dimmed">
    –
  </Text>
);

function Film({ file }: { file: FileView }) {
  return (
    <div className={classes.film}>
      <span className={classes.name} title={file.path}>
        {nameOf(file.path)}
      </span>
      <span className={classes.folder}>{file.missing ? 'No longer on the disk' : folderOf(file.path) || ' '}</span>
    </div>
  );
}

const megabits = (bits: number) => `${(bits / 1e6).toFixed(bits < 9.95e6 ? 1 : 0)} Mb/s`;

/** The library's columns in the order of the table. */
export const columns = helper.columns([
  helper.display({ id: 'film', header: 'Film', enableHiding: false, cell: ({ row }) => <Film file={row.original} /> }),
  helper.accessor('resolution', { header: 'Picture', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('codec', {
    header: 'Video',
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
    header: 'Result',
    cell: ({ getValue }) => {
      const bytes = getValue();
      return bytes === null ? <Dash /> : formatBytes(bytes);
    },
  }),
  helper.display({
    id: 'saved',
    header: 'Saved',
    cell: ({ row: { original } }) =>
      original.state === 'done' ? <Saving before={original.sourceSize} after={original.resultSize} /> : <Dash />,
  }),
  helper.display({ id: 'state', header: 'State', cell: ({ row }) => <LiveState file={row.original} /> }),
  helper.accessor('worker', { header: 'Computer', cell: ({ getValue }) => getValue() ?? <Dash /> }),
  helper.accessor('added', { header: 'Added', cell: ({ getValue }) => <When time={getValue()} /> }),
  helper.accessor('modified', { header: 'Changed', cell: ({ getValue }) => <When time={getValue()} /> }),
]);

/** The layout of each column by its id. */
export const LAYOUT: Record<string, Layout> = {
  film: { width: 'minmax(200px, 1fr)', sort: 'name' },
  resolution: { width: '76px', sort: 'resolution' },
  codec: { width: '112px', sort: 'codec' },
  hdr: { width: '96px', sort: 'hdr', extra: true },
  bitRate: { width: '92px', sort: 'bitRate', numeric: true, extra: true },
  audio: { width: '120px', sort: 'audio' },
  duration: { width: '104px', sort: 'duration', numeric: true, extra: true },
  frameRate: { width: '96px', sort: 'frameRate', numeric: true, extra: true },
  size: { width: '84px', sort: 'size', numeric: true },
  resultSize: { width: '84px', sort: 'resultSize', numeric: true },
  saved: { width: '132px', sort: 'saved', numeric: true },
  state: { width: '152px', sort: 'state' },
  worker: { width: '112px', sort: 'worker', extra: true },
  added: { width: '132px', sort: 'added' },
  modified: { width: '132px', sort: 'modified', extra: true },
};

/** Columns that a phone has room for, and their widths there. */
export const NARROW: Record<string, string> = { film: 'minmax(0, 1fr)', state: '148px' };

/** Columns that make way where there is no room for all, the first one first. */
const MAKES_WAY = ['modified', 'added', 'frameRate', 'duration', 'resultSize', 'worker', 'bitRate', 'audio', 'hdr'];
const MAKES_WAY_LAST = ['resolution', 'codec', 'size', 'saved'];
/** Pixels that a film's name needs at least, and what stands at the sides of the columns. */
const [FILM, SIDES] = [240, 112];

/**
 * The columns to show.
 * @param chosen those that the user showed or hid; what was asked for stays, however narrow the window is
 * @param room pixels
 */
export function columnsFor(chosen: Record<string, boolean>, room: number): Set<string> {
  const shown = new Set(Object.keys(LAYOUT).filter((id) => chosen[id] ?? !LAYOUT[id]?.extra));
  const widthOf = (id: string) => Number.parseInt(LAYOUT[id]?.width ?? '', 10) || 0;
  let needed = [...shown].reduce((sum, id) => sum + widthOf(id), FILM + SIDES);
  for (const id of [...MAKES_WAY, ...MAKES_WAY_LAST]) {
    if (needed <= room) break;
    if (chosen[id] || !shown.delete(id)) continue;
    needed -= widthOf(id);
  }
  return shown;
}
