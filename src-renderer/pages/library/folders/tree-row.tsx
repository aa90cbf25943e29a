// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are positioned absolutely, which a table element does not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the tree has the focus and names the active row by aria-activedescendant
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the tree handles keyboard input for all rows
import { Menu, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconFolder, IconMovie } from '@tabler/icons-react';
import type { CSSProperties, ReactNode } from 'react';
import type { FileFilter, FileView, FolderView } from '../../../../src-shared/contract/file-view.ts';
import { count, formatBytes, savedPercent } from '../../../../src-shared/text/format.ts';
import { LiveState } from '../../../components/live-state.tsx';
import { Savings } from '../../../components/savings.tsx';
import { StateBadge } from '../../../components/state-badge.tsx';
import { runAction } from '../../../features/file-actions/actions.tsx';
import { FileMenu } from '../../../features/file-actions/file-menu.tsx';
import { RowMenu } from '../../../features/file-actions/row-menu.tsx';
import { SelectionItems } from '../../../features/file-actions/selection-items.tsx';
import { nameOf, STATE_LABELS, type State } from '../../../lib/labels.ts';
import tableClasses from '../table.module.css';
import classes from './folder-tree.module.css';
import { type TreeRow, withinFolder } from './tree.ts';

/** States in the order in which they matter to people. */
const BY_URGENCY: State[] = ['failed', 'blocked', 'running', 'queued', 'found', 'done', 'skipped'];

/** How many videos of a folder are in which state: `2 failed`, `24 done`. */
const stateTexts = ({ counts }: FolderView): [State, string][] =>
  BY_URGENCY.flatMap((state) => {
    const n = counts[state];
    return n > 0 ? [[state, `${n.toLocaleString('en')} ${STATE_LABELS[state].toLowerCase()}`] as [State, string]] : [];
  });

/** On a phone, which has no columns for it: `24 videos, 31.2 GB, −41%`. */
function factsOf({ count: n, bytes, sourceBytes, savedBytes }: FolderView): string {
  const saved = savedBytes > 0 ? [`−${savedPercent(sourceBytes, sourceBytes - savedBytes)}`] : [];
  return [count(n, 'video'), formatBytes(bytes), ...saved].join(', ');
}

const Dash = () => (
  <Text span c="dimmed">
    –
  </Text>
);

interface RowProps {
  id: string;
  row: TreeRow;
  index: number;
  top: number;
  active: boolean;
  onActivate: (index: number) => void;
}

/** A line of the tree; `cells` are those behind the name. */
function Line(props: RowProps & { name: ReactNode; icon: ReactNode; cells: ReactNode; menu: ReactNode }) {
  const { id, row, index, top, active, onActivate, name, icon, cells, menu } = props;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-level={row.level}
      aria-expanded={row.kind === 'folder' ? row.expanded : undefined}
      className={`${tableClasses.row} ${classes.row}`}
      data-active={active || undefined}
      style={{ transform: `translateY(${top}px)`, '--level': row.level - 1 } as CSSProperties}
      onClick={() => onActivate(index)}
    >
      <div role="gridcell" className={classes.name}>
        {icon}
        <div className={tableClasses.video}>{name}</div>
      </div>
      {cells}
      <div role="gridcell" className={tableClasses.more} onClick={(event) => event.stopPropagation()}>
        {menu}
      </div>
    </div>
  );
}

function FolderMenu(props: { folder: FolderView; name: string; filter: FileFilter; showAsList: () => void }) {
  const { folder, name, filter, showAsList } = props;
  const selection = () => ({ filter: withinFolder(filter, folder), except: [] });
  return (
    <RowMenu name={name}>
      <Menu.Item onClick={showAsList}>Show as list</Menu.Item>
      <Menu.Divider />
      <Menu.Item onClick={() => runAction('retry', selection())}>Convert…</Menu.Item>
      <Menu.Item onClick={() => runAction('skip', selection())}>Always skip</Menu.Item>
      <SelectionItems selection={selection} />
    </RowMenu>
  );
}

/** A folder with what is anywhere below it. */
export function FolderRow(
  props: RowProps & {
    row: TreeRow & { kind: 'folder' };
    /** What a library is called, whose own path is empty. */
    libraryName: string;
    filter: FileFilter;
    showAsList: () => void;
  },
) {
  const { row, libraryName, filter, showAsList } = props;
  const { folder, expanded } = row;
  const name = folder.path === '' ? libraryName : nameOf(folder.path);
  const states = stateTexts(folder);
  const Chevron = expanded ? IconChevronDown : IconChevronRight;
  const { sourceBytes, savedBytes } = folder;
  return (
    <Line
      {...props}
      icon={
        <>
          <Chevron size={16} stroke={1.75} aria-hidden />
          <IconFolder size={18} stroke={1.75} aria-hidden />
        </>
      }
      name={
        <>
          <span className={tableClasses.name} title={folder.path || libraryName}>
            {name}
          </span>
          <span className={classes.facts}>{factsOf(folder)}</span>
        </>
      }
      cells={
        <>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.count}`} data-numeric>
            {folder.count.toLocaleString('en')}
          </div>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.size}`} data-numeric>
            {formatBytes(folder.bytes)}
          </div>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.saved}`} data-numeric>
            {sourceBytes > 0 ? <Savings before={sourceBytes} after={sourceBytes - savedBytes} /> : <Dash />}
          </div>
          <div
            role="gridcell"
            className={`${tableClasses.cell} ${classes.states}`}
            title={states.map(([, text]) => text).join(', ')}
          >
            {states.map(([state, text]) => (
              <StateBadge key={state} state={state}>
                {text}
              </StateBadge>
            ))}
          </div>
        </>
      }
      menu={<FolderMenu folder={folder} name={name} filter={filter} showAsList={showAsList} />}
    />
  );
}

/** A video directly in an expanded folder; grey until it has been fetched. */
export function VideoRow(props: RowProps & { file: FileView | undefined }) {
  const { file } = props;
  const icon = (
    <>
      <span className={classes.noChevron} />
      <IconMovie size={18} stroke={1.75} aria-hidden />
    </>
  );
  const ghost = <div className={tableClasses.ghost} />;
  if (!file) return <Line {...props} icon={icon} name={ghost} cells={<EmptyCells />} menu={null} />;
  return (
    <Line
      {...props}
      icon={icon}
      name={
        <>
          <span className={tableClasses.name} title={file.path}>
            {nameOf(file.path)}
          </span>
          <span className={classes.facts}>
            {formatBytes(file.size)}, {STATE_LABELS[file.state].toLowerCase()}
          </span>
        </>
      }
      cells={
        <>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.count}`} />
          <div role="gridcell" className={`${tableClasses.cell} ${classes.size}`} data-numeric>
            {formatBytes(file.size)}
          </div>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.saved}`} data-numeric>
            {file.state === 'done' ? <Savings before={file.sourceSize} after={file.resultSize} /> : <Dash />}
          </div>
          <div role="gridcell" className={`${tableClasses.cell} ${classes.states}`}>
            <LiveState file={file} />
          </div>
        </>
      }
      menu={<FileMenu file={file} />}
    />
  );
}

function EmptyCells() {
  return [classes.count, classes.size, classes.saved, classes.states].map((column) => (
    <div key={column} role="gridcell" className={`${tableClasses.cell} ${column}`} />
  ));
}
