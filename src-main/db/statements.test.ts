import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { openDatabase } from './open.ts';
import { statements } from './statements.ts';

it('the statement cache keeps statements in use, up to a few hundred', () => {
  const folder = tempFolder();
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  onTestFinished(() => void db.close());
  const sql = statements(db);
  const [used, unused] = [sql('SELECT -1'), sql('SELECT -2')];
  for (let i = 0; i < 1000; i++) {
    expect(sql(`SELECT ${i}`).pluck().get()).toBe(i);
    expect(sql('SELECT -1')).toBe(used);
  }
  expect(sql('SELECT -2')).not.toBe(unused);
});
