import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LibraryView, ScanReport } from '../../../src-shared/contract/index.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Scope } from '../../db/tables/files.ts';
import { callWithTimeout, isUnresponsive, notResponding } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { forgetNames } from '../files/disc-folders.ts';
import { ASIDE_CODES, whyLeftAlone } from '../files/left-alone.ts';
import { isBelow } from '../files/library-paths.ts';
import { isInLeftAlone } from '../files/media-names.ts';
import type { Vault } from '../vault/vault.ts';
import { pauseLibrary } from './pause-library.ts';
import type { ProbeQueue } from './probe-queue.ts';
import type { Scanner, ScanPart } from './scanner.ts';

/** A folder that a scan couldn't read is due again at once: this is how long it's given, in ms. */
const OVERDUE_MS = 10_000;
/** A library whose disk went away is looked at again after this time, in ms. */
const LOST_RETRY_MS = 30_000;

/** The root folders, and keeping them up to date. */
export class Libraries {
  readonly #ctx: MasterContext;
  readonly #scanner: Scanner;
  readonly #probing: ProbeQueue;
  readonly #vault: Vault;
  readonly #readOnly: boolean;
  #settling: NodeJS.Timeout | undefined;
  readonly #lost = new Map<number, NodeJS.Timeout>();
  #stopped = false;
  readonly #scanning: number[] = [];
  readonly #warn = (error: unknown) => this.#ctx.emit('notice', { level: 'warn', text: String(error) });

  /** @param parts `readOnly`: findings are only reported */
  constructor(ctx: MasterContext, parts: { scanner: Scanner; probing: ProbeQueue; vault: Vault; readOnly?: boolean }) {
    this.#ctx = ctx;
    this.#scanner = parts.scanner;
    this.#probing = parts.probing;
    this.#vault = parts.vault;
    this.#readOnly = parts.readOnly ?? false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#settling);
    for (const retry of this.#lost.values()) clearTimeout(retry);
    await this.#scanner.stop();
  }

  /** Libraries that are being scanned. */
  get scanning(): number[] {
    return [...new Set(this.#scanning)];
  }

  get(id: number): LibraryView {
    const library = this.#ctx.libraries.get(id);
    if (!library) throw new Fault('missing', `There is no library ${id}.`);
    return library;
  }

  /**
   * The library that `place` is or lies in, made if there is none. No path is ever in two libraries: a new one takes over
   * those below it; one that is not watched leaves those alone that are, or that are held.
   * @param place folder, or one file
   * @param hold true: a new one is not converted before {@link release}; false: nor is it held if it was
   * @returns also the way from the root to `place`, empty when they are the same
   * @throws Fault `usage` when nothing readable is there, `node` when its disk does not answer
   */
  async add(place: string, watched: boolean, hold?: boolean): Promise<{ library: LibraryView; prefix: string }> {
    const { real, isFile } = await callWithTimeout(place, () => findPlace(place));
    const { libraries } = this.#ctx;
    const folder = isFile ? path.dirname(real) : real;
    const holder = this.#holding(folder);
    const prefix = path.relative(holder?.root ?? folder, real).replaceAll(path.sep, '/');
    if (!leadsInto(prefix)) throw new Fault('usage', `${place} is in a hidden or system folder, which Flotilla skips.`);
    const library = holder ?? this.#create(folder, watched, hold === true);
    if (hold === false && library.held) this.release(library);
    if (watched && !library.watched) libraries.setWatched(library.id, true);
    this.#ctx.emit('libraries', {});
    return { library: this.get(library.id), prefix };
  }

  /** The library that a folder is or lies in: of those within each other the innermost. */
  #holding(folder: string): LibraryView | undefined {
    return this.#ctx.libraries.all().findLast(({ root }) => root === folder || isBelow(folder, root));
  }

  /** Pauses a library whose files cannot be read any more, until a scan finds it in order; as {@link scheduleRescan}. */
  pauseUnresponsive(id: number): void {
    const library = this.#ctx.libraries.get(id);
    if (!library || this.#stopped) return;
    pauseLibrary(this.#ctx, id, notResponding(library.root).message);
    this.scheduleRescan(id);
  }

  /** Scans a paused library every half minute until that finds it in order. */
  scheduleRescan(id: number): void {
    if (this.#stopped || this.#lost.has(id)) return;
    const look = () => {
      this.#lost.delete(id);
      const paused = this.#ctx.libraries.get(id)?.paused;
      // A failure is recorded as the reason of the library's pause.
      if (paused) this.scan(this.get(id)).catch(() => this.scheduleRescan(id));
    };
    this.#lost.set(id, setTimeout(look, LOST_RETRY_MS).unref());
  }

  /** Has a held library converted. */
  release({ id }: LibraryView): void {
    this.#ctx.libraries.release(id);
    this.#ctx.emit('library', this.get(id));
    this.#ctx.emit('work', {});
  }

  #create(root: string, watched: boolean, held: boolean): LibraryView {
    const { libraries, db } = this.#ctx;
    return db.transaction(() => {
      const below = libraries.all().filter((l) => isBelow(l.root, root) && (watched || !(l.watched || l.held)));
      const library = libraries.insert(root, watched, held);
      for (const child of below) {
        libraries.absorb(child.id, library.id, `${path.relative(root, child.root).replaceAll(path.sep, '/')}/`);
      }
      return library;
    })();
  }

  /**
   * Scans, adopts originals that only the vault knows, and has everything new analyzed; the analysis continues after the
   * scan has ended.
   * @throws Fault `conflict` when another Flotilla works in it, `node` when the library had to be paused, `usage` when the prefix doesn't lead into it
   */
  async scan(library: LibraryView, prefix = '', acceptMissing = false, takeOver = false): Promise<ScanReport> {
    if (!leadsInto(prefix)) {
      const advice = "name a folder or video in it, relative to it, that isn't hidden or part of the system";
      throw new Fault('usage', `${prefix} isn't in ${library.root}; ${advice}.`);
    }
    const { vaults, ...report } = await this.#scan(library, { prefix, acceptMissing });
    await this.#inTouch(library, () => this.#adopt(library, vaults, takeOver));
    for (const text of report.problems) this.#ctx.emit('notice', { level: 'warn', text });
    this.#reconsider({ library: library.id, prefix });
    await this.#reconsiderAside(library, prefix);
    this.analyzeFound();
    return report;
  }

  /** Adopts the originals in the vaults of a library. */
  async #adopt(library: LibraryView, vaults: readonly string[], takeOver: boolean): Promise<void> {
    for (const folder of vaults) {
      await this.#ctx.owners.requireUnowned(library, path.dirname(path.dirname(folder)), takeOver);
    }
    for (const folder of this.#readOnly ? [] : vaults) {
      const fileAt = (absolute: string) => this.#fileAt(absolute);
      for (const text of await this.#vault.adopt(folder, fileAt)) this.#ctx.emit('notice', { level: 'warn', text });
    }
  }

  /** Works in a library that another Flotilla had: its user says that it does not run any more. */
  async takeOver(library: LibraryView): Promise<void> {
    await this.#ctx.owners.claim(library, true);
    pauseLibrary(this.#ctx, library.id, null);
    await this.scan(this.get(library.id), '', false, true);
  }

  async #scan(library: LibraryView, part: ScanPart): ReturnType<Scanner['scan']> {
    this.#scanning.push(library.id);
    this.#ctx.emit('libraries', {});
    try {
      return await this.#inTouch(library, async () => {
        await this.#ctx.owners.claim(library);
        return await this.#scanner.scan(library, part);
      });
    } finally {
      this.#scanning.splice(this.#scanning.indexOf(library.id), 1);
      this.#ctx.emit('libraries', {});
    }
  }

  /** Does something with the disk of a library, which is paused when that does not answer. */
  async #inTouch<T>({ id, root }: LibraryView, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isUnresponsive(root)) this.pauseUnresponsive(id);
      throw error;
    }
  }

