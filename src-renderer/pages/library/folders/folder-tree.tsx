// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are positioned absolutely, which a table element does not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the tree has the focus and names the active row by aria-activedescendant
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react';
import type { FileFilter, FileView, FolderView } from '../../../../src-shared/contract/file-view.ts';
import { ErrorAlert } from '../../../components/error-alert.tsx';
import { Loading } from '../../../components/loading.tsx';
import { PageBody } from '../../../components/page.tsx';
import { useNarrow } from '../../../components/use-narrow.ts';
import { isMenuKey, openRowMenu } from '../../../features/file-actions/row-menu.tsx';
import { useLive } from '../../../store/live.ts';
import tableClasses from '../table.module.css';
import classes from './folder-tree.module.css';
import type { FolderOrder, FolderSort, TreeRow } from './tree.ts';
import { FolderRow, VideoRow } from './tree-row.tsx';
import { setExpanded, useTree, useTreeVideos } from './use-tree.ts';

/** Heights of a line in pixels; those of the style sheet. */
const ROW = 44;
const ROW_NARROW = 60;
/** Lines of a page up or down. */
const LEAP = 12;

const COLUMNS: { sort: FolderSort; title: string; className?: string | undefined }[] = [
  { sort: 'name', title: 'Name' },
  { sort: 'count', title: 'Videos', className: classes.count },
  { sort: 'bytes', title: 'Size', className: classes.size },
  { sort: 'saved', title: 'Saved', className: classes.saved },
];

function Head({ order, setOrder }: { order: FolderOrder; setOrder: (order: FolderOrder) => void }) {
  const Arrow = order.descending ? IconChevronDown : IconChevronUp;
  return (
    <div className={`${tableClasses.head} ${classes.row}`} role="row" aria-rowindex={1}>
      {COLUMNS.map(({ sort, title, className }) => {
        const sorted = order.sort === sort;
        return (
          <div
            key={sort}
            role="columnheader"
            className={`${tableClasses.cell} ${className ?? ''}`}
            data-numeric={sort !== 'name' || undefined}
            aria-sort={sorted ? (order.descending ? 'descending' : 'ascending') : undefined}
          >
            <button
              type="button"
              className={tableClasses.sort}
              data-sorted={sorted || undefined}
              onClick={() => setOrder({ sort, descending: sorted ? !order.descending : sort !== 'name' })}
            >
              {title}
              {sorted && <Arrow size={14} aria-hidden />}
            </button>
          </div>
        );
      })}
      <div role="columnheader" className={`${tableClasses.cell} ${classes.states}`}>
        Status
      </div>
      <div role="columnheader" className={tableClasses.more} aria-label="Actions" />
    </div>
  );
}

interface KeyParts {
  rows: readonly TreeRow[];
  active: number;
  setActive: (index: number) => void;
  activate: (index: number) => void;
}

/** What keys do, as in the tree grid pattern of the WAI-ARIA Authoring Practices. */
function handleKey(event: KeyboardEvent, { rows, active, setActive, activate }: KeyParts): void {
  if (event.target !== event.currentTarget) return;
  const row = rows[active];
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: LEAP, PageUp: -LEAP, Home: -rows.length, End: rows.length }[
    event.key
  ];
  if (step !== undefined) setActive(Math.min(Math.max(active + step, 0), Math.max(rows.length - 1, 0)));
  else if (!row) return;
  else if (event.key === 'ArrowRight' && row.kind === 'folder') {
    if (row.expanded) setActive(Math.min(active + 1, rows.length - 1));
    else setExpanded(row.folder, true);
  } else if (event.key === 'ArrowLeft') {
    if (row.kind === 'folder' && row.expanded) setExpanded(row.folder, false);
    else if (row.parent !== null) setActive(rows.findIndex(({ key }) => key === row.parent));
  } else if (event.key === 'Enter' || event.key === ' ') activate(active);
  else if (isMenuKey(event)) openRowMenu(rowId(active));
  else return;
  event.preventDefault();
}

/** Not its key, since an element ID holds no spaces. */
const rowId = (index: number): string => `tree-row-${index}`;

interface Props {
  filter: FileFilter;
  openFile: (id: number) => void;
  showAsList: (folder: FolderView) => void;
}

/** The libraries as a tree of folders, with numbers and actions for everything below each. */
export function FolderTree({ filter, openFile, showAsList }: Props) {
  const [order, setOrder] = useState<FolderOrder>({ sort: 'name', descending: false });
  const [activeKey, setActiveKey] = useState<string>();
  const libraries = useLive((live) => live.summary?.libraries);
  const { rows, isLoading, error, retry } = useTree(filter, order);
  const scroll = useRef<HTMLDivElement>(null);
  const height = useNarrow() ? ROW_NARROW : ROW;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 8,
    scrollPaddingStart: 36,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again only when their height changes
  useLayoutEffect(() => virtualizer.measure(), [height]);
  const items = virtualizer.getVirtualItems();
  const visible = items.flatMap(({ index }) => rows[index] ?? []);
  const videos: ReadonlyMap<string, FileView> = useTreeVideos(filter, visible);
  if (error) return <ErrorAlert error={error} retry={retry} />;
  if (isLoading) {
    return (
      <PageBody>
        <Loading lines={12} />
      </PageBody>
    );
  }
  const active = Math.max(
    rows.findIndex(({ key }) => key === activeKey),
    0,
  );
  const activate = (index: number) => {
    const row = rows[index];
    if (!row) return;
    setActiveKey(row.key);
    const file = videos.get(row.key);
    if (row.kind === 'folder') setExpanded(row.folder, !row.expanded);
    else if (file) openFile(file.id);
  };
  const setActive = (index: number) => {
    setActiveKey(rows[index]?.key);
    virtualizer.scrollToIndex(index);
  };
  return (
    <div
      ref={scroll}
      className={tableClasses.scroll}
      role="treegrid"
      aria-label="Folders"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={items.some(({ index }) => index === active) ? rowId(active) : undefined}
      tabIndex={0}
      onKeyDown={(event) => handleKey(event, { rows, active, setActive, activate })}
    >
      <div role="rowgroup" style={{ display: 'contents' }}>
        <Head order={order} setOrder={setOrder} />
      </div>
      <div role="rowgroup" className={tableClasses.body} style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const common = { id: rowId(index), index, top: start, active: index === active, onActivate: activate };
          if (row.kind !== 'folder') return <VideoRow key={row.key} {...common} row={row} file={videos.get(row.key)} />;
          const { folder } = row;
          return (
            <FolderRow
              key={row.key}
              {...common}
              row={row}
              libraryName={libraries?.find(({ id }) => id === folder.library)?.root ?? ''}
              filter={filter}
              showAsList={() => showAsList(folder)}
            />
          );
        })}
      </div>
    </div>
  );
}
