import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileFilter, STATES } from '../../../src-shared/contract/file-view.ts';
import { FILE_ORDERS } from '../../../src-shared/settings/settings.ts';
import { type Db, openDatabase } from '../open.ts';
import { FileList } from './file-list.ts';
import { FileTable } from './files.ts';
import { JobTable } from './jobs.ts';
import { LibraryTable } from './libraries.ts';

let folder: string;
let db: Db;
let files: FileTable;
let jobs: JobTable;
let list: FileList;
let seed: number;

/** Numbers that look random and are the same in every run (Park and Miller, 1988). */
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-lists-'));
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function fresh(name: string): void {
  db?.close();
  ({ db } = openDatabase(path.join(folder, `${name}.db`), path.join(folder, 'backups')));
  files = new FileTable(db);
  jobs = new JobTable(db, () => undefined);
  list = new FileList(db);
  seed = 7;
  for (const root of ['/videos', '/series']) new LibraryTable(db).insert(root, true);
}

function addFile(library: number, file: string): number {
  const size = random(1000);
  const mtime = random(1000);
  files.insert(library, { path: file, inode: `1:${file}`, version: `${size}:${mtime}`, size, mtime, settles: null });
  const row = files.at(library, file);
  if (!row) throw new Error(`${file} is not there`);
  return row.id;
}

describe.for(FILE_ORDERS)('a queue in the order %s', (order) => {
  it('is, after any moves, as if they were made in a plain list, and is given out like that', () => {
    fresh(order);
    for (let i = 0; i < 30; i++) {
      const row = files.get(addFile(1 + (i % 2), `Video ${i}.mkv`));
      if (row) jobs.queue(row);
    }
    const queue = () => list.queue([1, 2], order, { offset: 0, limit: 100 }).files.map(({ id }) => id);
    let expected = queue();
    for (let round = 0; round < 100; round++) {
      const moved = [...new Set([1, 2, 3].slice(0, 1 + random(3)).map(() => expected[random(30)] ?? 0))];
      const rest = expected.filter((id) => !moved.includes(id));
      const before = random(5) === 0 ? null : (rest[random(rest.length)] ?? null);
      expect(jobs.queued.move(moved, before, order)).toBe(moved.length);
      const at = before === null ? 0 : rest.indexOf(before);
      expected = rest.toSpliced(at, 0, ...moved);
      expect(queue()).toEqual(expected);
    }
    const scopes = [1, 2].map((library) => ({ library, prefix: '' }));
    for (const id of expected.slice(0, 10)) {
      const first = jobs.queued.first(scopes, order);
      expect(first?.file).toBe(id);
      jobs.apply(id, 'skip');
    }
    expect(list.queue([2], order, { offset: 1, limit: 3 }).files).toHaveLength(3);
  });
});

describe('a list', () => {
  const names = ['Übung.mkv', 'ÜBUNG 50%.mkv', 'Amélie_1.mkv', 'amelie 2.mkv', "It's.mkv", 'a\\b.mkv'];
  const codecs = ['h264', 'hevc', 'av1'];

  beforeAll(() => {
    fresh('list');
    for (let i = 0; i < 200; i++) {
      const id = addFile(1 + random(2), `Folder ${random(5)}/${i} ${names[random(names.length)]}`);
      db.prepare('UPDATE files SET state = ?, codec = ?, code = ?, source_size = ?, result_size = ? WHERE id = ?').run(
        STATES[random(STATES.length)],
        random(4) === 0 ? null : codecs[random(3)],
        random(2) === 0 ? 'user' : null,
        ...(random(2) === 0 ? [null, null] : [1000, random(1200)]),
        id,
      );
    }
  });

  /** All files, told apart in plain code. */
  const all = () => list.page({ filter: {}, sort: 'path', descending: false, offset: 0, limit: 500 });
  const passes = (filter: FileFilter) => (file: ReturnType<typeof all>[number]) => {
    const { sourceSize, resultSize } = file;
    const saved = sourceSize === null || resultSize === null ? null : (100 * (sourceSize - resultSize)) / sourceSize;
    const within = saved !== null && saved >= (filter.savedFrom ?? -9999) && saved <= (filter.savedTo ?? 9999);
    const words = (filter.search ?? '').split(' ').map((word) => word.toLowerCase());
    return (
      (!filter.state || filter.state.includes(file.state)) &&
      (!filter.library || filter.library.includes(file.library)) &&
      (!filter.codec || filter.codec.includes(file.codec ?? '')) &&
      (!filter.code || filter.code.includes(file.code ?? '')) &&
      ((filter.savedFrom === undefined && filter.savedTo === undefined) || within) &&
      words.every((word) => file.path.toLowerCase().includes(word))
    );
  };

  it.for<FileFilter>([
    {},
    { state: ['done', 'failed'] },
    { state: [] },
    { library: [2], codec: ['h264', 'av1'] },
    { code: ['user'], state: ['skipped'] },
    { savedFrom: 10 },
    { savedTo: 0, savedFrom: -20 },
    { search: 'übung' },
    { search: 'Übung 50%' },
    { search: 'AMÉLIE' },
    { search: '_1' },
    { search: "it's" },
    { search: 'a\\b' },
    { search: 'folder 3 .mkv', codec: ['hevc'] },
    { search: 'nothing has this' },
  ])('holds what %j lets pass, and counts it', (filter) => {
    const expected = all().filter(passes(filter));
    const ids = (rows: { id: number }[]) => rows.map(({ id }) => id).toSorted((a, b) => a - b);
    const part = { sort: 'size' as const, descending: true, offset: 0, limit: 500 };
    const got = list.page({ ...part, filter });
    expect(ids(got)).toEqual(ids(expected));
    expect(got.map(({ size }) => size)).toEqual(got.map(({ size }) => size).toSorted((a, b) => b - a));
    expect(list.ids(filter).toSorted((a, b) => a - b)).toEqual(ids(expected));
    const tally = list.tally(filter);
    expect(tally).toMatchObject({
      total: expected.length,
      bytes: expected.reduce((sum, { size }) => sum + size, 0),
    });
    const { state: _, ...others } = filter;
    const anyState = all().filter(passes(others));
    for (const state of STATES) expect(tally.counts[state]).toBe(anyState.filter((f) => f.state === state).length);
    const { codec: __, ...anyCodec } = filter;
    for (const { value, count } of tally.codec)
      expect(count).toBe(all().filter(passes({ ...anyCodec, codec: [value] })).length);
  });
});
