import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../open.ts';
import { LibraryTable } from './libraries.ts';
import { StatTable } from './stats.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A fresh database with one library. */
function makeDatabase() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-stats-'));
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  onTestFinished(() => {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { db, library: new LibraryTable(db).insert('/videos', true).id };
}

/** Savings of conversions that ended at these times, each of 100 bytes to 40. */
function statsOf(ended: number[]) {
  const { db, library } = makeDatabase();
  const file = db.prepare(
    "INSERT INTO files (library, path, inode, version, size, mtime, state) VALUES (?, ?, 'i', 'v', 40, 0, 'done')",
  );
  const job = db.prepare(
    "INSERT INTO jobs (file, library, version, size, mtime, state, result_size, ended) VALUES (?, ?, 'v', 100, 0, 'done', 40, ?)",
  );
  for (const [n, time] of ended.entries()) job.run(file.run(library, `Video ${n}.mkv`).lastInsertRowid, library, time);
  return new StatTable(db).stats();
}

it('tells savings by hour in the week after the first video, and by day alone from then on', () => {
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const { byHour, byDay } = statsOf([hour - 30 * HOUR_MS, hour - 30 * HOUR_MS + 59 * 60_000, hour]);
  expect(byHour).toEqual([
    { hour: hour - 30 * HOUR_MS, films: 2, sourceBytes: 200, resultBytes: 80 },
    { hour, films: 1, sourceBytes: 100, resultBytes: 40 },
  ]);
  expect(byDay.reduce((sum, { films }) => sum + films, 0)).toBe(3);
  const later = statsOf([hour - 8 * DAY_MS, hour]);
  expect(later.byHour).toEqual([]);
  expect(later.byDay).toHaveLength(2);
});

it('tells the effort of a video as of all that wait: what is forecast, else its pixels', () => {
  const { db, library } = makeDatabase();
  const insert = db.prepare(
    `INSERT INTO files (library, path, inode, version, size, mtime, state, width, height, frame_rate, duration, effort)
       VALUES (?, ?, 'i', 'v', 40, 0, 'queued', 100, 10, ?, ?, ?)`,
  );
  const add = (...facts: (number | null)[]) => Number(insert.run(library, facts.join(), ...facts).lastInsertRowid);
  const stats = new StatTable(db);
  const efforts = [add(25, 4, null), add(null, 4, null), add(25, 4, 7), add(25, null, null)].map((id) =>
    stats.effort(id),
  );
  expect(efforts).toEqual([100_000, 96_000, 7, null]);
  expect(stats.remaining([library])).toBe(196_007);
});
