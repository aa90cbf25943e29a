import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { backupsIn } from './backups.ts';
import { MIGRATIONS } from './migrations.ts';
import { lockDataFolder, openDatabase } from './open.ts';
import { SettingTable } from './tables/settings.ts';

let folder: string;
let file: string;
let backups: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-test-'));
  file = path.join(folder, 'flotilla.db');
  backups = path.join(folder, 'backups');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Stores a word, so that a database can be told from others. */
function remember(word: string): void {
  const { db } = openDatabase(file, backups);
  db.prepare("INSERT OR REPLACE INTO settings VALUES ('word', ?)").run(word);
  db.close();
}
function recall(): { word: unknown; repaired: string | undefined } {
  const { db, repaired } = openDatabase(file, backups);
  const word = db.prepare("SELECT value FROM settings WHERE key = 'word'").pluck().get();
  db.close();
  return { word, repaired };
}
const spoil = (what: string) => writeFileSync(what, Buffer.alloc(8192, 0x55));
/** A copy as daily backups are, of a time. */
function keep(name: string, hoursAgo: number): string {
  mkdirSync(backups, { recursive: true });
  const copy = path.join(backups, `flotilla-${name}.db`);
  copyFileSync(file, copy);
  const db = new Database(copy);
  db.pragma('journal_mode = DELETE');
  db.close();
  const then = new Date(Date.now() - hoursAgo * 3_600_000);
  utimesSync(copy, then, then);
  return copy;
}

/** The settings that are stored after the update of an install that was in use. */
function storedAfterUpdate(version: number, ...before: string[]): Partial<Record<string, unknown>> {
  const old = new Database(file);
  const worker = "INSERT INTO workers (id, fingerprint, name, mode, added) VALUES ('a', 'b', 'nas', 'active', 0)";
  for (const sql of [...MIGRATIONS.slice(0, version), worker, ...before]) old.exec(sql);
  old.pragma(`user_version = ${version}`);
  old.close();
  const { db } = openDatabase(file, backups);
  const stored = new SettingTable(db).all();
  db.close();
  return stored;
}
/** The first schema whose installs begin with a quality and an order by forecast. */
const NEW_DEFAULTS = MIGRATIONS.findIndex((sql) => sql.includes("'quality', '\"table\"'"));

describe('openDatabase', () => {
  it('keeps the quality table and the order of an install that was in use before there were others by default', () => {
    expect(storedAfterUpdate(NEW_DEFAULTS)).toEqual({ quality: 'table', fileOrder: 'oldest' });
  });

  it('leaves a new install to the defaults', () => {
    const { db } = openDatabase(file, backups);
    const { values, sources } = resolveSettings({ stored: new SettingTable(db).all() });
    db.close();
    expect(values).toMatchObject({ quality: 'transparent', fileOrder: 'gain' });
    expect(sources).toMatchObject({ quality: 'default', fileOrder: 'default' });
  });

  it('does not take back what its user chose before an update', () => {
    const chosen = "INSERT INTO settings VALUES ('quality', '\"small\"')";
    expect(storedAfterUpdate(NEW_DEFAULTS, chosen)).toEqual({ quality: 'small', fileOrder: 'oldest' });
  });

  it('makes a database of the newest schema that syncs every commit', () => {
    const { db, repaired } = openDatabase(path.join(folder, 'deep/er/flotilla.db'), backups);
    expect(repaired).toBeUndefined();
    const pragma = (name: string) => db.pragma(name, { simple: true });
    expect(['user_version', 'journal_mode', 'synchronous', 'foreign_keys'].map(pragma)).toEqual([
      MIGRATIONS.length,
      'wal',
      2,
      1,
    ]);
    db.close();
  });

  it.skipIf(process.platform === 'win32')('lets nobody else read it, also where it was there before', () => {
    const { db } = openDatabase(file, backups);
    const names = () => readdirSync(folder).filter((name) => name.startsWith('flotilla.db'));
    const modes = () =>
      names().map((name) => `${name} ${(statSync(path.join(folder, name)).mode & 0o777).toString(8)}`);
    const own = ['', '-shm', '-wal'].map((suffix) => `flotilla.db${suffix} 600`);
    expect(modes()).toEqual(own);
    for (const name of names()) chmodSync(path.join(folder, name), 0o644);
    const again = openDatabase(file, backups);
    expect(modes()).toEqual(own);
    for (const opened of [db, again.db]) opened.close();
  });

  it('keeps what is there', () => {
    remember('kept');
    expect(recall()).toEqual({ word: 'kept', repaired: undefined });
  });

  it('refuses a database from the future, and leaves it as it is', () => {
    remember('future');
    const db = new Database(file);
    db.pragma('user_version = 999');
    db.close();
    const before = readFileSync(file);
    expect(() => openDatabase(file, backups)).toThrow(Fault);
    expect(() => openDatabase(file, backups)).toThrow(/newer Flotilla \(schema 999/);
    expect(readFileSync(file)).toEqual(before);
  });

  it('takes the newest sound backup in the place of a damaged database, and keeps that', () => {
    remember('old');
    keep('1', 3);
    remember('newer');
    keep('2', 2);
    remember('newest');
    spoil(keep('3', 1));
    spoil(file);
    writeFileSync(`${file}-wal`, 'of the damaged one');
    const before = backupsIn(backups);
    const { word, repaired } = recall();
    expect(word).toBe('newer');
    // Their times tell when the next one is due.
    expect(backupsIn(backups)).toEqual(before);
    expect(readdirSync(backups)).toHaveLength(3);
    expect(repaired).toMatch(
      /^The database was damaged \(.*\); the backup of .* took its place .*No video was touched\.$/,
    );
    const [aside = ''] = readdirSync(folder).filter((name) => name.includes('damaged'));
    expect(readFileSync(path.join(folder, aside))).toEqual(Buffer.alloc(8192, 0x55));
  });

  it('refuses a damaged one without a sound backup, and leaves it as it is', () => {
    remember('lost');
    spoil(keep('1', 1));
    spoil(file);
    expect(() => openDatabase(file, backups)).toThrow(/is damaged \(.*\) and there is no usable backup/);
    expect(readFileSync(file)).toEqual(Buffer.alloc(8192, 0x55));
  });
});

describe('lockDataFolder', () => {
  it('lets one in at a time', () => {
    const unlock = lockDataFolder(path.join(folder, 'data'));
    expect(() => lockDataFolder(path.join(folder, 'data'))).toThrow(/Another Flotilla is using/);
    lockDataFolder(path.join(folder, 'other'))();
    unlock();
    lockDataFolder(path.join(folder, 'data'))();
    expect(existsSync(path.join(folder, 'data'))).toBe(true);
  });
});