  /** Starts the analysis of found files, now or once they have settled. */
  analyzeFound(): void {
    this.#probing.run().catch(this.#warn);
    this.waitForSettling();
  }

  /** What stood in the way of a blocked file may be gone: it is tried again, at the cost of a look. */
  #reconsider(scope: Scope): void {
    const { files, jobs } = this.#ctx;
    for (const file of files.blocked(scope)) {
      if (file.probe) jobs.queue(file);
      else jobs.apply(file.id, 'change');
    }
    if (!this.#readOnly) this.#ctx.emit('retry', {});
    this.#ctx.emit('work', {});
  }

  /** Queues videos for analysis that were skipped because of their surroundings or weren't here, since that may have changed. */
  async #reconsiderAside({ id, root }: LibraryView, prefix: string): Promise<void> {
    const { files, jobs } = this.#ctx;
    forgetNames();
    for (const aside of files.skipped({ library: id, prefix }, ASIDE_CODES)) {
      const place = path.join(root, aside.path);
      const why = await callWithTimeout(root, async () =>
        whyLeftAlone(place, await lstat(place, { bigint: true })),
      ).catch(() => aside);
      const now = files.get(aside.id);
      if (!why && now?.state === 'skipped' && now.code === aside.code) jobs.apply(aside.id, 'change');
    }
  }

  #fileAt(absolute: string): number | null {
    const library = this.#holding(path.dirname(absolute));
    const relative = library && path.relative(library.root, absolute).replaceAll(path.sep, '/');
    return (library && relative && this.#ctx.files.at(library.id, relative)?.id) || null;
  }

  /** Looks again at files that were still being written, when the first of them may have settled. */
  waitForSettling(): void {
    clearTimeout(this.#settling);
    if (this.#stopped) return;
    const times = this.#scopesInReach().flatMap((scope) => this.#ctx.files.settling(scope).next ?? []);
    if (times.length === 0) return;
    const left = Math.min(...times) - Date.now() + 10;
    this.#settling = setTimeout(() => this.#rescanSettled().catch(this.#warn), left > 0 ? left : OVERDUE_MS);
  }

  /** A paused library is looked at by its scans alone. */
  #scopesInReach(): Scope[] {
    return this.#ctx.scopes().filter(({ library }) => !this.#ctx.libraries.get(library)?.paused);
  }

  /** Looks only where something may have settled: one video that is written all day is no reason to walk everything. */
  async #rescanSettled(): Promise<void> {
    for (const scope of this.#scopesInReach()) {
      // One may be removed, or absorbed by another, while those before it are looked at.
      const library = this.#stopped ? undefined : this.#ctx.libraries.get(scope.library);
      const due = library ? this.#ctx.files.settled(scope, Date.now()) : [];
      const folders = [...new Set(due.map((file) => path.posix.dirname(file).replace(/^\.$/, '')))];
      if (library && folders.length > 0) await this.#scan(library, { folders }).catch(() => undefined);
    }
    this.analyzeFound();
  }
}

/** @throws Fault `usage` when nothing readable is there */
async function findPlace(place: string): Promise<{ real: string; isFile: boolean }> {
  try {
    const real = await realpath(place);
    return { real, isFile: !(await stat(real)).isDirectory() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault('usage', `Couldn't open ${place} (${code}); name an existing folder or video.`);
  }
}

/** True for the way from a root to something in it that is not left alone, and for the root itself. */
function leadsInto(prefix: string): boolean {
  return prefix === '' || !(prefix.split('/').includes('') || isInLeftAlone(prefix));
}
