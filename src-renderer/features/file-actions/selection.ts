import { create } from 'zustand';
import type { FileFilter, FileSelection } from '../../../src-shared/contract/file-view.ts';

/** Which videos are selected: those named, or all that pass the filter but those named. */
interface Selection {
  all: boolean;
  ids: ReadonlySet<number>;
  /** Where a range begins. */
  anchor: number;
}

const NOTHING: Selection = { all: false, ids: new Set(), anchor: 0 };

/** The selection of the library's table. */
export const useSelection = create<Selection>(() => NOTHING);

/** True for a selected video. */
export const isSelected = ({ all, ids }: Selection, id: number): boolean => all !== ids.has(id);

/** How many of `total` videos are selected. */
export const selectedCount = ({ all, ids }: Selection, total: number): number => (all ? total - ids.size : ids.size);

export const clearSelection = (): void => useSelection.setState(NOTHING);

/** Selects all videos that pass the filter, also those that were never shown. */
export const selectAll = (): void => useSelection.setState({ ...NOTHING, all: true });

/** Toggles one video's selection; `index` is where a range may begin from now on. */
export function toggle(id: number, index: number): void {
  useSelection.setState(({ all, ids }) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    return { all, ids: next, anchor: index };
  });
}

/** Selects videos besides those that are. */
export function add(more: readonly number[]): void {
  useSelection.setState(({ all, ids }) => {
    const next = new Set(ids);
    for (const id of more) {
      if (all) next.delete(id);
      else next.add(id);
    }
    return { ids: next };
  });
}

/** The selection as the master takes it. */
export const selectionFor = ({ all, ids }: Selection, filter: FileFilter): FileSelection =>
  all ? { filter, except: [...ids] } : { files: [...ids] };
