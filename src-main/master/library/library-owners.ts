import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { Emit, LibraryView } from '../../../src-shared/contract/index.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { LibraryTable } from '../../db/tables/libraries.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { callWithTimeout, STOP_MS } from '../../fs/response-timeout.ts';
import { hasNoLinks } from '../files/library-paths.ts';
import { OWN_FOLDER } from '../vault/vault-folder.ts';

/** In {@link OWN_FOLDER}: which install works in the folder above it. */
const RECORD = 'owner.json';
/** Interval at which the record of a library with running work is renewed, in ms. */
const BUSY_RENEWAL_MS = 300_000;
/** One that rests is renewed with its scans, which wake its disks anyway; this often, in ms, where there are none. */
const IDLE_RENEWAL_MS = 43_200_000;
/** A record is stale when it wasn't renewed for this many of its intervals: one renewal may be late. */
const INTERVALS = 2.5;
/** Errors of a folder in which nothing can be written, so that nothing in it is replaced either. */
const READ_ONLY: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT']);

const Owner = z.object({
  flotilla: z.literal(1),
  install: z.string(),
  /** Its name, for people. */
  host: z.string(),
  /** Host and namespace where its process can be looked up; undefined where that's unknown. */
  place: z.string().optional(),
  pid: z.number(),
  /** Rises with every renewal. */
  beat: z.number(),
  /** How long it counts without a renewal, in ms. */
  term: z.number().max(INTERVALS * IDLE_RENEWAL_MS),
});
type Owner = z.infer<typeof Owner>;

/** Another installation's record, and when it was first seen with this content, in ms of the monotonic clock. */
interface Sighting {
  text: string;
  since: number;
}

/** Dependencies of {@link LibraryOwners}. */
export interface OwnerParts {
  /** ID of this installation. */
  install: string;
  /** True while a video of the library is being converted. */
  isBusy: (library: number) => boolean;
  /** True where nothing is written or removed, so that records of others are ignored. */
  readOnly?: boolean;
  host?: string;
  now?: () => number;
}

/** The part of the master that it uses. */
interface OwnerContext {
  libraries: LibraryTable;
  settings: () => Settings;
  emit: Emit;
}

/**
 * Ensures that only one Flotilla at a time works in a library: it writes a record into the library and renews it while it runs.
 * Clocks of computers differ, so another's record is judged by whether it changes while it's watched.
 */
export class LibraryOwners {
  readonly #ctx: OwnerContext;
  readonly #parts: Required<OwnerParts>;
  readonly #seen = new Map<string, Sighting>();
  /** Records of this install, as they were written last, and when. */
  readonly #own = new Map<string, { library: number; text: string; at: number }>();
  #renewing: NodeJS.Timeout | undefined;
  #beat = 0;

  constructor(ctx: OwnerContext, parts: OwnerParts) {
    this.#ctx = ctx;
    this.#parts = { host: os.hostname(), now: () => performance.now(), readOnly: false, ...parts };
  }

  /** Renews records from now on. */
  start(): void {
    this.#renewing = setInterval(() => this.#renewAll(), BUSY_RENEWAL_MS).unref();
  }

