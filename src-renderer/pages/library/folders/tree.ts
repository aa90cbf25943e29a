import type { FileFilter, FolderView } from '../../../../src-shared/contract/file-view.ts';
import type { Output } from '../../../../src-shared/contract/index.ts';
import { nameOf } from '../../../lib/labels.ts';

/** Identifies a folder among all libraries. */
export const keyOf = ({ library, path }: Pick<FolderView, 'library' | 'path'>): string => `${library}:${path}`;

/** A line of the tree: a folder, a video directly in one, or a folder's content that is loading. */
export type TreeRow = {
  key: string;
  /** Counted from 1. */
  level: number;
  /** Key of the folder that it is in; null for libraries. */
  parent: string | null;
} & (
  | { kind: 'folder'; folder: FolderView; expanded: boolean }
  | { kind: 'video'; library: number; path: string; index: number }
  | { kind: 'loading' }
);

/** What folders can be sorted by. */
export type FolderSort = 'name' | 'count' | 'bytes' | 'saved';
export interface FolderOrder {
  sort: FolderSort;
  descending: boolean;
}

/** The numbers that folders are compared by; names have none. */
const VALUES: Record<FolderSort, (folder: FolderView) => number> = {
  name: () => 0,
  count: ({ count }) => count,
  bytes: ({ bytes }) => bytes,
  saved: ({ savedBytes }) => savedBytes,
};

/** Season 2 comes before Season 10. */
const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Returns folders in an order; those that are equal in it are in the order of their names. */
export function sortFolders(folders: readonly FolderView[], { sort, descending }: FolderOrder): FolderView[] {
  const sign = descending ? -1 : 1;
  const value = VALUES[sort];
  const names = sort === 'name' ? sign : 1;
  return folders.toSorted(
    (a, b) => sign * (value(a) - value(b)) || names * byName.compare(nameOf(a.path), nameOf(b.path)),
  );
}

/**
 * Returns the lines of the tree from top to bottom.
 * @param contentOf what is known of the content of a folder, by its key; undefined while it is loading
 */
export function treeRows(
  roots: readonly FolderView[],
  parts: {
    isExpanded: (folder: FolderView) => boolean;
    contentOf: (key: string) => Output<'file.folders'> | undefined;
    order: FolderOrder;
  },
): TreeRow[] {
  const rows: TreeRow[] = [];
  const addFolder = (folder: FolderView, level: number, parent: string | null) => {
    const key = keyOf(folder);
    const expanded = parts.isExpanded(folder);
    rows.push({ kind: 'folder', key, level, parent, folder, expanded });
    if (!expanded) return;
    const content = parts.contentOf(key);
    const inside = { level: level + 1, parent: key };
    if (!content) {
      rows.push({ kind: 'loading', key: `${key}/loading`, ...inside });
      return;
    }
    for (const one of sortFolders(content.folders, parts.order)) addFolder(one, level + 1, key);
    const { library, path } = folder;
    for (let index = 0; index < content.files; index++)
      rows.push({ kind: 'video', key: `${key}/#${index}`, ...inside, library, path, index });
  };
  for (const root of roots) addFolder(root, 1, null);
  return rows;
}

/** Narrows a filter down to the videos anywhere below a folder. */
export function withinFolder(filter: FileFilter, { library, path }: Pick<FolderView, 'library' | 'path'>): FileFilter {
  return { ...filter, library: [library], ...(path && { folder: path }) };
}
