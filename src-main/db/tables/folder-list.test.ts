import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FileFilter, STATES } from '../../../src-shared/contract/file-view.ts';
import { type Db, openDatabase } from '../open.ts';
import { FileList } from './file-list.ts';
import { FolderList } from './folder-list.ts';
import { LibraryTable } from './libraries.ts';

/** Names that order, length, and wildcards of SQL could take apart wrongly. */
const FOLDERS = [
  '',
  'Tides',
  'Tides/Season 1',
  'Tides/Season 10',
  'Tides 2',
  'Tides-2/Specials',
  'Tides0',
  'Übung 🎬/100%_a',
  'tides/Season 1',
];

let folder: string;
let db: Db;
let files: FileList;
let folders: FolderList;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-folders-'));
  db = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups')).db;
  for (const root of ['/videos', '/series']) new LibraryTable(db).insert(root, true);
  const insert =
    db.prepare(`INSERT INTO files (library, path, inode, version, size, mtime, state, source_size, result_size)
    VALUES (?, ?, 'i', 'v', ?, 0, ?, ?, ?)`);
  for (let n = 0; n < 120; n++) {
    const state = STATES[n % STATES.length];
    const file = path.posix.join(FOLDERS[n % FOLDERS.length] ?? '', `Video ${n}.mkv`);
    // A restored video keeps both sizes, and has saved nothing.
    const sizes = state === 'done' || state === 'skipped' ? [5000 + n, 1000 + n] : [null, null];
    insert.run(1 + (n % 2), file, 1000 + n, state, ...sizes);
  }
  files = new FileList(db);
  folders = new FolderList(db);
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const select = (filter: FileFilter) => files.page({ filter, sort: 'path', descending: false, offset: 0, limit: 500 });
const sum = (numbers: (number | null)[]) => numbers.reduce<number>((total, n) => total + (n ?? 0), 0);
const byPath = <T extends { path: string }>(views: T[]) => views.toSorted((a, b) => (a.path < b.path ? -1 : 1));

/** What the tree is to show, computed from the list of files in plain code. */
function expected(library: number, above: string, filter: FileFilter) {
  const inside = select({ ...filter, library: [library] }).filter(
    (file) => !above || file.path.startsWith(`${above}/`),
  );
  const rest = (file: string) => (above ? file.slice(above.length + 1) : file).split('/');
  const names = new Set(inside.flatMap((file) => (rest(file.path).length > 1 ? [rest(file.path)[0] ?? ''] : [])));
  const views = [...names].map((name) => {
    const below = inside.filter((file) => rest(file.path).length > 1 && rest(file.path)[0] === name);
    const done = below.filter(({ state }) => state === 'done');
    return {
      library,
      path: path.posix.join(above, name),
      count: below.length,
      bytes: sum(below.map(({ size }) => size)),
      sourceBytes: sum(done.map(({ sourceSize }) => sourceSize)),
      savedBytes: sum(done.map(({ sourceSize, resultSize }) => (sourceSize ?? 0) - (resultSize ?? 0))),
      counts: Object.fromEntries(STATES.map((state) => [state, below.filter((file) => file.state === state).length])),
    };
  });
  return { folders: byPath(views), files: inside.filter((file) => rest(file.path).length === 1).length };
}

describe('FolderList', () => {
  const filters: FileFilter[] = [
    {},
    { state: ['done', 'failed'] },
    { search: 'tides' },
    { search: 'season', state: ['done'] },
  ];

  it.for(filters)('adds up what is below each folder, for files that pass %j', (filter) => {
    for (const library of [1, 2]) {
      for (const above of ['', ...FOLDERS.slice(1)]) {
        const got = folders.in({ filter, library, folder: above });
        expect({ ...got, folders: byPath(got.folders) }).toEqual(expected(library, above, filter));
      }
    }
  });

  it('begins with the libraries, and leaves out those without a match', () => {
    const all = folders.in({ filter: {}, folder: '' });
    expect(all.folders.map(({ library, path: name, count }) => [library, name, count])).toEqual([
      [1, '', 60],
      [2, '', 60],
    ]);
    expect(all.files).toBe(0);
    expect(folders.in({ filter: { search: 'nothing has this' }, folder: '' }).folders).toEqual([]);
    expect(folders.in({ filter: { library: [2] }, folder: '' }).folders).toHaveLength(1);
  });
});

