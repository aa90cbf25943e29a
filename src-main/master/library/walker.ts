/**
 * The thread that walks a library: synchronous file system calls are several times faster than promises, and here they
 * block nothing else. It compares with the database and posts only the differences.
 */
import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { count } from '../../../src-shared/text/format.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import type { FileStat } from '../../db/tables/files.ts';
import { inodeOf, sameInode, versionOf } from '../files/file-version.ts';
import { isLinkNow, isStandingSync } from '../files/library-paths.ts';
import { isInLeftAlone, isLeftAlone, isMediaName, stubbedName } from '../files/media-names.ts';
import { openForWriting } from '../files/open-files.ts';
import { isWithin, type Known, type KnownRequest, MET, MISSING, readKnown, SETTLING } from './known-files.ts';

export interface WalkRequest extends KnownRequest {
  root: string;
  /** Name of Flotilla's own folders, whose vaults are reported. */
  ownFolder: string;
  /** Roots of all other libraries, relative to this one: a library inside this one owns its files. */
  others: string[];
  settleMs: number;
  /** Counts the responses of the disk, so that the main thread can detect one that hangs. */
  pulse: Int32Array<SharedArrayBuffer>;
}

export type WalkMessage =
  | { kind: 'rootMissing'; reason: string }
  | { kind: 'added'; files: FileStat[] }
  | { kind: 'changed'; files: (FileStat & { id: number; contentMayDiffer: boolean })[] }
  | { kind: 'moved'; files: (FileStat & { id: number })[] }
  | {
      kind: 'end';
      files: number;
      /** Videos that were there before, without those in folders that are left alone by now. */
      known: number;
      /** How many of those are gone. */
      lost: number;
      /** Whether anything stands where the walk began. */
      there: boolean;
      missing: { id: number; path: string }[];
      problems: string[];
      vaults: string[];
    };

type Changed = Extract<WalkMessage, { kind: 'changed' }>['files'];
type Moved = Extract<WalkMessage, { kind: 'moved' }>['files'];

/** Differences posted at a time: small enough that applying one does not hold up the main thread. */
const BATCH = 500;
const MAX_PROBLEMS = 100;
const BIGINT = { bigint: true } as const;

/** One walk through a library or a part of it. */
class Walk {
  readonly #request: WalkRequest;
  readonly #post: (message: WalkMessage) => void;
  readonly #now = Date.now();
  readonly #known: Map<string, Known>;
  readonly #first: boolean;
  readonly #added: FileStat[] = [];
  readonly #changed: Changed = [];
  readonly #problems: string[] = [];
  readonly #vaults: string[] = [];
  /** Placeholders of cloud programs under names of their own. */
  readonly #stubs: string[] = [];
  #files = 0;
  #there = false;
  #writers: Set<string> | undefined;

  constructor(request: WalkRequest, post: (message: WalkMessage) => void) {
    this.#request = request;
    this.#post = post;
    this.#known = readKnown(request);
    this.#first = this.#known.size === 0;
  }

