import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LibraryView, ScanReport } from '../../../src-shared/contract/index.ts';
import { count } from '../../../src-shared/text/format.ts';
import { SHUTTING_DOWN } from '../../../src-shared/text/messages.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { ANSWER_MS, callWithTimeout, notResponding } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { sampledHash } from '../files/file-identity.ts';
import { whyLeftAlone } from '../files/left-alone.ts';
import { OWN_FOLDER } from '../vault/vault-folder.ts';
import { pauseLibrary } from './pause-library.ts';
import type { WalkMessage, WalkRequest } from './walker.ts';

/** A walk makes much that is thrown away at once; with room for it, it is cleaned up less often. */
const YOUNG_MB = 64;

/**
 * A library without a single video where there were some, and what lost more than this share of its videos and at least so
 * many, has rather lost a disk. Fewer are deleted by people every day, and to mark them as missing does no harm.
 */
const LOST_SHARE = 0.5;
const LOST_MANY = 10;

/** Pages of SQLite's log (4 KiB each) after which a commit writes them back, waiting for the disk: normally and in a scan. */
const LOG_PAGES = 1000;
const SCAN_LOG_PAGES = 50_000;

/** How long a thread may take to end, in ms. */
const END_MS = 3000;

type Changed = Extract<WalkMessage, { kind: 'changed' }>['files'][number];
type End = Extract<WalkMessage, { kind: 'end' }>;

/** Time zones lie whole quarters of an hour apart, and FAT keeps times to 2 s; both in ms. */
const QUARTER_MS = 15 * 60_000;
const FAT_MS = 2000;

function isShiftOfZone(ms: number): boolean {
  const rest = ms % QUARTER_MS;
  return Math.min(rest, QUARTER_MS - rest) <= FAT_MS && ms <= 26 * 4 * QUARTER_MS + FAT_MS;
}

/** Verdicts that come from all bytes of a video. */
const couldBeRepaired = ({ state, code }: FileRow) =>
  state === 'failed' || code === 'damaged' || code === 'too-damaged';

/** The part of a library to scan; all of it by default. */
export interface ScanPart {
  /** One folder or file below the root. */
  prefix?: string;
  /** Scans only these folders, without their subfolders. */
  folders?: string[];
  /** Takes it as true that files have gone, however many. */
  acceptMissing?: boolean;
}

/** Finds new, changed, moved and missing files; the walking is done by a thread. */
export class Scanner {
  readonly #ctx: MasterContext;
  readonly #running = new Map<number, Promise<unknown>>();
  #stopped = false;
  readonly #stop = Promise.withResolvers<void>();
  readonly #answerMs: number;

  /** @param answerMs how long a disk may take for one answer to a walk, in ms */
  constructor(ctx: MasterContext, answerMs = ANSWER_MS) {
    this.#ctx = ctx;
    this.#answerMs = answerMs;
  }

  /**
   * Ends scans at once: the next start finds what they would have found. A scan whose disk doesn't respond is abandoned.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stop.resolve();
    await Promise.race([Promise.allSettled(this.#running.values()), delay(2 * END_MS, undefined, { ref: false })]);
  }

  /**
   * Scans a library or a part of it. Scans of one library follow each other.
   * @throws Fault `node` when the root cannot be read or most files are gone, and no file is marked then; the library is
   *   paused, unless it was a part of it. A part that is gone altogether is just missing
   */
  async scan(library: LibraryView, part: ScanPart = {}): Promise<ScanReport & { vaults: string[] }> {
    const before = this.#running.get(library.id) ?? Promise.resolve();
    const scan = before.catch(() => undefined).then(() => this.#scan(library, part));
    this.#running.set(library.id, scan);
    return scan;
  }

  async #scan(library: LibraryView, part: ScanPart): Promise<ScanReport & { vaults: string[] }> {
    const started = performance.now();
    const report = {
      files: 0,
      added: 0,
      changed: 0,
      moved: 0,
      missing: 0,
      problems: [] as string[],
      seconds: 0,
      vaults: [] as string[],
    };
    for await (const message of this.#walk(library, part)) {
      if (!this.#ctx.libraries.get(library.id))
        throw new Fault('missing', `${library.root} was removed from the libraries, or became part of another one.`);
      if (message.kind === 'rootMissing') throw this.#pause(library, message.reason);
      if (message.kind === 'end') {
        const { missing } = message;
        this.#requirePresent(library, part, message);
        this.#transaction(() => {
          for (const file of missing) this.#ctx.files.setGone(file, Date.now());
        });
        Object.assign(report, {
          files: message.files,
          missing: missing.length,
          problems: message.problems,
          vaults: message.vaults,
        });
        continue;
      }
      report[message.kind] += message.files.length;
      await this.#apply(library, message);
      this.#ctx.emit('listed', {});
    }
    // A scan of a few folders says nothing about the reason for which the library was paused.
    if (this.#ctx.libraries.get(library.id)?.paused && !part.folders) pauseLibrary(this.#ctx, library.id, null);
    report.seconds = (performance.now() - started) / 1000;
    return report;
  }

