/**
 * The thread that walks a library: synchronous file system calls are several times faster than promises, and here they
 * hold up nobody. It compares with what the database knows and posts only the differences.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { messageOf } from '../../src-shared/errors.ts';
import { inodeOf, sameInode, versionOf } from './file-version.ts';
import { isLeftAlone, isMediaName } from './media-names.ts';

export interface WalkRequest {
  database: string;
  library: number;
  root: string;
  /** Folder or file below the root that the walk is limited to; empty for all. */
  prefix: string;
  /** Name of Flotilla's own folders, whose vaults are told of. */
  ownFolder: string;
  /** Roots of all libraries as seen from this one's: where one lies in it, what is in there is its own. */
  others: string[];
  settleMs: number;
}

/** A file as the walk saw it. */
export interface Seen {
  path: string;
  inode: string;
  version: string;
  size: number;
  mtime: number;
  /** Still being written: look again at this time (ms since 1970). */
  settles: number | null;
}

export type WalkMessage =
  | { kind: 'rootMissing'; reason: string }
  | { kind: 'added'; files: Seen[] }
  | { kind: 'changed'; files: (Seen & { id: number; contentMayDiffer: boolean })[] }
  | { kind: 'moved'; files: (Seen & { id: number })[] }
  | {
      kind: 'end';
      files: number;
      known: number;
      missing: { id: number; path: string }[];
      problems: string[];
      vaults: string[];
    };

/** What the database holds of a file: few strings, since making them takes most of the time of reading it. */
type Known = [
  path: string,
  id: number,
  /** inode|version */
  identity: string,
  /** Sum of MISSING, SETTLING and MET. */
  flags: number,
];
const MISSING = 1;
const SETTLING = 2;
/** The walk has come upon it, or could not look. */
const MET = 4;
type Changed = Extract<WalkMessage, { kind: 'changed' }>['files'];
type Moved = Extract<WalkMessage, { kind: 'moved' }>['files'];

/** Differences posted at a time: small enough that applying one does not hold up the main thread. */
const BATCH = 500;
const MOST_PROBLEMS = 100;
const BIGINT = { bigint: true } as const;

/** Inodes below `root` that some process has open for writing, where /proc tells (Linux); this user's processes only, unless root. */
function openForWriting(root: string): Set<string> {
  const open = new Set<string>();
  const list = (folder: string) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      try {
        if (!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(root)) continue;
        const flags = Number.parseInt(
          /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0',
          8,
        );
        // The two lowest bits are O_WRONLY and O_RDWR (open(2)).
        if ((flags & 3) !== 0) open.add(inodeOf(statSync(`/proc/${pid}/fd/${fd}`, { bigint: true })));
      } catch {
        // The process or its file went away meanwhile.
      }
    }
  }
  return open;
}

/** True for `folder` itself and all below it; the empty one is the root. */
function isWithin(file: string, folder: string): boolean {
  return folder === '' || file === folder || file.startsWith(`${folder}/`);
}

/** What the database holds within the prefix, by path. */
function readKnown({ database, library, prefix }: WalkRequest): Map<string, Known> {
  const db = new Database(database, { readonly: true });
  // All rows in their order on the disk: looking each one up from the index of paths takes twice as long. '0' follows '/'.
  const [from, within] =
    prefix === ''
      ? ['files NOT INDEXED', 'library = @library']
      : ['files', "library = @library AND (path = @prefix OR path > @prefix || '/' AND path < @prefix || '0')"];
  const sql = `SELECT path, id, inode || '|' || version, 0 FROM ${from} WHERE ${within}`;
  const rows = db.prepare(sql).raw().all({ library, prefix }) as Known[];
  const known = new Map<string, Known>();
  for (const row of rows) known.set(row[0], row);
  // Few are flagged, and these columns are the last of the row: read for all, they take a third of the time.
  const flag = (index: string, column: string, bit: number) => {
    const flagged = `SELECT path FROM files INDEXED BY ${index} WHERE ${column} IS NOT NULL AND library = ?`;
    for (const path of db.prepare(flagged).pluck().all(library)) {
      const row = known.get(path as string);
      if (row) row[3] |= bit;
    }
  };
  flag('files_missing', 'missing', MISSING);
  flag('files_settling', 'settles', SETTLING);
  db.close();
  return known;
}

/** One walk through a library or a part of it. */
class Walk {
  readonly #request: WalkRequest;
  readonly #post: (message: WalkMessage) => void;
  readonly #now = Date.now();
  readonly #known: Map<string, Known>;
  readonly #first: boolean;
  readonly #added: Seen[] = [];
  readonly #changed: Changed = [];
  readonly #problems: string[] = [];
  readonly #vaults: string[] = [];
  #files = 0;
  #writers: Set<string> | undefined;

  constructor(request: WalkRequest, post: (message: WalkMessage) => void) {
    this.#request = request;
    this.#post = post;
    this.#known = readKnown(request);
    this.#first = this.#known.size === 0;
  }

  /** @param start what stands at the prefix; undefined when nothing does, so that all of it is missing */
  run(start: 'file' | 'folder' | undefined): void {
    const { prefix } = this.#request;
    if (start === 'file') this.#try(prefix);
    const folders = start === 'folder' ? [prefix] : [];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) folders.push(...this.#enter(folder));
    this.#report();
  }