  run(): void {
    const { root, prefix, folders: alone } = this.#request;
    const waiting: string[] = [];
    for (const place of alone ?? [prefix]) {
      const kind = kindOf(path.join(root, place));
      this.#there ||= kind !== undefined;
      if (kind === 'file') this.#try(place);
      if (kind === 'folder') waiting.push(place);
    }
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const folders = this.#enter(folder);
      if (!alone) waiting.push(...folders);
    }
    this.#report();
  }

  // Joined by hand: path.join takes as long as lstat does.
  #absolute(file: string): string {
    return file === '' ? this.#request.root : `${this.#request.root}/${file}`;
  }

  #problem(sentence: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(sentence);
  }

  /** Looks at the videos in a folder; returns the folders in it. */
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
    Atomics.add(this.#request.pulse, 0, 1);
    const folders: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      const file = folder === '' ? name : `${folder}/${name}`;
      const kind = entry.isSymbolicLink() ? this.#behind(file) : entry;
      if (name === this.#request.ownFolder && kind?.isDirectory())
        this.#vaults.push(path.join(this.#absolute(file), 'vault'));
      if (stubbedName(name) !== undefined && kind?.isFile()) this.#stubs.push(file);
      if (isLeftAlone(name)) continue;
      if (kind?.isDirectory()) {
        if (!this.#request.others.includes(file)) folders.push(file);
      } else if (kind?.isFile() && isMediaName(name)) this.#try(file);
    }
    return folders;
  }

  /**
   * Symbolic links are neither file nor folder: following none keeps the walk inside the root and free of loops. Windows also
   * lists as links the files that a driver provides, such as deduplicated and cloud files; lstat tells them apart.
   */
  #behind(file: string): Stats | undefined {
    return process.platform === 'win32' ? lstatSync(this.#absolute(file), { throwIfNoEntry: false }) : undefined;
  }

  #try(file: string): void {
    if (file.includes('\uFFFD')) {
      this.#problem(`The name of ${this.#absolute(file)} is not valid text; rename it to convert it.`);
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
    Atomics.add(this.#request.pulse, 0, 1);
    const inode = inodeOf(stat);
    const version = versionOf(stat);
    const known = this.#known.get(file);
    const [, id, identity = '', flags = 0] = known ?? [];
    const unchanged = identity === `${inode}|${version}` && (flags & (MISSING | SETTLING)) === 0;
    if (!unchanged && !stat.isFile()) return;
    this.#files += 1;
    // Marked instead of deleted: a map that shrinks is rehashed again and again.
    if (known) known[3] |= MET;
    if (unchanged) return;
    const mtime = Number(stat.mtimeMs);
    const settles = this.#settles(inode, mtime);
    const seen: FileStat = { path: file, inode, version, size: Number(stat.size), mtime, settles };
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
    const added: FileStat[] = [];
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
    const [stub] = this.#stubs;
    if (stub !== undefined)
      this.#problem(
        `${count(this.#stubs.length, 'video')} in ${this.#request.root} are only placeholders of a cloud app, such as ${stub}. To convert them, make them available offline in that app.`,
      );
    batches(moved, (files) => this.#post({ kind: 'moved', files }));
    batches(added, (files) => this.#post({ kind: 'added', files }));
    batches(this.#changed, (files) => this.#post({ kind: 'changed', files }));
    this.#post({
      kind: 'end',
      files: this.#files,
      known: [...this.#known.values()].filter(([file, , , flags]) => (flags & MISSING) === 0 && !isInLeftAlone(file))
        .length,
      lost: lost.filter(([file]) => !isInLeftAlone(file)).length,
      there: this.#there,
      missing: lost.map(([path, id]) => ({ id, path })),
      problems: this.#problems,
      vaults: this.#vaults,
    });
  }
}

/** Why a root cannot be walked, as a sentence; undefined when it can. */
function whyOutOfReach(root: string): string | undefined {
  try {
    readdirSync(root);
    return isStandingSync(root) ? undefined : isLinkNow(root);
  } catch (error) {
    return `The folder ${root} cannot be read (${(error as NodeJS.ErrnoException).code}); is its disk or network share connected?`;
  }
}

function walk(request: WalkRequest, post: (message: WalkMessage) => void): void {
  const reason = whyOutOfReach(request.root);
  if (reason !== undefined) post({ kind: 'rootMissing', reason });
  else new Walk(request, post).run();
}

function kindOf(place: string): 'file' | 'folder' | undefined {
  try {
    // A path through a link leads elsewhere and is none of the known files.
    if (!isStandingSync(place)) return undefined;
    const stat = statSync(place, { throwIfNoEntry: false });
    return stat && (stat.isDirectory() ? 'folder' : 'file');
  } catch {
    // The reason why it can't be read is reported when it's read.
    return 'folder';
  }
}

const request = workerData as WalkRequest;
walk(request, (message) => parentPort?.postMessage(message));
// Waiting for the disk in this thread blocks nothing else.
parentPort?.once('message', () => {
  const db = new Database(request.database);
  db.pragma('wal_checkpoint(PASSIVE)');
  db.close();
});
