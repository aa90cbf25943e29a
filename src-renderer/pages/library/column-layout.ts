import { create } from 'zustand';
import type { FileSort } from '../../../src-shared/contract/file-view.ts';

/** How a column is laid out and what its heading sorts by. */
interface Layout {
  /** As in CSS `grid-template-columns`. */
  width: string;
  sort?: FileSort;
  /** Numbers stand at the right. */
  numeric?: true;
  /** Its first click sorts in descending order, as with numbers. */
  descendsFirst?: true;
  /** Shown only when the user asks for it. */
  extra?: true;
}

/** The layout of each column by its id. */
export const LAYOUT: Record<string, Layout> = {
  video: { width: 'minmax(200px, 1fr)', sort: 'name' },
  resolution: { width: '96px', sort: 'resolution' },
  codec: { width: '112px', sort: 'codec' },
  hdr: { width: '96px', sort: 'hdr', extra: true },
  bitRate: { width: '92px', sort: 'bitRate', numeric: true, extra: true },
  audio: { width: '120px', sort: 'audio' },
  duration: { width: '104px', sort: 'duration', numeric: true, extra: true },
  frameRate: { width: '96px', sort: 'frameRate', numeric: true, extra: true },
  size: { width: '84px', sort: 'size', numeric: true },
  resultSize: { width: '84px', sort: 'resultSize', numeric: true },
  saved: { width: '132px', sort: 'saved', numeric: true },
  expected: { width: '148px', sort: 'expected', numeric: true, extra: true },
  state: { width: '152px', sort: 'state' },
  reason: { width: '280px', extra: true },
  priority: { width: '88px', sort: 'priority', descendsFirst: true, extra: true },
  worker: { width: '112px', sort: 'worker', extra: true },
  added: { width: '132px', sort: 'added' },
  modified: { width: '132px', sort: 'modified', extra: true },
};

/** Columns that a phone has room for, and their widths there. */
export const NARROW: Record<string, string> = { video: 'minmax(0, 1fr)', state: '124px' };

/** Columns that make way where there is no room for all, the first one first. */
const MAKES_WAY = [
  'reason',
  'priority',
  'expected',
  'modified',
  'added',
  'frameRate',
  'duration',
  'resultSize',
  'worker',
  'bitRate',
  'audio',
  'hdr',
];
const MAKES_WAY_LAST = ['resolution', 'codec', 'size', 'saved'];
/** Minimum width of a video's name in pixels, and what stands at the sides of the columns. */
const [VIDEO, SIDES] = [240, 112];

/** True for a column that is ticked: the user chose it, or it is there by default. */
export const isTicked = (chosen: Record<string, boolean>, id: string): boolean => chosen[id] ?? !LAYOUT[id]?.extra;

/**
 * The columns to show.
 * @param chosen those that the user showed or hid; what was asked for stays, however narrow the window is
 * @param room pixels
 * @param sort of the list: without its column the order would look random
 */
export function columnsFor(chosen: Record<string, boolean>, room: number, sort: FileSort): Set<string> {
  const shown = new Set(Object.keys(LAYOUT).filter((id) => isTicked(chosen, id)));
  const widthOf = (id: string) => Number.parseInt(LAYOUT[id]?.width ?? '', 10) || 0;
  let needed = [...shown].reduce((sum, id) => sum + widthOf(id), VIDEO + SIDES);
  for (const id of [...MAKES_WAY, ...MAKES_WAY_LAST]) {
    if (needed <= room) break;
    if (chosen[id] || LAYOUT[id]?.sort === sort || !shown.delete(id)) continue;
    needed -= widthOf(id);
  }
  return shown;
}

/** The width that the table has for its columns, in pixels; null before it was measured. */
export const useTableRoom = create<{ room: number | null }>()(() => ({ room: null }));
