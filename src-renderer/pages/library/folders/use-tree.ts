import { useQueries } from '@tanstack/react-query';
import { useRef } from 'react';
import { create } from 'zustand';
import type { FileFilter, FileView, FolderView } from '../../../../src-shared/contract/file-view.ts';
import type { Input, Output } from '../../../../src-shared/contract/index.ts';
import { call } from '../../../lib/transport.ts';
import { useCall } from '../../../store/queries.ts';
import { type FolderOrder, keyOf, sortFolders, type TreeRow, treeRows, withinFolder } from './tree.ts';

/** Which folders were expanded or collapsed, by their keys; it outlives a visit to another page. */
const useFolderStates = create<{ expanded: Readonly<Record<string, boolean>> }>(() => ({ expanded: {} }));

/** Expands or collapses a folder. */
export const setExpanded = (folder: FolderView, expanded: boolean): void =>
  useFolderStates.setState((state) => ({ expanded: { ...state.expanded, [keyOf(folder)]: expanded } }));

type Content = Output<'file.folders'>;
type Place = Pick<FolderView, 'library' | 'path'>;

const foldersQuery = (filter: FileFilter, { library, path: folder }: Place) => {
  const input: Input<'file.folders'> = { filter, library, folder };
  return { queryKey: ['file.folders', input], queryFn: () => call('file.folders', input) };
};

/** The place that a key of {@link keyOf} names. */
function placeOf(key: string): Place {
  const colon = key.indexOf(':');
  return { library: Number(key.slice(0, colon)), path: key.slice(colon + 1) };
}

/** The keys of all folders that a folder is in, its library first. */
function keysAbove({ library, path }: Place): string[] {
  const names = path.split('/');
  return path === '' ? [] : names.map((_, n) => keyOf({ library, path: names.slice(0, n).join('/') }));
}

/** The lines of the folder tree; the content of folders is fetched when they are expanded. */
export function useTree(filter: FileFilter, order: FolderOrder) {
  const states = useFolderStates(({ expanded }) => expanded);
  const roots = useCall('file.folders', { filter }, { keep: true });
  const libraries = roots.data?.folders;
  // A single library has nothing beside it that its content could hide.
  const only = libraries?.length === 1 && libraries[0] ? keyOf(libraries[0]) : undefined;
  const isExpanded = (key: string) => states[key] ?? key === only;
  const keys = [...new Set([...Object.keys(states), ...(only ? [only] : [])])].filter(
    (key) => isExpanded(key) && keysAbove(placeOf(key)).every(isExpanded),
  );
  const results = useQueries({ queries: keys.map((key) => foldersQuery(filter, placeOf(key))) });
  // With another filter, the previous content stays until the new one has arrived.
  const known = useRef(new Map<string, Content>());
  for (const [i, key] of keys.entries()) {
    const content = results[i]?.data;
    if (content) known.current.set(key, content);
  }
  const contents = keys.map((key) => known.current.get(key));
  // Sorting thousands of folders takes longer than a frame, and every scrolled line renders the tree.
  const inputs = [libraries, order, states, ...keys, ...contents];
  const last = useRef<{ inputs: unknown[]; rows: TreeRow[] }>({ inputs: [], rows: [] });
  if (inputs.length !== last.current.inputs.length || inputs.some((input, i) => input !== last.current.inputs[i])) {
    const byKey = new Map(keys.map((key, i) => [key, contents[i]]));
    const roots = sortFolders(libraries ?? [], { sort: 'name', descending: false });
    const parts = { isExpanded: (folder: FolderView) => isExpanded(keyOf(folder)), order };
    last.current = { inputs, rows: treeRows(roots, { ...parts, contentOf: (key) => byKey.get(key) }) };
  }
  const failed = results.find(({ error }) => error);
  return {
    rows: last.current.rows,
    isLoading: !roots.data,
    error: roots.error ?? failed?.error ?? null,
    retry: () => void Promise.all([roots, ...results].map((result) => result.refetch())),
  };
}

/** Videos asked for at a time. */
const PAGE = 100;

/** The videos in the visible lines of the tree, by the key of their line. */
export function useTreeVideos(filter: FileFilter, visible: readonly TreeRow[]): ReadonlyMap<string, FileView> {
  const videos = visible.flatMap((row) => (row.kind === 'video' ? [row] : []));
  const pages = new Map(
    videos.map(({ library, path, index }) => {
      const page = Math.floor(index / PAGE);
      return [`${library}:${path}/${page}`, { library, path, page }];
    }),
  );
  const results = useQueries({
    queries: [...pages.values()].map(({ page, ...place }) => {
      const input: Input<'file.page'> = {
        filter: { ...withinFolder(filter, place), direct: true },
        sort: 'name',
        offset: page * PAGE,
        limit: PAGE,
      };
      return { queryKey: ['file.page', input], queryFn: () => call('file.page', input) };
    }),
  });
  const byPage = new Map([...pages.keys()].map((key, i) => [key, results[i]?.data?.files]));
  return new Map(
    videos.flatMap(({ key, library, path, index }) => {
      const file = byPage.get(`${library}:${path}/${Math.floor(index / PAGE)}`)?.[index % PAGE];
      return file ? [[key, file] as const] : [];
    }),
  );
}
