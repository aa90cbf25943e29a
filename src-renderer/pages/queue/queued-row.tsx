import { useSortable } from '@dnd-kit/sortable';
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconArrowBarToUp, IconDevices, IconGripVertical, IconPin } from '@tabler/icons-react';
import type { QueuedView } from '../../../src-shared/contract/file-view.ts';
import { codecName } from '../../../src-shared/media/describe.ts';
import { formatBytes, formatDuration, savedPercent } from '../../../src-shared/text/format.ts';
import listClasses from '../../components/list.module.css';
import { setAllComputers } from '../../features/file-actions/actions.tsx';
import { FileMenu } from '../../features/file-actions/file-menu.tsx';
import { priorityLabel } from '../../features/file-actions/priorities.ts';
import { about, folderOf, nameOf } from '../../lib/labels.ts';
import { useOpenFile } from '../../store/open-file.ts';
import classes from './queue.module.css';

/** Below this share of its size a video is expected to save little, in percent. */
const LITTLE = 5;

/** What is expected of a video: `2.03 MB → about 141 kB, −93%`. */
function expectedText({ size, estimate }: QueuedView): string {
  if (estimate === null) return formatBytes(size);
  if (100 * (size - estimate) < LITTLE * size) return `${formatBytes(size)}, little to save expected`;
  return `${formatBytes(size)} → about ${formatBytes(estimate)}, −${savedPercent(size, estimate)}`;
}

/** Roughly how long a conversion takes: `about 2 h`; empty while nothing is known. */
const timeText = ({ seconds }: QueuedView): string => (seconds === null ? '' : about(seconds));

/** The same for a phone: `2.03 MB → 141 kB, −93%, about 2 h`. */
function shortText(file: QueuedView): string {
  const { size, estimate } = file;
  const saves = estimate !== null && 100 * (size - estimate) >= LITTLE * size;
  const sizes = saves
    ? `${formatBytes(size)} → ${formatBytes(estimate)}, −${savedPercent(size, estimate)}`
    : expectedText(file);
  return [sizes, timeText(file)].filter(Boolean).join(', ');
}

interface Props {
  file: QueuedView;
  /** Counted from 1. */
  place: number;
  /** Pixels from the top of the list. */
  top: number;
  selected: boolean;
  movable: boolean;
  onTick: (range: boolean) => void;
  toTop: () => void;
  unpin: () => void;
}

/** One video of the queue. */
export function QueuedRow({ file, place, top, selected, movable, onTick, toTop, unpin }: Props) {
  const openFile = useOpenFile();
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({
    id: file.id,
    disabled: !movable,
  });
  const name = nameOf(file.path);
  const facts = [file.resolution, file.codec && codecName(file.codec)].filter(Boolean).join(' · ');
  return (
    <li
      ref={setNodeRef}
      className={classes.row}
      data-dragging={isDragging || undefined}
      data-selected={selected || undefined}
      // Not by a transform, which the sensors of a drag leave out of where a row is.
      style={{ top, transform: transform ? `translateY(${transform.y}px)` : undefined, transition }}
    >
      <input
        type="checkbox"
        className={classes.tick}
        aria-label={`Select ${name}`}
        checked={selected}
        onChange={(event) => onTick((event.nativeEvent as MouseEvent).shiftKey)}
      />
      <button
        type="button"
        className={classes.handle}
        aria-label={`Move ${name}`}
        disabled={!movable}
        {...attributes}
        {...listeners}
      >
        <IconGripVertical size={16} aria-hidden />
      </button>
      <span className={classes.place}>{place.toLocaleString('en')}</span>
      <div className={classes.name}>
        <button type="button" className={listClasses.video} title={file.path} onClick={() => openFile(file.id)}>
          {name}
        </button>
        <span className={classes.folder} title={file.reason ?? undefined}>
          {file.reason ?? (folderOf(file.path) || ' ')}
        </span>
        <span className={classes.small}>{shortText(file)}</span>
      </div>
      <span className={classes.facts}>{facts}</span>
      <span className={classes.length}>{file.duration !== null && formatDuration(file.duration)}</span>
      <span className={classes.time}>{timeText(file)}</span>
      <span className={classes.size}>{expectedText(file)}</span>
      <span className={classes.priority}>{file.priority !== 0 && priorityLabel(file.priority)}</span>
      <span className={classes.pin}>
        {file.allComputers && (
          <Tooltip label="Computers help with this video before they begin another one. Click to stop that.">
            <ActionIcon
              aria-label={`Stop using all computers on ${name}`}
              onClick={() => setAllComputers(file.id, false)}
            >
              <IconDevices size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </span>
      <span className={classes.pin}>
        {file.pinned && (
          <Tooltip label="You moved this video, so it keeps its place. Click to return it to the queue order.">
            <ActionIcon aria-label={`Unpin ${name}`} onClick={unpin}>
              <IconPin size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </span>
      <ActionIcon
        aria-label={`Move ${name} to top`}
        className={classes.top}
        style={{ visibility: place === 1 ? 'hidden' : 'visible' }}
        onClick={toTop}
      >
        <IconArrowBarToUp size={16} aria-hidden />
      </ActionIcon>
      <FileMenu file={file} />
    </li>
  );
}

/** The heads of the columns. */
export function QueueHead() {
  return (
    <div className={classes.head} aria-hidden>
      <span className={classes.tick} />
      <span className={classes.handle} />
      <span className={classes.place}>#</span>
      <span className={classes.name}>Name</span>
      <span className={classes.facts}>Video</span>
      <span className={classes.length}>Length</span>
      <span className={classes.time}>Time</span>
      <span className={classes.size}>Size and estimate</span>
      <span className={classes.priority}>Priority</span>
      <span className={classes.end} />
    </div>
  );
}
