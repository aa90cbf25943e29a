import { describe, expect, it } from 'vitest';
import type { FolderView } from '../../../../src-shared/contract/file-view.ts';
import { keyOf, sortFolders, treeRows, withinFolder } from './tree.ts';

const folder = (path: string, more: Partial<FolderView> = {}) =>
  ({ library: 1, path, count: 1, bytes: 1, sourceBytes: 0, savedBytes: 0, counts: {}, ...more }) as FolderView;
const order = { sort: 'name', descending: false } as const;

describe('treeRows', () => {
  const contents = {
    '1:': { folders: [folder('Tides'), folder('Films')], files: 1 },
    '1:Tides': { folders: [folder('Tides/Season 10'), folder('Tides/Season 2')], files: 0 },
  };
  const expanded = new Set(['1:', '1:Tides', '1:Tides/Season 2']);
  const parts = {
    order,
    isExpanded: (one: FolderView) => expanded.has(keyOf(one)),
    contentOf: (key: string) => contents[key as keyof typeof contents],
  };

  it('lists folders before videos, level by level, and says where content is loading', () => {
    const rows = treeRows([folder('')], parts);
    expect(rows.map(({ kind, key, level, parent }) => [kind, key, level, parent])).toEqual([
      ['folder', '1:', 1, null],
      ['folder', '1:Films', 2, '1:'],
      ['folder', '1:Tides', 2, '1:'],
      ['folder', '1:Tides/Season 2', 3, '1:Tides'],
      ['loading', '1:Tides/Season 2/loading', 4, '1:Tides/Season 2'],
      ['folder', '1:Tides/Season 10', 3, '1:Tides'],
      ['video', '1:/#0', 2, '1:'],
    ]);
  });
});

describe('sortFolders', () => {
  const folders = [
    folder('a/Season 10', { bytes: 5 }),
    folder('a/Season 2', { bytes: 5 }),
    folder('a/Extras', { bytes: 9 }),
  ];
  const sorted = (sort: 'name' | 'bytes', descending: boolean) =>
    sortFolders(folders, { sort, descending }).map(({ path }) => path.slice(2));

  it('orders names as people number them, and by name where values are equal', () => {
    expect(sorted('name', false)).toEqual(['Extras', 'Season 2', 'Season 10']);
    expect(sorted('name', true)).toEqual(['Season 10', 'Season 2', 'Extras']);
    expect(sorted('bytes', true)).toEqual(['Extras', 'Season 2', 'Season 10']);
  });
});

describe('withinFolder', () => {
  it('keeps the rest of the filter, and means the whole library at its root', () => {
    expect(withinFolder({ state: ['done'], library: [1, 2] }, folder('Tides'))).toEqual({
      state: ['done'],
      library: [1],
      folder: 'Tides',
    });
    expect(withinFolder({}, folder(''))).toEqual({ library: [1] });
  });
});