  /** @throws Fault `node` when so much is gone that it is rather out of reach */
  #requirePresent(library: LibraryView, part: ScanPart, { files, known, lost, there }: End): void {
    const { prefix = '', folders, acceptMissing } = part;
    const whole = prefix === '' && !folders;
    const many = lost >= LOST_MANY && lost > known * LOST_SHARE;
    if (acceptMissing || !(whole ? many || (lost > 0 && files === 0) : many && there)) return;
    const place = path.join(library.root, prefix);
    const reason = `${count(lost, 'file')} of ${known} in ${place} ${lost === 1 ? 'is' : 'are'} missing. If that is correct, accept it (--accept-missing, or resume the library); otherwise, connect the disk.`;
    throw whole ? this.#pause(library, reason) : new Fault('node', reason);
  }

  #pause({ id }: LibraryView, reason: string): Fault {
    pauseLibrary(this.#ctx, id, reason);
    return new Fault('node', reason);
  }

  async *#walk(library: LibraryView, { prefix = '', folders }: ScanPart): AsyncGenerator<WalkMessage> {
    // The same file name in the sources and in the build, where all of them lie in one folder.
    const script = new URL(import.meta.url.endsWith('.ts') ? './walker.ts' : './walker.js', import.meta.url);
    const { db } = this.#ctx;
    const settleMs = this.#ctx.settings().settleMinutes * 60_000;
    const request: WalkRequest = {
      database: db.name,
      library: library.id,
      root: library.root,
      prefix,
      folders,
      ownFolder: OWN_FOLDER,
      others: this.#ctx.libraries.all().map(({ root }) => path.relative(library.root, root).replaceAll(path.sep, '/')),
      settleMs,
      pulse: new Int32Array(new SharedArrayBuffer(4)),
    };
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
    if (this.#stopped) throw new Fault('node', SHUTTING_DOWN);
    const thread = new Worker(script, { workerData: request, resourceLimits });
    const queue: WalkMessage[] = [];
    let wake = Promise.withResolvers<void>();
    let ended = false;
    let complete = false;
    let stuck = false;
    let failure: unknown;
    db.pragma(`wal_autocheckpoint = ${SCAN_LOG_PAGES}`);
    thread.on('message', (message: WalkMessage) => {
      queue.push(message);
      wake.resolve();
    });
    thread.on('error', (error) => {
      failure = error;
    });
    thread.on('exit', () => {
      ended = true;
      if (db.open) db.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
      wake.resolve();
    });
    try {
      for (;;) {
        const message = queue.shift();
        if (message) {
          yield message;
          if (message.kind === 'end') {
            // Everything is stored: the thread checkpoints the log later, which nothing has to wait for.
            complete = true;
            thread.postMessage('stored');
            return;
          }
          // A breath between batches keeps the interface alive during a long scan.
          await nextTurn();
        } else if (ended) break;
        else {
          const beats = Atomics.load(request.pulse, 0);
          const late = setTimeout(() => {
            stuck = Atomics.load(request.pulse, 0) === beats && queue.length === 0;
            wake.resolve();
          }, this.#answerMs);
          await Promise.race([wake.promise, this.#stop.promise]);
          clearTimeout(late);
          wake = Promise.withResolvers();
          if (stuck) throw this.#pause(library, notResponding(library.root).message);
          if (this.#stopped) break;
        }
      }
      throw failure ?? new Fault('node', SHUTTING_DOWN);
    } finally {
      // A thread that waits in the kernel for a dead mount ends when that answers.
      if (!ended && !complete)
        await Promise.race([
          Promise.all([once(thread, 'exit'), thread.terminate()]),
          delay(END_MS, undefined, { ref: false }),
        ]);
    }
  }

  async #apply(
    library: LibraryView,
    message: Extract<WalkMessage, { kind: 'added' | 'changed' | 'moved' }>,
  ): Promise<void> {
    const { files } = this.#ctx;
    if (message.kind === 'added') {
      this.#transaction(() => {
        for (const file of message.files) files.insert(library.id, file);
      });
    } else if (message.kind === 'moved') {
      this.#transaction(() => {
        for (const file of message.files) {
          files.setPlace(file.id, file);
          this.#ctx.swaps.followResult(file.id, path.join(library.root, file.path));
        }
      });
    } else {
      // After a restart all files may have another device number: those are too many for a commit each.
      this.#transaction(() => {
        for (const file of message.files) if (!file.contentMayDiffer) files.setSeen(file.id, file);
      });
      for (const file of message.files) if (file.contentMayDiffer) await this.#changed(library, file);
    }
  }

  async #changed(library: LibraryView, seen: Changed): Promise<void> {
    const { files, jobs } = this.#ctx;
    const row = files.get(seen.id);
    // A file in work is judged by the replacement itself, which compares it with the version that was probed; one that
    // has another name since it was walked by is the result of that.
    if (!row || row.state === 'running' || row.path !== seen.path) return;
    if (await this.#isSameContent(library, row, seen)) {
      this.#transaction(() => files.setTouched(seen.id, seen));
      return;
    }
    this.#transaction(() => {
      files.setVersion(seen.id, seen);
      jobs.apply(seen.id, 'change');
    });
  }

  /**
   * True for the same bytes under another inode number or other times, as far as samples show. Disks and shares renumber
   * files, FAT shifts their times by whole hours, and programs touch them: the analysis of a video, and decisions about it,
   * remain valid.
   */
  async #isSameContent(library: LibraryView, row: FileRow, seen: Changed): Promise<boolean> {
    const moved = Math.abs(seen.mtime - row.mtime);
    // A repair may write where no sample is taken.
    if (couldBeRepaired(row) && moved > 0 && !isShiftOfZone(moved)) return false;
    if (row.hash === null || row.size !== seen.size) return false;
    const file = path.join(library.root, seen.path);
    return callWithTimeout(library.root, async () => {
      if (await whyLeftAlone(file, await lstat(file, { bigint: true }))) return false;
      return row.hash === (await sampledHash(file));
    });
  }

  /** The findings of a scan can be found again, so its commits need not wait for the disk. */
  #transaction(work: () => void): void {
    const { db } = this.#ctx;
    db.pragma('synchronous = NORMAL');
    try {
      db.transaction(work)();
    } finally {
      db.pragma('synchronous = FULL');
    }
  }
}
