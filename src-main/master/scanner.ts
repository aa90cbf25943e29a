import { once } from 'node:events';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LibraryView, ScanReport } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { count } from '../../src-shared/format.ts';
import type { MasterContext } from './context.ts';
import { sampledHash } from './identity.ts';
import { pauseLibrary } from './pause-library.ts';
import { OWN_FOLDER } from './vault-folder.ts';
import type { WalkMessage, WalkRequest } from './walker.ts';

/** A walk makes much that is thrown away at once; with room for it, it is cleaned up less often. */
const YOUNG_MB = 64;

/** A library that lost more than this share of its files at once is paused: a disk may be gone. */
const LOST_SHARE = 0.5;

/** Pages of SQLite's log (4 KiB each) after which a commit writes them back, waiting for the disk: normally and in a scan. */
const LOG_PAGES = 1000;
const SCAN_LOG_PAGES = 50_000;

const ENDED = 'This Flotilla is being ended.';

type Changed = Extract<WalkMessage, { kind: 'changed' }>['files'][number];

/** Finds new, changed, moved and missing files; the walking is done by a thread. */
export class Scanner {
  readonly #ctx: MasterContext;
  readonly #running = new Map<number, Promise<unknown>>();
  readonly #threads = new Set<Worker>();
  #stopped = false;

  constructor(ctx: MasterContext) {
    this.#ctx = ctx;
  }

  /** Ends walks, however much is left of them: what they would have found is found at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
    await Promise.allSettled(this.#running.values());
  }

  /**
   * Scans a library or, with a prefix, one folder or file of it. Scans of one library follow each other.
   * @param acceptMissing take it as true that files have gone, however many
   * @throws Fault `node` when the root cannot be read or most files are gone: the library is paused, and no file is marked;
   *   a part of it that is gone is just missing
   */
  async scan(library: LibraryView, prefix = '', acceptMissing = false): Promise<ScanReport & { vaults: string[] }> {
    const before = this.#running.get(library.id) ?? Promise.resolve();
    const scan = before.catch(() => undefined).then(() => this.#scan(library, prefix, acceptMissing));
    this.#running.set(library.id, scan);
    return scan;
  }

  async #scan(
    library: LibraryView,
    prefix: string,
    acceptMissing: boolean,
  ): Promise<ScanReport & { vaults: string[] }> {
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
    for await (const message of this.#walk(library, prefix)) {
      if (message.kind === 'rootMissing') throw this.#pause(library, message.reason);
      if (message.kind === 'end') {
        const { missing, known } = message;
        if (prefix === '' && missing.length > known * LOST_SHARE && !acceptMissing) {
          throw this.#pause(
            library,
            `${count(missing.length, 'file')} of ${known} in ${library.root} have gone at once; if that is right, accept it (--accept-missing, or "resume" of the library), otherwise connect the disk.`,
          );
        }
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
    if (library.paused) pauseLibrary(this.#ctx, library.id, null);
    report.seconds = (performance.now() - started) / 1000;
    return report;
  }

  #pause({ id }: LibraryView, reason: string): Fault {
    pauseLibrary(this.#ctx, id, reason);
    return new Fault('node', reason);
  }

  async *#walk(library: LibraryView, prefix: string): AsyncGenerator<WalkMessage> {
    // The same file name in the sources and in the build, where all of them lie in one folder.
    const script = new URL(import.meta.url.endsWith('.ts') ? './walker.ts' : './walker.js', import.meta.url);
    const { db } = this.#ctx;
    const settleMs = this.#ctx.settings().settleMinutes * 60_000;
    const request: WalkRequest = {
      database: db.name,
      library: library.id,
      root: library.root,
      prefix,
      ownFolder: OWN_FOLDER,
      others: this.#ctx.libraries.all().map(({ root }) => path.relative(library.root, root).replaceAll(path.sep, '/')),
      settleMs,
    };
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
    if (this.#stopped) throw new Fault('node', ENDED);
    const thread = new Worker(script, { workerData: request, resourceLimits });
    this.#threads.add(thread);
    const queue: WalkMessage[] = [];
    let wake = Promise.withResolvers<void>();
    let ended = false;
    let complete = false;
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
      this.#threads.delete(thread);
      if (db.open) db.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
      wake.resolve();
    });
    try {
      for (;;) {
        const message = queue.shift();
        if (message) {
          yield message;
          if (message.kind === 'end') {
            // Everything is stored: the thread writes it back from the log, and nobody waits for that.
            complete = true;
            thread.postMessage('stored');
            return;
          }
          // A breath between batches keeps the interface alive during a long scan.
          await nextTurn();
        } else if (ended) break;
        else {
          await wake.promise;
          wake = Promise.withResolvers();
        }
      }
      throw failure ?? new Fault('node', ENDED);
    } finally {
      if (!ended && !complete) await Promise.all([once(thread, 'exit'), thread.terminate()]);
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
    const sameTimes = row.version === seen.version;
    if (sameTimes && row.hash !== null && row.hash === (await sampledHash(path.join(library.root, seen.path)))) {
      files.setSeen(seen.id, seen);
      return;
    }
    this.#transaction(() => {
      files.setVersion(seen.id, seen);
      jobs.apply(seen.id, 'change');
    });
  }

  /** What a scan finds can be found again, so its commits need not wait for the disk. */
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
