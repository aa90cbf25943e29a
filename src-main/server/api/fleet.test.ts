/** Which worker a user means. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../db/open.ts';
import { WorkerTable } from '../../db/tables/workers.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { findWorker } from './fleet.ts';

it('is the one with exactly this id, then the one with exactly this name, then the only one whose id begins so', () => {
  const { db } = openDatabase(path.join(tempFolder(), 'flotilla.db'), '/nowhere');
  onTestFinished(() => void db.close());
  const [one, two, three] = ['a', 'b', 'c'].map((letter) => `${letter.repeat(6)}${'0'.repeat(26)}`) as [
    string,
    string,
    string,
  ];
  const workers = new WorkerTable(db, one);
  // Two named with the id of each other, and one with the beginning of another's.
  for (const [id, name] of [
    [one, two],
    [two, one],
    [three, 'aaaaaa'],
  ] as const)
    workers.add({ id, name, fingerprint: id.padEnd(64, '0') });
  const found = (wanted: string) => findWorker(workers, wanted).id;
  expect([one, two, three, 'aaaaaa', 'bbbbbb', 'cccccc'].map(found)).toEqual([one, two, three, three, two, three]);
  for (const nobody of ['', 'aaaaa', 'aaaaaaa', 'bbbbb', 'nobody'])
    expect(() => found(nobody)).toThrow(/^There is no worker called/);
  workers.add({ id: `bbbbbb${'1'.repeat(26)}`, name: 'd', fingerprint: `bbbbbb${'1'.repeat(58)}` });
  expect(() => found('bbbbbb')).toThrow(/^There is no worker called bbbbbb/);
});
