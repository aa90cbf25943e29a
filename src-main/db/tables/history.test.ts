import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { openDatabase } from '../open.ts';
import { HistoryTable } from './history.ts';

function makeTable(max: number): HistoryTable {
  const folder = tempFolder();
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  onTestFinished(() => void db.close());
  return new HistoryTable(db, max);
}

const texts = (table: HistoryTable, wanted: Parameters<HistoryTable['page']>[0]) =>
  table.page(wanted).map(({ text }) => text);

it('keeps the newest entries, and finds them by kind and by words, page by page', () => {
  const table = makeTable(3);
  for (const [kind, text] of [
    ['pause', 'Paused.'],
    ['conversion', 'Converted Islands.mkv.'],
    ['settings', 'Changed preset.'],
    ['conversion', 'Converted Night ferry.mkv.'],
  ] as const)
    table.add({ time: 1, kind, by: null, text, file: null });
  expect(texts(table, { limit: 10 })).toEqual([
    'Converted Night ferry.mkv.',
    'Changed preset.',
    'Converted Islands.mkv.',
  ]);
  expect(texts(table, { kind: ['conversion'], search: 'FERRY', limit: 10 })).toEqual(['Converted Night ferry.mkv.']);
  expect(texts(table, { file: 1, limit: 10 })).toEqual([]);
  const [newest] = table.page({ limit: 1 });
  expect(texts(table, { before: newest?.id, limit: 1 })).toEqual(['Changed preset.']);
});

it('names no video that the list does not have', () => {
  const table = makeTable(3);
  table.add({ time: 1, kind: 'conversion', by: 'nas', text: 'Converted Islands.mkv.', file: 7 });
  expect(table.page({ limit: 1 })).toMatchObject([{ by: 'nas', file: null }]);
});
