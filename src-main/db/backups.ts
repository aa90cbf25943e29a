import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Backup, Finding } from '../../src-shared/contract/stats-view.ts';
import { formatBytes } from '../../src-shared/text/format.ts';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { MIGRATIONS } from './migrations.ts';

/** How many daily backups are kept. */
const KEPT = 7;
const NAME = /^flotilla-.*\.db$/;
const DAY_MS = 86_400_000;
/** A running Flotilla makes one a day; one that is older says that it could not. */
const STALE_MS = 3 * DAY_MS;

/** The fact from which the epochs of new tasks count. */
export const FIRST_EPOCH = 'first-epoch';

/** All pages in one step: otherwise, every write of another program would restart the copy. */
const ALL_PAGES = 0x7fffffff;

/** SQLite's result codes for a file that is no (sound) database. */
const CORRUPT = /^SQLITE_(CORRUPT|NOTADB)/;

/** True for an error that says that a file is no sound database. */
export const isCorrupt = (error: unknown): boolean => CORRUPT.test(String((error as { code?: unknown }).code));

/** The daily backups of a folder, newest first. */
export function backupsIn(folder: string): Backup[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .map((name) => {
      const file = path.join(folder, name);
      const { mtimeMs, size } = statSync(file);
      return { file, madeAt: Math.trunc(mtimeMs), size };
    })
    .sort((a, b) => b.madeAt - a.madeAt);
}

/** What `doctor` says of the backups of a folder. */
export function backupFinding(folder: string): Finding {
  const [newest] = backupsIn(folder);
  if (!newest) return { ok: true, what: 'Backup of the database: none yet; `serve` makes one a day' };
  const { file, madeAt, size } = newest;
  return {
    ok: Date.now() - madeAt < STALE_MS,
    what: `Backup of the database, ${new Date(madeAt).toLocaleString('sv-SE')}, ${formatBytes(size)}`,
    advice: `${file} is the newest one; start \`flotilla serve\`, which makes one a day, and check its log if it doesn't`,
  };
}

/**
 * Verifies that a file is a complete Flotilla database by reading all of it, and checkpoints its log into it.
 * @param name of the file for users
 * @throws Fault `conflict` with the reason
 */
export function proveDatabase(file: string, name: string): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { fileMustExist: true });
    db.pragma('journal_mode = DELETE');
    const flaw = db.pragma('integrity_check(1)', { simple: true });
    if (flaw !== 'ok') throw new Fault('conflict', `${name} is damaged (${flaw}).`);
    const version = db.pragma('user_version', { simple: true }) as number;
    const tables = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name IN ('files', 'swaps', 'vault')").pluck();
    if (version === 0 || tables.get() !== 3) throw new Fault('conflict', `${name} isn't a Flotilla database.`);
    if (version > MIGRATIONS.length)
      throw new Fault('conflict', `${name} was written by a newer Flotilla (schema ${version}); update this program.`);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    throw new Fault('conflict', `${name} isn't a valid database (${messageOf(error)}).`, { cause: error });
  } finally {
    db?.close();
  }
}

/** Has the bytes of a file or the names of a folder on the disk before it returns; a folder only where the system can. */
function sync(place: string): void {
  const folder = statSync(place).isDirectory();
  try {
    const handle = openSync(place, folder ? 'r' : 'r+');
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    if (!folder) throw error;
  }
}

/** Removes an unfinished copy with all that SQLite puts beside it. */
function removePart(part: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(part + suffix, { force: true });
}

/**
 * Copies a database that may be in use, verifies the copy, and only then renames it to `file`.
 * @param overwrite allows an existing file to be replaced
 * @throws Fault `conflict` when the name is taken or the copy is damaged, `usage` when it's the database's own
 */
export async function copyDatabase(database: string, file: string, overwrite = false): Promise<void> {
  if (existsSync(file) && realpathSync(file) === realpathSync(database))
    throw new Fault('usage', `${file} is the database itself; name another file.`);
  if (existsSync(file) && !overwrite)
    throw new Fault('conflict', `${file} already exists; name another file, or use --overwrite.`);
  const part = `${file}.part`;
  const source = new Database(database, { readonly: true, fileMustExist: true, timeout: 5000 });
  try {
    await source.backup(part, { progress: () => ALL_PAGES });
    chmodSync(part, 0o600);
    proveDatabase(part, database);
    sync(part);
    if (overwrite) renameSync(part, file);
    else placeNew(part, file);
    sync(path.dirname(path.resolve(file)));
  } finally {
    source.close();
    removePart(part);
  }
}