  // Joined by hand: path.join takes as long as lstat does.
  #absolute(file: string): string {
    return `${this.#request.root}/${file}`;
  }

  #problem(sentence: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(sentence);
  }

  /** Looks at the films in a folder; returns the folders in it. */
  #enter(folder: string): string[] {
    let entries: Dirent[];
    try {
      entries = readdirSync(this.#absolute(folder), { withFileTypes: true });
    } catch (error) {
      // What cannot be read is not gone: everything below it keeps its state.
      for (const known of this.#known.values()) if (isWithin(known[0], folder)) known[3] |= MET;
      this.#problem(`The folder ${this.#absolute(folder)} cannot be read: ${messageOf(error)}.`);
      return [];
    }
    const folders: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      const file = folder === '' ? name : `${folder}/${name}`;
      if (name === this.#request.ownFolder && entry.isDirectory())
        this.#vaults.push(path.join(this.#absolute(file), 'vault'));
      if (name.startsWith('.')) continue;
      // Symbolic links are neither: following none keeps the walk inside the root and free of loops.
      if (entry.isDirectory()) {
        if (!isLeftAlone(name) && !this.#request.others.includes(file)) folders.push(file);
      } else if (entry.isFile() && isMediaName(name)) this.#try(file);
    }
    return folders;
  }

  #try(file: string): void {
    if (file.includes('\uFFFD')) {
      this.#problem(`The name of ${this.#absolute(file)} is not valid text; rename it to have it converted.`);
      return;
    }
    try {
      this.#look(file);
    } catch (error) {
      const known = this.#known.get(file);
      if (known) known[3] |= MET;
      this.#problem(`The file ${this.#absolute(file)} cannot be read: ${messageOf(error)}.`);
    }
  }

  #look(file: string): void {
    const stat = lstatSync(this.#absolute(file), BIGINT);
    const inode = inodeOf(stat);
    const version = versionOf(stat);
    const known = this.#known.get(file);
    const [, id, identity = '', flags = 0] = known ?? [];
    const unchanged = identity === `${inode}|${version}` && (flags & (MISSING | SETTLING)) === 0;
    if (!unchanged && !stat.isFile()) return;
    this.#files += 1;
    // Marked instead of deleted: a map that shrinks is built anew again and again.
    if (known) known[3] |= MET;
    if (unchanged) return;
    const mtime = Number(stat.mtimeMs);
    const settles = this.#settles(inode, mtime);
    const seen: Seen = { path: file, inode, version, size: Number(stat.size), mtime, settles };
    if (id === undefined) {
      this.#added.push(seen);
      // With nothing known nothing can have moved, so there is nothing to wait for.
      if (this.#first && this.#added.length === BATCH) this.#post({ kind: 'added', files: this.#added.splice(0) });
    } else {
      const [oldInode = '', oldVersion] = identity.split('|');
      this.#changed.push({ ...seen, id, contentMayDiffer: oldVersion !== version || !sameInode(oldInode, inode) });
    }
  }

  /** When to look again at a file that is being written; null for one that is not. */
  #settles(inode: string, mtime: number): number | null {
    const { root, settleMs } = this.#request;
    this.#writers ??= openForWriting(root);
    if (this.#writers.has(inode)) return this.#now + Math.max(settleMs, 1000);
    return Math.abs(mtime - this.#now) < settleMs ? mtime + settleMs : null;
  }

  /** Tells moved files from new and lost ones, and posts all differences. */
  #report(): void {
    const unmet = [...this.#known.values()].filter(([, , , flags]) => (flags & MET) === 0);
    const gone = new Map(unmet.map(([, id, identity]) => [identity, id]));
    const moved: Moved = [];
    const added: Seen[] = [];
    for (const seen of this.#added) {
      const key = `${seen.inode}|${seen.version}`;
      const id = gone.get(key);
      gone.delete(key);
      if (id === undefined) added.push(seen);
      else moved.push({ ...seen, id });
    }
    const found = new Set(moved.map(({ id }) => id));
    const lost = unmet.filter(([, id, , flags]) => (flags & MISSING) === 0 && !found.has(id));
    const batches = <T>(all: T[], send: (files: T[]) => void) => {
      for (let i = 0; i < all.length; i += BATCH) send(all.slice(i, i + BATCH));
    };
    batches(moved, (files) => this.#post({ kind: 'moved', files }));
    batches(added, (files) => this.#post({ kind: 'added', files }));
    batches(this.#changed, (files) => this.#post({ kind: 'changed', files }));
    this.#post({
      kind: 'end',
      files: this.#files,
      known: [...this.#known.values()].filter(([, , , flags]) => (flags & MISSING) === 0).length,
      missing: lost.map(([path, id]) => ({ id, path })),
      problems: this.#problems,
      vaults: this.#vaults,
    });
  }
}

function walk(request: WalkRequest, post: (message: WalkMessage) => void): void {
  const { root, prefix } = request;
  try {
    readdirSync(root);
  } catch (error) {
    const gone = `The folder ${root} cannot be read (${(error as NodeJS.ErrnoException).code}); is its disk or network share connected?`;
    post({ kind: 'rootMissing', reason: gone });
    return;
  }
  new Walk(request, post).run(kindOf(path.join(root, prefix)));
}

function kindOf(place: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(place, { throwIfNoEntry: false });
    return stat && (stat.isDirectory() ? 'folder' : 'file');
  } catch {
    // What keeps it from being looked at is told when it is read.
    return 'folder';
  }
}

const request = workerData as WalkRequest;
walk(request, (message) => parentPort?.postMessage(message));
// The disk is waited for here, where it holds up nobody.
parentPort?.once('message', () => {
  const db = new Database(request.database);
  db.pragma('wal_checkpoint(PASSIVE)');
  db.close();
});
