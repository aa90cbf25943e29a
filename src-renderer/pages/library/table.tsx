// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are positioned absolutely, which a table element does not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the active row by aria-activedescendant
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid handles keyboard input for all rows
// biome-ignore-all lint/suspicious/noArrayIndexKey: placeholders have no identity
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { type ReactTable, type Row, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, memo, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { FileSort, FileView } from '../../../src-shared/contract/file-view.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { useNarrow } from '../../components/use-narrow.ts';
import { FileMenu } from '../../features/file-actions/file-menu.tsx';
import { clearSelection, isSelected, selectAll, useSelection } from '../../features/file-actions/selection.ts';
import { nameOf } from '../../lib/labels.ts';
import { useNeighbors } from '../../store/open-file.ts';
import { usePreferences } from '../../store/preferences.ts';
import { KEEPS_ROWS, notifyError } from '../../store/queries.ts';
import { columnsFor, LAYOUT, NARROW, useTableRoom } from './column-layout.ts';
import { ColumnResizer } from './column-resizer.tsx';
import { columns, features } from './columns.tsx';
import { Estimates, useEstimates } from './estimates.ts';
import classes from './table.module.css';
import { useKeys } from './use-keys.ts';
import { idsBetween, useRows } from './use-rows.ts';
import type { View } from './view.ts';

type FileTable = ReactTable<typeof features, FileView>;
const ROW = 44;
const ROW_NARROW = 84;

interface Props {
  view: View;
  setView: (next: Partial<View>) => void;
  total: number;
  /** True while `total` is still that of the view before. */
  outdated: boolean;
  openFile: (id: number) => void;
}

/** Which columns are shown: the user's choice, as far as there is room. */
function useShownColumns(narrow: boolean, room: number, sort: FileSort): Record<string, boolean> {
  const chosen = usePreferences((preferences) => preferences.columns);
  // The choice of columns says which of them have no room.
  useEffect(() => useTableRoom.setState({ room }), [room]);
  return useMemo(() => {
    const shown = narrow ? new Set(Object.keys(NARROW)) : columnsFor(chosen, room, sort);
    return Object.fromEntries(Object.keys(LAYOUT).map((id) => [id, shown.has(id)]));
  }, [narrow, chosen, room, sort]);
}

function HeadCell({ id, title, view, setView }: { id: string; title: string } & Pick<Props, 'view' | 'setView'>) {
  const { sort, numeric, descendsFirst = numeric, width: usual = '' } = LAYOUT[id] ?? {};
  const own = usePreferences(({ widths }) => widths?.[id]);
  // Of one that takes what is left, the least.
  const width = own ?? Number(/\d+/.exec(usual)?.[0] ?? 0);
  const sorted = sort !== undefined && view.sort === sort;
  const Arrow = view.descending ? IconChevronDown : IconChevronUp;
  return (
    <div
      role="columnheader"
      className={classes.cell}
      aria-label={title}
      data-numeric={numeric}
      aria-sort={sorted ? (view.descending ? 'descending' : 'ascending') : undefined}
    >
      {sort ? (
        <button
          type="button"
          className={classes.sort}
          data-sorted={sorted || undefined}
          onClick={() => setView({ sort, descending: sorted ? !view.descending : descendsFirst === true })}
        >
          {title}
          {sorted && <Arrow size={14} aria-hidden />}
        </button>
      ) : (
        title
      )}
      <ColumnResizer id={id} title={title} width={width} />
    </div>
  );
}

function Head({ table, view, setView, total }: { table: FileTable } & Pick<Props, 'view' | 'setView' | 'total'>) {
  const { all, ids } = useSelection();
  const some = ids.size > 0;
  return (
    <div className={classes.head} role="row" aria-rowindex={1}>
      <div role="columnheader" className={classes.tick}>
        <input
          type="checkbox"
          ref={(box) => {
            if (box) box.indeterminate = some;
          }}
          aria-label="Select all videos in this list"
          disabled={total === 0}
          checked={all && !some}
          onChange={() => (all || some ? clearSelection() : selectAll())}
        />
      </div>
      {table.getVisibleLeafColumns().map(({ id, columnDef }) => (
        <HeadCell key={id} id={id} title={String(columnDef.header)} view={view} setView={setView} />
      ))}
      <div role="columnheader" className={classes.more} aria-label="Actions" />
    </div>
  );
}

interface RowProps {
  table: FileTable;
  row: Row<typeof features, FileView>;
  index: number;
  top: number;
  active: boolean;
  selected: boolean;
  /** The shown columns; a new object renders the row again. */
  shown: Record<string, boolean>;
  onActivate: (index: number, event: React.MouseEvent) => void;
  onTick: (index: number, range: boolean) => void;
}

const FileRow = memo(function FileRow({ table, row, index, top, active, selected, onActivate, onTick }: RowProps) {
  const file = row.original;
  return (
    <div
      id={`row-${file.id}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes.row}
      data-active={active || undefined}
      data-missing={file.missing || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => onActivate(index, event)}
    >
      <div role="gridcell" className={classes.tick} onClick={(event) => event.stopPropagation()}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${nameOf(file.path)}`}
          checked={selected}
          onChange={(event) => onTick(index, (event.nativeEvent as MouseEvent).shiftKey)}
        />
      </div>
      {row.getVisibleCells().map((cell) => (
        <div key={cell.id} role="gridcell" className={classes.cell} data-numeric={LAYOUT[cell.column.id]?.numeric}>
          <table.FlexRender cell={cell} />
        </div>
      ))}
      <div role="gridcell" className={classes.more} onClick={(event) => event.stopPropagation()}>
        <FileMenu file={file} />
      </div>
    </div>
  );
});

function GhostRow({ top, columnCount }: { top: number; columnCount: number }) {
  return (
    <div className={classes.row} role="row" aria-busy style={{ transform: `translateY(${top}px)` }}>
      <div role="gridcell" />
      {Array.from({ length: columnCount }, (_, column) => (
        <div key={column} role="gridcell" className={classes.cell}>
          <div className={classes.ghost} />
        </div>
      ))}
    </div>
  );
}

/** Renders only the visible rows, regardless of the number of videos. */
function useVirtualRows(scroll: RefObject<HTMLDivElement | null>, total: number, narrow: boolean) {
  const height = narrow ? ROW_NARROW : ROW;
  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 8,
    scrollPaddingStart: 36,
  });
  // The row height changes when the window is resized or a phone is turned.
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again only when their height changes
  useLayoutEffect(() => virtualizer.measure(), [height]);
  return virtualizer;
}

