import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/util/errors.ts';
import { backupsIn, isCorrupt, restoreDatabase } from './backups.ts';
import { MIGRATIONS } from './migrations.ts';
import { keepToOwner } from './restrict-permissions.ts';

export interface Db extends Database.Database {}

/** Room for the pages that lists of 100,000 videos read again and again. */
const CACHE_KIB = 32_768;

function prepare(file: string): Db {
  keepToOwner(file);
  const db = new Database(file, { timeout: 5000 });
  try {
    const [check] = db.pragma('quick_check(1)') as { quick_check: string }[];
    if (check?.quick_check !== 'ok') {
      throw Object.assign(new Error(check?.quick_check ?? 'no answer'), { code: 'SQLITE_CORRUPT' });
    }
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > MIGRATIONS.length) {
      throw new Fault(
        'conflict',
        `The database ${file} was written by a newer Flotilla (schema ${version}, this one knows ${MIGRATIONS.length}); update this program or use another data folder.`,
      );
    }
    db.pragma('journal_mode = WAL');
    // The journal of replacements must survive a power cut, so every commit is synced.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma(`cache_size = -${CACHE_KIB}`);
    // What lists sort by; SQLite has no word for it.
    db.function('basename', { deterministic: true }, (file) => path.posix.basename(String(file)));
    MIGRATIONS.slice(version).forEach((sql, i) => {
      db.transaction(() => {
        db.exec(sql);
        db.pragma(`user_version = ${version + i + 1}`);
      })();
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Opens the database, creating or migrating it. A damaged one is set aside and the newest sound backup takes its place.
 * @returns the database and, after such a repair, a sentence about it
 * @throws Fault `conflict` when the database is from a newer version, or damaged without a backup
 */
export function openDatabase(file: string, backups: string): { db: Db; repaired?: string } {
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    return { db: prepare(file) };
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    for (const { file: backup, madeAt } of backupsIn(backups)) {
      let aside: string | null;
      try {
        aside = restoreDatabase(backup, file, 'damaged');
      } catch (flaw) {
        // A full disk is no reason to take an older one.
        if (nodeFaultReason(flaw)) throw flaw;
        continue;
      }
      const made = new Date(madeAt).toISOString();
      const repaired = `The database was damaged (${messageOf(error)}); the backup of ${made} took its place and the damaged one is kept as ${aside}. No video was touched.`;
      return { db: prepare(file), repaired };
    }
    throw new Fault(
      'conflict',
      `The database ${file} is damaged (${messageOf(error)}) and there is no usable backup in ${backups}; no video was touched. To start from scratch, move the file away: originals in the vaults are found again.`,
      { cause: error },
    );
  }
}

/**
 * Makes this process the only one on a data folder until it ends, however it ends: the operating system drops the lock.
 * @returns a function that gives the folder free
 * @throws Fault `conflict` when another process holds it
 */
export function lockDataFolder(folder: string): () => void {
  // Names of videos and hashes of passwords are no one else's business.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new Database(path.join(folder, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
    throw new Fault(
      'conflict',
      `Another Flotilla is using the data folder ${folder}; stop it first, or name another one with --data.`,
    );
  }
  return () => lock.close();
}