  /** Gives up what this install holds, so that others need not wait; but for what lies on a disk that does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#renewing);
    const release = (file: string) => callWithTimeout(libraryOf(file), () => this.#release(file), STOP_MS);
    await Promise.allSettled([...this.#own.keys()].map(release));
  }

  /**
   * Records that this installation works in a library.
   * @param takeOver overrides the record of another one: the user confirms that it no longer works there
   * @throws Fault `conflict` while another installation does; the library is paused then
   * @throws Fault `node` when its disk doesn't respond
   */
  async claim(library: LibraryView, takeOver = false): Promise<void> {
    if (!this.#parts.readOnly) await callWithTimeout(library.root, () => this.#claim(library, takeOver));
  }

  /** As {@link claim}, unless that was done a moment ago. */
  async require(library: LibraryView): Promise<void> {
    if (this.#parts.readOnly) return;
    await callWithTimeout(library.root, async () => {
      const own = this.#own.get(recordIn(library.root));
      const isFresh = own && this.#parts.now() - own.at <= BUSY_RENEWAL_MS;
      if (!isFresh || (await readText(recordIn(library.root))) !== own.text) await this.#claim(library, false);
    });
  }

  async #claim(library: LibraryView, takeOver: boolean): Promise<void> {
    for (const folder of withAncestors(library.root)) await this.#requireUnowned(library, folder, takeOver);
    await this.#write(recordIn(library.root), library.id);
    if (library.owner !== null) this.#ctx.libraries.setOwner(library.id, null);
  }

  /**
   * Checks that no other installation works in a part of a library.
   * @param folder that may hold a record
   * @throws Fault `conflict` and `node` as {@link claim}
   */
  async requireUnowned(library: LibraryView, folder: string, takeOver = false): Promise<void> {
    if (!this.#parts.readOnly)
      await callWithTimeout(library.root, () => this.#requireUnowned(library, folder, takeOver));
  }

  async #requireUnowned(library: LibraryView, folder: string, takeOver: boolean): Promise<void> {
    const file = recordIn(folder);
    const text = await readText(file);
    const owner = text === undefined ? undefined : parse(text);
    if (text === undefined || !owner || owner.install === this.#parts.install || this.#isOutOfDate(file, text, owner)) {
      this.#seen.delete(file);
      return;
    }
    if (takeOver) return rm(file, { force: true });
    // The other one would see it in turn.
    await this.#release(recordIn(library.root));
    const reason = `Another Flotilla, on ${owner.host}, works in ${folder}. Stop it there or remove the folder from its libraries; if it no longer runs, take over the library.`;
    const { libraries, emit } = this.#ctx;
    libraries.setOwner(library.id, owner.host);
    libraries.setPaused(library.id, reason);
    const paused = libraries.get(library.id);
    if (paused) emit('library', paused);
    throw new Fault('conflict', reason);
  }

  #isOutOfDate(file: string, text: string, owner: Owner): boolean {
    if (owner.place !== undefined && owner.place === PLACE && !isAlive(owner.pid)) return true;
    const now = this.#parts.now();
    const seen = this.#seen.get(file);
    if (seen?.text === text) return now - seen.since > owner.term;
    this.#seen.set(file, { text, since: now });
    return false;
  }

  #renewalMs(): number {
    const { rescanMinutes } = this.#ctx.settings();
    return rescanMinutes > 0 ? rescanMinutes * 60_000 : IDLE_RENEWAL_MS;
  }

  async #write(file: string, library: number): Promise<void> {
    this.#beat += 1;
    const { install, host, now } = this.#parts;
    const term = INTERVALS * Math.max(BUSY_RENEWAL_MS, this.#renewalMs());
    const owner: Owner = { flotilla: 1, install, host, place: PLACE, pid: process.pid, beat: this.#beat, term };
    const text = `${JSON.stringify(owner)}\n`;
    try {
      // A link that came with a download leads elsewhere.
      if (!(await hasNoLinks(path.dirname(path.dirname(file)), path.dirname(file)))) return;
      // Never the library's own folder: a mount point that is empty would be taken for the library.
      await mkdir(path.dirname(file)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await writeFileAtomic(file, text);
      this.#own.set(file, { library, text, at: now() });
    } catch (error) {
      if (!READ_ONLY.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }

  /** Side by side: none waits for the disk of another, and one whose disk is known not to answer is not asked again. */
  async #renewAll(): Promise<void> {
    const renew = async ([file, { library: id, at }]: [string, { library: number; at: number }]) => {
      const library = this.#ctx.libraries.get(id);
      const age = this.#parts.now() - at;
      if (!library) await callWithTimeout(libraryOf(file), () => this.#release(file));
      else if (this.#parts.isBusy(id) || age >= this.#renewalMs()) await this.claim(library);
    };
    await Promise.allSettled([...this.#own].map(renew));
  }

  async #release(file: string): Promise<void> {
    const own = this.#own.get(file);
    this.#own.delete(file);
    if (!own || (await readText(file)) !== own.text) return;
    await rm(file, { force: true });
    // Unless it holds a vault.
    await rmdir(path.dirname(file)).catch(() => undefined);
  }
}

const recordIn = (folder: string) => path.join(folder, OWN_FOLDER, RECORD);
const libraryOf = (record: string) => path.dirname(path.dirname(record));

/** A folder and those above it. */
function withAncestors(folder: string): string[] {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [folder, ...withAncestors(above)];
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Undefined for what no Flotilla can have written. */
function parse(text: string): Owner | undefined {
  try {
    return Owner.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Identifies this boot of this computer and the PID namespace of this process; undefined where that's unknown. */
function findPlace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}
const PLACE = findPlace();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