/** The videos of a view as a table of any length. */
export function FileTable({ view, setView, total, outdated, openFile }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const virtualizer = useVirtualRows(scroll, total, narrow);
  const items = virtualizer.getVirtualItems();
  const rowsOfView = useRows(view, items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  const { files, fileAt, error, retry } = rowsOfView;
  const { ref: measured, width } = useElementSize();
  const grid = useMergedRef(scroll, measured);
  const [first, setFirst] = useState(0);
  // The size is reported after the first frame, in which columns would stand that have no room.
  useLayoutEffect(() => setFirst(scroll.current?.clientWidth ?? 0), []);
  const shown = useShownColumns(narrow, width || first || window.innerWidth, view.sort);
  const table = useTable({
    features,
    columns,
    data: files,
    getRowId: ({ id }) => String(id),
    state: { columnVisibility: shown },
  });
  const rows = table.getRowModel().rowsById;
  const selection = useSelection();
  const [active, setActive] = useState(0);
  const { onKeyDown, onActivate, onTick } = useKeys({
    view,
    total,
    active,
    setActive: (index) => {
      setActive(index);
      virtualizer.scrollToIndex(index);
    },
    fileAt,
    openFile,
  });
  const activeFile = fileAt(active);
  const activeId = activeFile?.id;
  const scrollTo = virtualizer.scrollToIndex;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the neighbors change only with the position or the view
  useEffect(() => {
    const open = async (index: number) => {
      const [id] = await idsBetween(view, index, index);
      if (id === undefined) return;
      setActive(index);
      scrollTo(index);
      openFile(id);
    };
    if (activeId === undefined) return;
    useNeighbors.setState({
      list: { file: activeId, index: active, total, open: (index) => void open(index).catch(notifyError) },
    });
    return () => useNeighbors.setState({ list: null });
  }, [view, active, activeId, total]);
  const visible = table.getVisibleLeafColumns();
  const own = usePreferences((preferences) => preferences.widths);
  const widthOf = (id: string) => (narrow ? NARROW[id] : own?.[id] ? `${own[id]}px` : LAYOUT[id]?.width);
  const widths = visible.map(({ id }) => widthOf(id) ?? '120px').join(' ');
  const estimates = useEstimates(
    items.map(({ index }) => fileAt(index)),
    shown.expected === true,
  );

  if (error) return <ErrorAlert error={error} retry={retry} />;
  return (
    <div
      ref={grid}
      className={classes.scroll}
      role="grid"
      aria-label="Videos"
      aria-rowcount={total + 1}
      aria-colcount={visible.length + 2}
      aria-multiselectable
      aria-busy={outdated || rowsOfView.outdated}
      aria-activedescendant={
        activeFile && items.some(({ index }) => index === active) ? `row-${activeFile.id}` : undefined
      }
      tabIndex={0}
      onKeyDown={onKeyDown}
      style={{ '--columns': widths } as CSSProperties}
    >
      <div className={classes.grid}>
        <div role="rowgroup" style={{ display: 'contents' }}>
          <Head table={table} view={view} setView={setView} total={total} />
        </div>
        <div
          role="rowgroup"
          className={classes.body}
          style={{ height: virtualizer.getTotalSize() }}
          {...{ [KEEPS_ROWS]: true }}
        >
          <Estimates value={estimates}>
            {items.map(({ index, start }) => {
              const file = fileAt(index);
              const row = file && rows[String(file.id)];
              if (!row) return <GhostRow key={`ghost ${index}`} top={start} columnCount={visible.length} />;
              return (
                <FileRow
                  key={file.id}
                  table={table}
                  row={row}
                  index={index}
                  top={start}
                  active={index === active}
                  selected={isSelected(selection, file.id)}
                  shown={shown}
                  onActivate={onActivate}
                  onTick={onTick}
                />
              );
            })}
          </Estimates>
        </div>
      </div>
    </div>
  );
}
