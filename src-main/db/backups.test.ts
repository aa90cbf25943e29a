import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUp, backUpDaily, backupFinding, backupsIn, copyDatabase, restoreDatabase } from './backups.ts';
import { type Db, openDatabase } from './open.ts';

let folder: string;
let file: string;
let backups: string;
let copy: string;
let db: Db;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-test-'));
  file = path.join(folder, 'flotilla.db');
  backups = path.join(folder, 'backups');
  copy = path.join(folder, 'copy.db');
  db = openDatabase(file, backups).db;
  remember('first');
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const remember = (word: string) => db.prepare("INSERT OR REPLACE INTO settings VALUES ('word', ?)").run(word);
function recall(place: string): unknown {
  const other = new Database(place, { readonly: true });
  const word = other.prepare("SELECT value FROM settings WHERE key = 'word'").pluck().get();
  other.close();
  return word;
}

describe('a copy', () => {
  it('is one sound file with all that was committed, made while the database is in use', async () => {
    await copyDatabase(file, copy);
    remember('second');
    expect([recall(copy), recall(file)]).toEqual(['first', 'second']);
    expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
  });

  it('replaces a file only when that is wanted', async () => {
    writeFileSync(copy, 'mine');
    await expect(copyDatabase(file, copy)).rejects.toThrow(/copy\.db already exists; .*--overwrite/);
    expect(readFileSync(copy, 'utf8')).toBe('mine');
    await copyDatabase(file, copy, true);
    expect(recall(copy)).toBe('first');
  });

  it('never replaces the database itself', async () => {
    await expect(copyDatabase(file, file, true)).rejects.toThrow(/is the database itself/);
    expect(recall(file)).toBe('first');
  });

  it('is none of a database that is damaged inside', async () => {
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO facts SELECT 'key ' || i, hex(randomblob(50)) FROM n`);
    db.close();
    const bytes = readFileSync(file);
    bytes.fill(0x55, bytes.length - 8192);
    writeFileSync(file, bytes);
    await expect(copyDatabase(file, copy)).rejects.toThrow(/damaged|isn't a valid database/);
    expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual([]);
  });
});

describe('daily backups', () => {
  it('are made in a thread, once a day, and the last seven are kept', async () => {
    expect(backupFinding(backups)).toMatchObject({ ok: true, what: expect.stringContaining('none yet') });
    await backUpDaily(file, backups);
    await backUpDaily(file, backups);
    expect(backupsIn(backups)).toHaveLength(1);
    for (let day = 1; day < 9; day++) {
      const then = new Date(Date.now() - day * 86_400_000);
      for (const { file: old } of backupsIn(backups).slice(0, 1)) utimesSync(old, then, then);
      remember(String(day));
      await backUpDaily(file, backups);
    }
    const kept = backupsIn(backups);
    expect(kept).toHaveLength(7);
    expect(recall(kept[0]?.file ?? '')).toBe('8');
    expect(backupFinding(backups)).toMatchObject({
      ok: true,
      what: expect.stringMatching(/^Backup of the database, 20/),
    });
    expect(readdirSync(backups).filter((name) => !name.endsWith('.db'))).toEqual([]);
  });

  it('that are old are a finding', async () => {
    await backUp(file, backups);
    const then = new Date(Date.now() - 4 * 86_400_000);
    for (const { file: old } of backupsIn(backups)) utimesSync(old, then, then);
    expect(backupFinding(backups)).toMatchObject({ ok: false });
  });

  it('tell why there is none', async () => {
    mkdirSync(backups);
    await expect(backUp(path.join(folder, 'none.db'), backups)).rejects.toThrow(
      /^Couldn.t back up the database to .*: .*\.$/,
    );
    expect(readdirSync(backups)).toEqual([]);
  });
});

describe('a restored database', () => {
  it('takes the place of the present one, which is kept with all that its log held', async () => {
    await copyDatabase(file, copy);
    remember('second');
    const crashed = path.join(folder, 'crashed');
    mkdirSync(crashed);
    // As a crash leaves them: the log was never brought into the database.
    for (const suffix of ['', '-wal'])
      writeFileSync(path.join(crashed, `flotilla.db${suffix}`), readFileSync(file + suffix));
    const aside = restoreDatabase(copy, path.join(crashed, 'flotilla.db')) ?? '';
    expect([recall(path.join(crashed, 'flotilla.db')), recall(aside)]).toEqual(['first', 'second']);
    expect(existsSync(path.join(crashed, 'flotilla.db-wal'))).toBe(false);
  });

  it('is refused when it is not sound or no database of Flotilla, and nothing is touched', () => {
    db.close();
    const before = readFileSync(file);
    const other = new Database(copy);
    other.exec('CREATE TABLE something (x)');
    other.close();
    expect(() => restoreDatabase(copy, file)).toThrow(/isn't a Flotilla database/);
    const newer = path.join(folder, 'newer.db');
    writeFileSync(newer, before);
    const future = new Database(newer);
    future.pragma('user_version = 999');
    future.close();
    expect(() => restoreDatabase(newer, file)).toThrow(/newer\.db was written by a newer Flotilla \(schema 999\)/);
    writeFileSync(copy, Buffer.alloc(8192, 0x55));
    expect(() => restoreDatabase(copy, file)).toThrow(/isn't a valid database/);
    expect(() => restoreDatabase(path.join(folder, 'none'), file)).toThrow(/There is no file/);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(folder).filter((name) => /restoring|replaced/.test(name))).toEqual([]);
  });

  it('grants no lease a second time that was granted since the backup', async () => {
    db.exec("INSERT INTO libraries (id, root, watched) VALUES (1, '/', 1)");
    db.exec(`INSERT INTO files (id, library, path, inode, version, size, mtime, state)
      VALUES (1, 1, 'a', '1:1', '1:1', 1, 1, 'queued')`);
    db.exec(
      "INSERT INTO jobs (id, file, library, version, size, mtime, state) VALUES (1, 1, 1, '1:1', 1, 1, 'queued')",
    );
    db.exec("INSERT INTO tasks (id, job, kind, state, epoch) VALUES (1, 1, 'whole', 'ready', 3)");
    await copyDatabase(file, copy);
    db.close();
    restoreDatabase(copy, file);
    db = openDatabase(file, backups).db;
    const now = Date.now() / 1000 - 3600;
    expect(db.prepare('SELECT epoch FROM tasks').pluck().get()).toBeGreaterThan(now);
    expect(Number(db.prepare("SELECT value FROM facts WHERE key = 'first-epoch'").pluck().get())).toBeGreaterThan(now);
  });
});
