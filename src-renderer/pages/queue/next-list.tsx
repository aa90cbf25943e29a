import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from '@dnd-kit/sortable';
import { CloseButton, Skeleton, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import type { QueuedView } from '../../../src-shared/contract/file-view.ts';
import { ErrorAlert } from '../../components/error-alert.tsx';
import listClasses from '../../components/list.module.css';
import { useNarrow } from '../../components/use-narrow.ts';
import { call } from '../../lib/transport.ts';
import { notifyError, queries } from '../../store/queries.ts';
import classes from './queue.module.css';
import { QueueBar } from './queue-bar.tsx';
import { QueuedRow, QueueHead } from './queued-row.tsx';
import { useQueue } from './use-queue.ts';

/** Heights of a row in pixels; those of the style sheet. */
const [ROW, ROW_NARROW] = [48, 72];
/** Typing never waits: the list follows a moment later, in ms. */
const TYPING = 200;

/** Does something to the queue, and shows what came of it. */
async function changeQueue(change: Promise<unknown>): Promise<void> {
  await change.catch(notifyError);
  await queries.invalidateQueries({ queryKey: ['queue.list'] });
}

/** Which rows are selected, and what a tick or a range of ticks makes of that. */
function useTicks(fileAt: (index: number) => QueuedView | undefined) {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set());
  const anchor = useRef(0);
  const tick = (index: number, range: boolean) => {
    const [from, to] = range ? [Math.min(anchor.current, index), Math.max(anchor.current, index)] : [index, index];
    const named = Array.from({ length: to - from + 1 }, (_, i) => fileAt(from + i)?.id).filter(
      (id) => id !== undefined,
    );
    const next = new Set(ids);
    for (const id of named) {
      if (range || !next.delete(id)) next.add(id);
    }
    anchor.current = index;
    setIds(next);
  };
  return { ids, tick, clear: () => setIds(new Set()) };
}

function Search({ text, setText }: { text: string; setText: (text: string) => void }) {
  return (
    <TextInput
      className={classes.search}
      aria-label="Search the queue"
      placeholder="Search the queue"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text && <CloseButton size="sm" aria-label="Clear search" onClick={() => setText('')} />}
      value={text}
      maxLength={200}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && setText('')}
    />
  );
}

/**
 * The queue in its order, which can be changed by mouse or keyboard, one video or many; of any length.
 * @param total videos that wait, without a search
 */
export function NextList({ total: all }: { total: number }) {
  const list = useRef<HTMLOListElement>(null);
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), TYPING);
  const [found, setFound] = useState(all);
  const narrow = useNarrow();
  const height = narrow ? ROW_NARROW : ROW;
  const count = search ? found : all;
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => document.getElementById('page'),
    estimateSize: () => height,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again only when their height changes
  useLayoutEffect(() => virtualizer.measure(), [height]);
  const items = virtualizer.getVirtualItems();
  const { fileAt, total, error, retry } = useQueue(search, items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  if (search && total !== undefined && total !== found) setFound(total);
  const { ids, tick, clear } = useTicks(fileAt);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const rows = items.map(({ index, start }) => ({
    file: fileAt(index),
    index,
    top: start - virtualizer.options.scrollMargin,
  }));
  const shown = rows.flatMap(({ file, ...row }) => (file ? [{ file, ...row }] : []));

  const onDragEnd = ({ active, over }: DragEndEvent) => {
    const from = shown.find(({ file }) => file.id === active.id);
    const to = shown.find(({ file }) => file.id === over?.id);
    if (!from || !to || from === to) return;
    const behind = to.index > from.index ? fileAt(to.index + 1) : to.file;
    changeQueue(call('queue.move', { files: [from.file.id], before: behind?.id ?? 'end' }));
  };

  if (error) return <ErrorAlert error={error} retry={retry} />;
  return (
    <>
      <div className={classes.tools}>
        <Search text={text} setText={setText} />
        <QueueBar ids={ids} clear={clear} change={changeQueue} />
      </div>
      <QueueHead />
      {search && total === 0 && <Text c="dimmed">No queued videos match.</Text>}
      <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
        <SortableContext items={shown.map(({ file }) => file.id)} strategy={verticalListSortingStrategy}>
          <ol
            ref={list}
            className={`${listClasses.list} ${classes.rows}`}
            style={{ height: virtualizer.getTotalSize() }}
          >
            {shown.map(({ file, index, top }) => (
              <QueuedRow
                key={file.id}
                file={file}
                place={index + 1}
                top={top}
                selected={ids.has(file.id)}
                movable={!search}
                onTick={(range) => tick(index, range)}
                toTop={() => changeQueue(call('queue.move', { files: [file.id], before: null }))}
                unpin={() => changeQueue(call('queue.unpin', { files: [file.id] }))}
              />
            ))}
            {rows
              .filter(({ file }) => !file)
              .map(({ index, top }) => (
                <li key={`ghost ${index}`} className={classes.row} style={{ top }} aria-busy>
                  <Skeleton height={12} width={`${80 - ((index * 17) % 40)}%`} />
                </li>
              ))}
          </ol>
        </SortableContext>
      </DndContext>
    </>
  );
}
