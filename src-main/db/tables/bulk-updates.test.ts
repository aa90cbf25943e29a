import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../../src-shared/jobs/job.ts';
import { Probe } from '../../../src-shared/media/probe.ts';
import { type Db, openDatabase } from '../open.ts';
import { BulkUpdates } from './bulk-updates.ts';
import { FileTable } from './files.ts';
import { JobTable } from './jobs.ts';
import { LibraryTable } from './libraries.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-batches-'));
const opened: Db[] = [];
afterAll(() => {
  for (const db of opened) db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How each of a record's files came to be where it is. */
const LIVES: JobEvent[][] = [
  [],
  ['queue'],
  ['queue', 'skip'],
  ['queue', 'lease', 'fail'],
  ['queue', 'lease', 'release'],
  ['queue', 'lease', 'deliver', 'block'],
  ['queue', 'lease', 'fail', 'change'],
  ['queue', 'lease', 'fail', 'change', 'skip'],
];

/** The same record each time: files of all lives, with and without a probe, some of them another version since. */
function fill(name: string) {
  const { db } = openDatabase(path.join(folder, `${name}.db`), path.join(folder, 'backups'));
  opened.push(db);
  const [files, jobs] = [new FileTable(db), new JobTable(db, () => undefined)];
  new LibraryTable(db).insert('/videos', true);
  const probe = Probe.parse({ format: 'mp4', streams: [], chapters: 0 });
  LIVES.flatMap((life) => [true, false].map((known) => ({ life, known }))).forEach(({ life, known }, n) => {
    const stat = { path: `${n}.mkv`, inode: `1:${n}`, version: '1:1', size: 1, mtime: 1, settles: null };
    files.insert(1, stat);
    const { id } = files.at(1, stat.path) as { id: number };
    for (const event of life) {
      const row = files.get(id);
      const job = row && row.job !== null ? jobs.get(row.job) : undefined;
      if (event === 'queue' && row) jobs.queue(row);
      else if (event === 'lease' && job) jobs.lease(job, { id: 'w', name: 'nas' }, {});
      else jobs.apply(id, event, { code: event, reason: `it was ${event}` });
    }
    if (known) files.setProbe(id, 'hash', probe);
    if (life.at(-1) === 'block') db.prepare("UPDATE files SET version = '2:2' WHERE id = ?").run(id);
  });
  return { db, files, jobs, batches: new BulkUpdates(db) };
}

/** All that says how a video stands, but for times. */
const standing = (db: Db) => ({
  files: db.prepare('SELECT id, state, code, reason, job IS NULL AS idle FROM files ORDER BY id').all(),
  jobs: db
    .prepare(
      'SELECT j.file, j.version, j.state, j.attempts, j.priority, ended IS NULL AS open, f.job = j.id AS present FROM jobs j JOIN files f ON f.id = j.file ORDER BY j.file, j.id',
    )
    .all(),
  tasks: db.prepare('SELECT job, state FROM tasks ORDER BY job').all(),
});

const ids = (db: Db, states: string) =>
  db.prepare(`SELECT id FROM files WHERE state IN (${states})`).pluck().all() as number[];

describe('very many files at once', () => {
  it('are skipped as each one would be', () => {
    const [one, many] = [fill('skip-one'), fill('skip-many')];
    const because = { code: 'user', reason: 'You chose so.' };
    const chosen = ids(one.db, "'found', 'queued', 'skipped', 'failed', 'blocked'");
    for (const id of chosen) one.jobs.apply(id, 'skip', because);
    many.batches.apply(chosen, 'skip', because);
    expect(standing(many.db)).toEqual(standing(one.db));
  });

  it('are queued as each one would be', () => {
    const [one, many] = [fill('queue-one'), fill('queue-many')];
    const chosen = ids(one.db, "'skipped', 'failed', 'blocked'");
    expect(chosen.length).toBeGreaterThan(6);
    for (const id of chosen) {
      const file = one.files.get(id);
      if (file?.probe) one.jobs.queue(file);
      else one.jobs.apply(id, 'change');
    }
    many.batches.queue(chosen);
    expect(standing(many.db)).toEqual(standing(one.db));
  });

  it('are left as they are, all of them, when one of them cannot be', () => {
    const { db, batches, jobs, files } = fill('refused');
    const before = standing(db);
    expect(() => batches.apply(ids(db, "'found', 'queued'"), 'complete')).toThrow(/complete is not possible/);
    expect(standing(db)).toEqual(before);
    const waiting = ids(db, "'queued'");
    batches.setPriority(waiting, 7);
    expect(waiting.map((id) => jobs.get(files.get(id)?.job ?? 0)?.priority)).toEqual(waiting.map(() => 7));
    expect(batches.inStates([...waiting, ...waiting, 9999], ['queued']).map(({ id }) => id)).toEqual(waiting);
    batches.remove(waiting);
    expect(ids(db, "'queued'")).toEqual([]);
  });
});
