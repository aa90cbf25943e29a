import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LibraryView, ScanReport } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import type { Scope } from '../db/files.ts';
import type { MasterContext } from './context.ts';
import type { Probing } from './probing.ts';
import type { Scanner } from './scanner.ts';
import type { Vault } from './vault.ts';

/** The root folders, and keeping them up to date. */
export class Libraries {
  readonly #ctx: MasterContext;
  readonly #scanner: Scanner;
  readonly #probing: Probing;
  readonly #vault: Vault;
  #settling: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #scanning: number[] = [];

  constructor(ctx: MasterContext, parts: { scanner: Scanner; probing: Probing; vault: Vault }) {
    this.#ctx = ctx;
    this.#scanner = parts.scanner;
    this.#probing = parts.probing;
    this.#vault = parts.vault;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#settling);
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
   * those below it.
   * @param place folder, or one file
   * @param hold true: a new one is not converted before {@link release}; false: nor is it held if it was
   * @returns also the way from the root to `place`, empty when they are the same
   * @throws Fault `usage` when nothing readable is there
   */
  async add(place: string, watched: boolean, hold?: boolean): Promise<{ library: LibraryView; prefix: string }> {
    let real: string;
    let isFile: boolean;
    try {
      real = await realpath(place);
      isFile = !(await stat(real)).isDirectory();
    } catch (error) {
      throw new Fault(
        'usage',
        `${place} cannot be opened (${(error as NodeJS.ErrnoException).code}); name an existing folder or film.`,
      );
    }
    const { libraries } = this.#ctx;
    const folder = isFile ? path.dirname(real) : real;
    const holder = libraries.all().find((l) => l.root === folder || isBelow(folder, l.root));
    const library = holder ?? this.#create(folder, watched, hold === true);
    if (hold === false && library.held) this.release(library);
    if (watched && !library.watched) libraries.setWatched(library.id, true);
    this.#ctx.emit('libraries', {});
    const prefix = path.relative(library.root, real).replaceAll(path.sep, '/');
    if (prefix.split('/').some((part) => part.startsWith('.') && part !== '.')) {
      throw new Fault('usage', `${place} lies in a hidden folder, which Flotilla leaves alone.`);
    }
    return { library: this.get(library.id), prefix };
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
      const below = libraries.all().filter((l) => isBelow(l.root, root));
      const library = libraries.insert(root, watched, held);
      for (const child of below) {
        libraries.absorb(child.id, library.id, `${path.relative(root, child.root).replaceAll(path.sep, '/')}/`);
      }
      return library;
    })();
  }

  /**
   * Scans, takes up originals that only the vault knows, and has everything new looked into; the latter goes on after the
   * scan is over.
   * @throws Fault `node` when the library had to be paused
   */
  async scan(library: LibraryView, prefix = '', acceptMissing = false): Promise<ScanReport> {
    const { vaults, ...report } = await this.#scan(library, prefix, acceptMissing);
    for (const folder of vaults) {
      const fileAt = (absolute: string) => this.#fileAt(absolute);
      for (const text of await this.#vault.adopt(folder, fileAt)) this.#ctx.emit('notice', { level: 'warn', text });
    }
    for (const text of report.problems) this.#ctx.emit('notice', { level: 'warn', text });
    this.#reconsider({ library: library.id, prefix });
    this.lookAgain();
    return report;
  }

  async #scan(library: LibraryView, prefix: string, acceptMissing: boolean): ReturnType<Scanner['scan']> {
    this.#scanning.push(library.id);
    this.#ctx.emit('libraries', {});
    try {
      return await this.#scanner.scan(library, prefix, acceptMissing);
    } finally {
      this.#scanning.splice(this.#scanning.indexOf(library.id), 1);
      this.#ctx.emit('libraries', {});
    }
  }

  /** Has what is found looked into, now or when it has settled. */
  lookAgain(): void {
    this.#probing.run().catch((error) => this.#ctx.emit('notice', { level: 'warn', text: String(error) }));
    this.waitForSettling();
  }

  /** What stood in the way of a blocked file may be gone: it is tried again, at the cost of a look. */
  #reconsider(scope: Scope): void {
    const { files, jobs } = this.#ctx;
    for (const file of files.blocked(scope)) {
      if (file.probe) jobs.queue(file);
      else jobs.apply(file.id, 'change');
    }
    this.#ctx.emit('work', {});
  }

  #fileAt(absolute: string): number | null {
    const library = this.#ctx.libraries.all().find((l) => isBelow(absolute, l.root));
    const relative = library && path.relative(library.root, absolute).replaceAll(path.sep, '/');
    return (library && relative && this.#ctx.files.at(library.id, relative)?.id) || null;
  }

  /** Looks again at files that were still being written, when the first of them may have settled. */
  waitForSettling(): void {
    clearTimeout(this.#settling);
    const scopes = this.#ctx.scopes();
    const times = scopes.flatMap((scope) => this.#ctx.files.settling(scope).next ?? []);
    if (times.length === 0 || this.#stopped) return;
    this.#settling = setTimeout(
      async () => {
        for (const { library, prefix } of scopes) {
          await this.scan(this.get(library), prefix).catch(() => undefined);
        }
      },
      Math.max(0, Math.min(...times) - Date.now()) + 10,
    );
  }
}

function isBelow(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}
