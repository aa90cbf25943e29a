import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { ActionIcon, Button, Text } from '@mantine/core';
import { IconArrowBarToUp, IconGripVertical } from '@tabler/icons-react';
import { useState } from 'react';
import type { QueuedView } from '../../../src-shared/file-view.ts';
import { formatBytes } from '../../../src-shared/format.ts';
import { Trouble } from '../../components/bits.tsx';
import listClasses from '../../components/list.module.css';
import { queries, tellTrouble, useCall } from '../../store/calls.ts';
import { useOpenFile } from '../../store/open-file.ts';
import { call } from '../../transport.ts';
import { nameOf } from '../../words.ts';
import { FileMenu } from '../library/file-menu.tsx';
import classes from './queue.module.css';

/** Shown at first and with each further step; who looks for one film among many uses the library. */
const STEP = 100;
const MOST = 500;

function QueuedRow({ file, place, toTop }: { file: QueuedView; place: number; toTop: () => void }) {
  const openFile = useOpenFile();
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({ id: file.id });
  return (
    <li
      ref={setNodeRef}
      className={classes.row}
      data-dragging={isDragging || undefined}
      style={{ transform: transform ? `translateY(${transform.y}px)` : undefined, transition }}
    >
      <button
        type="button"
        className={classes.handle}
        aria-label={`Move ${nameOf(file.path)}`}
        {...attributes}
        {...listeners}
      >
        <IconGripVertical size={16} aria-hidden />
      </button>
      <span className={classes.place}>{place}</span>
      <button type="button" className={listClasses.film} title={file.path} onClick={() => openFile(file.id)}>
        {nameOf(file.path)}
      </button>
      <span className={classes.facts}>
        {file.priority !== 0 && `${file.priority > 0 ? 'Before others' : 'After others'} · `}
        {[file.resolution, formatBytes(file.size)].filter(Boolean).join(' · ')}
        {file.estimate !== null && ` → about ${formatBytes(file.estimate)}`}
      </span>
      <ActionIcon
        aria-label={`Move ${nameOf(file.path)} to the top`}
        style={{ visibility: place === 1 ? 'hidden' : 'visible' }}
        onClick={toTop}
      >
        <IconArrowBarToUp size={16} aria-hidden />
      </ActionIcon>
      <FileMenu file={file} />
    </li>
  );
}

/** Films in the order in which they are given out; their order can be changed by hand or by keyboard. */
export function NextList({ total }: { total: number }) {
  const [limit, setLimit] = useState(STEP);
  const input = { limit };
  const { data, error, refetch } = useCall('queue.list', input, { keep: true });
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const files = data?.files ?? [];

  const move = async (id: number, to: number) => {
    const from = files.findIndex((file) => file.id === id);
    const [moved] = files.slice(from, from + 1);
    if (!moved || from === to) return;
    const next = files.filter((file) => file.id !== id);
    next.splice(to, 0, moved);
    // Shown at once; the master's answer follows.
    queries.setQueryData(['queue.list', input], { ...data, files: next });
    try {
      const behind = next[to + 1];
      if (behind) await call('queue.move', { files: [id], before: behind.id });
      // Nothing known is behind it, so those that it passed go in front of it.
      else await call('queue.move', { files: files.slice(from + 1, to + 1).map((file) => file.id), before: id });
    } catch (refused) {
      tellTrouble(refused);
    }
    await queries.invalidateQueries({ queryKey: ['queue.list'] });
  };
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over)
      move(
        Number(active.id),
        files.findIndex((file) => file.id === over.id),
      );
  };

  if (error) return <Trouble error={error} retry={refetch} />;
  return (
    <>
      <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
        <SortableContext items={files.map(({ id }) => id)} strategy={verticalListSortingStrategy}>
          <ol className={listClasses.list}>
            {files.map((file, index) => (
              <QueuedRow key={file.id} file={file} place={index + 1} toTop={() => move(file.id, 0)} />
            ))}
          </ol>
        </SortableContext>
      </DndContext>
      {files.length < total && limit < MOST && (
        <Button variant="subtle" mt="xs" onClick={() => setLimit(limit + STEP)}>
          Show {Math.min(STEP, total - files.length)} more
        </Button>
      )}
      {limit >= MOST && total > MOST && (
        <Text c="dimmed" mt="xs">
          {(total - MOST).toLocaleString('en')} more wait behind these; the library finds any of them.
        </Text>
      )}
    </>
  );
}