describe('a filter by folder', () => {
  it('takes what is anywhere below it, and no folder whose name begins alike', () => {
    const paths = select({ folder: 'Tides' }).map((file) => path.posix.dirname(file.path));
    expect([...new Set(paths)].sort()).toEqual(['Tides', 'Tides/Season 1', 'Tides/Season 10']);
  });

  it('takes only what is directly in it, if asked', () => {
    const foldersOf = (part: FileFilter) => [...new Set(select(part).map((file) => path.posix.dirname(file.path)))];
    expect(foldersOf({ folder: 'Tides', direct: true })).toEqual(['Tides']);
    expect(foldersOf({ direct: true })).toEqual(['.']);
    expect(foldersOf({ folder: 'Übung 🎬/100%_a', direct: true })).toEqual(['Übung 🎬/100%_a']);
  });
});

/** How SQLite goes about the query that `read` makes: a line for each time that it goes through the files. */
function plansOf(read: () => unknown): string[] {
  const prepare = vi.spyOn(db, 'prepare');
  read();
  const queries = prepare.mock.calls.map(([sql]) => sql);
  prepare.mockRestore();
  return queries.flatMap((sql) => {
    const nothing = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]));
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(nothing) as { detail: string }[];
    return steps.map(({ detail }) => detail).filter((detail) => /^(SCAN|SEARCH) files/.test(detail));
  });
}

describe('sums', () => {
  const BY_FOLDER = 'SEARCH files USING COVERING INDEX files_by_folder (library=?)';
  const BY_KIND = 'SCAN files USING COVERING INDEX files_by_kind';
  const PATHS = expect.stringMatching(/^SCAN files USING COVERING INDEX (sqlite_autoindex_files_1|files_by_folder)$/);
  const inLibrary = (filter: FileFilter, name = '') => new FolderList(db).in({ filter, library: 1, folder: name });
  const ofLibraries = (filter: FileFilter) => new FolderList(db).in({ filter, folder: '' });
  const counts = (filter: FileFilter) => new FileList(db).tally(filter);

  it.for<[string, string[], () => unknown]>([
    ['the folders of a library', [BY_FOLDER], () => inLibrary({})],
    ['folders with videos in some states', [BY_FOLDER], () => inLibrary({ state: ['done', 'queued'] })],
    ['folders with videos that saved something', [BY_FOLDER], () => inLibrary({ savedFrom: 10 })],
    ['folders with hits of a search', [BY_FOLDER, PATHS as never], () => inLibrary({ search: 'tides' })],
    ['the folders in a folder', [BY_FOLDER.replace(')', ' AND path>? AND path<?)')], () => inLibrary({}, 'Tides')],
    ['the libraries', [BY_KIND], () => ofLibraries({})],
    ['libraries with hits of a search', [BY_KIND, PATHS as never], () => ofLibraries({ search: 'tides' })],
    ['libraries with videos of a codec', [BY_KIND], () => ofLibraries({ codec: ['h264'] })],
    ['counts of all', [BY_KIND], () => counts({})],
    ['counts of the hits of a search', [BY_KIND, PATHS as never], () => counts({ search: 'tides' })],
    ['counts of a folder', [BY_KIND, PATHS as never], () => counts({ folder: 'Tides', library: [1] })],
    ['counts of what saved something', [BY_KIND], () => counts({ savedFrom: 10, savedTo: 50 })],
  ])('of %s come from indexes alone: rows of 100,000 videos are ten times as much to read', ([, plan, read]) => {
    expect(plansOf(read)).toEqual(plan);
  });
});
