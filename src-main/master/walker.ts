/**
 * The thread that walks a library: synchronous file system calls are several times faster than promises, and here they
 * hold up nobody. It compares with what the database knows and posts only the differences.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { messageOf } from '../../src-shared/errors.ts';
import { inodeOf, sameInode, versionOf } from './identity.ts';
import { OWN_FOLDER } from './vault-folder.ts';

export interface WalkRequest {
  database: string;
  library: number;
  root: string;
  /** Folder or file below the root that the walk is limited to; empty for all. */
  prefix: string;
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
  | { kind: 'end'; files: number; known: number; missing: number[]; problems: string[]; vaults: string[] };

interface Known {
  id: number;
  inode: string;
  version: string;
  missing: number | null;
  settles: number | null;
}
type KnownRow = [
  id: number,
  path: string,
  inode: string,
  version: string,
  missing: number | null,
  settles: number | null,
];

const EXTENSIONS = new Set(
  '.mkv .mp4 .m4v .avi .mov .qt .ts .m2ts .mts .m2t .webm .wmv .asf .flv .f4v .mpg .mpeg .m2v .vob .ogv .ogm .3gp .3g2 .rm .rmvb .divx .mxf .wtv .dv .y4m'.split(
    ' ',
  ),
);

/** Folders that systems make for themselves; hidden ones are left out anyway. */
const SYSTEM_FOLDERS = new Set(['$RECYCLE.BIN', 'System Volume Information', '@eaDir', '#recycle', 'lost+found']);

/** Differences posted at a time: small enough that applying one does not hold up the main thread. */
const BATCH = 500;
const MOST_PROBLEMS = 100;

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

function walk(request: WalkRequest, post: (message: WalkMessage) => void): void {
  const { root, prefix, settleMs } = request;
  const start = path.join(root, prefix);
  let startIsFile = false;
  try {
    startIsFile = !statSync(start).isDirectory();
    readdirSync(root);
  } catch (error) {
    const gone = `The folder ${start} cannot be read (${(error as NodeJS.ErrnoException).code}); is its disk or network share connected?`;
    post({ kind: 'rootMissing', reason: gone });
    return;
  }

  const db = new Database(request.database, { readonly: true });
  const known = new Map<string, Known>();
  const rows = db
    .prepare('SELECT id, path, inode, version, missing, settles FROM files WHERE library = ?')
    .raw()
    .iterate(request.library);
  for (const [id, file, inode, version, missing, settles] of rows as Iterable<KnownRow>) {
    if (prefix === '' || file === prefix || file.startsWith(`${prefix}/`))
      known.set(file, { id, inode, version, missing, settles });
  }
  db.close();

  const now = Date.now();
  const problems: string[] = [];
  const vaults: string[] = [];
  const problem = (sentence: string) => problems.length < MOST_PROBLEMS && problems.push(sentence);
  const added: Seen[] = [];
  const changed: (Seen & { id: number; contentMayDiffer: boolean })[] = [];
  const first = known.size === 0;
  const present = [...known.values()].filter((k) => k.missing === null).length;
  let files = 0;
  let writers: Set<string> | undefined;

  const look = (file: string) => {
    const stat = lstatSync(path.join(root, file), { bigint: true });
    if (!stat.isFile()) return;
    files += 1;
    const inode = inodeOf(stat);
    const version = versionOf(stat);
    const before = known.get(file);
    known.delete(file);
    const same = before && before.inode === inode && before.version === version;
    if (same && before.missing === null && before.settles === null) return;
    const mtime = Number(stat.mtimeMs);
    writers ??= openForWriting(root);
    const fresh = mtime > now - settleMs && mtime < now + settleMs;
    const settles = writers.has(inode) ? now + Math.max(settleMs, 1000) : fresh ? mtime + settleMs : null;
    const seen: Seen = { path: file, inode, version, size: Number(stat.size), mtime, settles };
    if (!before) {
      added.push(seen);
      if (first && added.length === BATCH) post({ kind: 'added', files: added.splice(0) });
    } else {
      changed.push({
        ...seen,
        id: before.id,
        contentMayDiffer: before.version !== version || !sameInode(before.inode, inode),
      });
    }
  };

  const folders = startIsFile ? [] : [prefix];
  if (startIsFile) look(prefix);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(path.join(root, folder), { withFileTypes: true });
    } catch (error) {
      // What cannot be read is not gone: everything below it keeps its state.
      for (const file of known.keys()) if (file.startsWith(`${folder}/`)) known.delete(file);
      problem(`The folder ${path.join(root, folder)} cannot be read: ${messageOf(error)}.`);
      continue;
    }
    for (const entry of entries) {
      const { name } = entry;
      if (name === OWN_FOLDER) vaults.push(path.join(root, folder, name, 'vault'));
      if (name.startsWith('.')) continue;
      const file = folder === '' ? name : `${folder}/${name}`;
      // Symbolic links are neither: following none keeps the walk inside the root and free of loops.
      if (entry.isDirectory()) {
        if (!SYSTEM_FOLDERS.has(name)) folders.push(file);
      } else if (entry.isFile() && EXTENSIONS.has(path.extname(name).toLowerCase())) {
        if (name.includes('\uFFFD')) {
          problem(`The name of ${path.join(root, file)} is not valid text; rename it to have it converted.`);
          continue;
        }
        try {
          look(file);
        } catch (error) {
          known.delete(file);
          problem(`The file ${path.join(root, file)} cannot be read: ${messageOf(error)}.`);
        }
      }
    }
  }

  const gone = new Map([...known.values()].map((k) => [`${k.inode}|${k.version}`, k]));
  const moved: (Seen & { id: number })[] = [];
  const really: Seen[] = [];
  const movedIds = new Set<number>();
  for (const seen of added) {
    const key = `${seen.inode}|${seen.version}`;
    const before = gone.get(key);
    gone.delete(key);
    if (before) {
      movedIds.add(before.id);
      moved.push({ ...seen, id: before.id });
    } else really.push(seen);
  }
  const lost = [...known.values()].filter((k) => k.missing === null && !movedIds.has(k.id)).map((k) => k.id);
  const batches = <T>(all: T[], send: (files: T[]) => void) => {
    for (let i = 0; i < all.length; i += BATCH) send(all.slice(i, i + BATCH));
  };
  batches(moved, (part) => post({ kind: 'moved', files: part }));
  batches(really, (part) => post({ kind: 'added', files: part }));
  batches(changed, (part) => post({ kind: 'changed', files: part }));
  post({ kind: 'end', files, known: present, missing: lost, problems, vaults });
}

walk(workerData as WalkRequest, (message) => parentPort?.postMessage(message));