/** Gives a file another name, which must be free. */
function placeNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(to))
      throw new Fault('conflict', `${to} already exists; name another file, or use --overwrite.`, { cause: error });
    // A file system without links.
    renameSync(from, to);
  }
}

/**
 * Makes a copy of earlier days fit to be the database again. Computers may still hold leases that were granted since, whose
 * numbers would be granted a second time, perhaps for other videos: epochs continue from the current time instead.
 */
function raiseEpochs(file: string): void {
  const db = new Database(file);
  try {
    const epoch = Math.trunc(Date.now() / 1000);
    db.transaction(() => {
      db.prepare(`INSERT OR REPLACE INTO facts (key, value) VALUES ('${FIRST_EPOCH}', ?)`).run(String(epoch));
      db.prepare("UPDATE tasks SET epoch = max(epoch, ?) WHERE state IN ('ready', 'closed')").run(epoch);
    })();
  } finally {
    db.close();
  }
}

/** Input of the thread that makes a backup. */
export interface BackupRequest {
  database: string;
  file: string;
}

/** Writes the backup of today in a separate thread, so that nothing waits for it, and drops the oldest beyond {@link KEPT}. */
export async function backUp(database: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `flotilla-${new Date().toISOString().replaceAll(':', '')}.db`);
  await copyInThread(database, file);
  for (const old of backupsIn(folder).slice(KEPT)) rmSync(old.file, { force: true });
}

/**
 * Copies a database that may be in use and proves the copy, in a thread of its own.
 * @throws Fault `node` when that fails
 */
export async function copyInThread(database: string, file: string): Promise<void> {
  // The same file name in the sources and in the build, where all of them lie in one folder.
  const script = import.meta.url.endsWith('.ts') ? './backup-thread.ts' : './backup-thread.js';
  const thread = new Worker(new URL(script, import.meta.url), {
    workerData: { database, file } satisfies BackupRequest,
  });
  const failure = await new Promise<string | undefined>((resolve) => {
    thread.once('message', resolve);
    thread.once('error', (error) => resolve(messageOf(error)));
    thread.once('exit', (code) => resolve(`its thread ended with ${code}`));
  });
  if (failure !== undefined && failure !== '')
    throw new Fault('node', `Couldn't back up the database to ${path.dirname(file)}: ${failure.replace(/\.$/, '')}.`);
}

/** Makes a backup unless there is one of the last day. */
export async function backUpDaily(database: string, folder: string): Promise<void> {
  const [newest] = backupsIn(folder);
  if (!newest || Date.now() - newest.madeAt > DAY_MS) await backUp(database, folder);
}

/**
 * Replaces the database of a data folder that isn't in use by a backup. The replaced one is kept beside it.
 * @param was suffix of the replaced one
 * @returns path of the replaced one; null when there was none
 * @throws Fault `conflict` when the backup is damaged; nothing is touched then
 */
export function restoreDatabase(backup: string, database: string, was = 'replaced'): string | null {
  if (!existsSync(backup)) throw new Fault('missing', `There is no file ${backup}.`);
  mkdirSync(path.dirname(database), { recursive: true });
  const part = `${database}.restoring`;
  removePart(part);
  copyFileSync(backup, part);
  try {
    proveDatabase(part, backup);
    raiseEpochs(part);
    sync(part);
  } catch (error) {
    removePart(part);
    throw error;
  }
  let aside: string | null = null;
  if (existsSync(database)) {
    aside = `${database}.${was}-${new Date().toISOString().replaceAll(':', '')}`;
    absorbLog(database, aside);
    // A link first: at no moment is there no database at all, which the next start would take for a first one.
    try {
      linkSync(database, aside);
    } catch {
      copyFileSync(database, aside);
      sync(aside);
    }
  }
  renameSync(part, database);
  sync(path.dirname(database));
  return aside;
}

/** Brings the write-ahead log into the database, or, where the database is too damaged for it, aside with it. */
function absorbLog(database: string, aside: string): void {
  try {
    const db = new Database(database, { timeout: 5000 });
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
  } catch {
    // It is kept as it is.
  }
  // A log must never be replayed into another database.
  if (existsSync(`${database}-wal`)) renameSync(`${database}-wal`, `${aside}-wal`);
  rmSync(`${database}-shm`, { force: true });
}
