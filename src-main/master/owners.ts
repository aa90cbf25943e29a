import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { LibraryView } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { writeWhole } from '../write-whole.ts';
import type { MasterContext } from './context.ts';
import { hasNoLinks } from './paths.ts';
import { OWN_FOLDER } from './vault-folder.ts';

/** In {@link OWN_FOLDER}: which install works in the folder above it. */
const RECORD = 'owner.json';
/** A library in which work goes on has its record renewed this often, in ms. */
const BUSY_RENEWAL_MS = 300_000;
/** One that rests is renewed with its scans, which wake its disks anyway; this often, in ms, where there are none. */
const IDLE_RENEWAL_MS = 43_200_000;
/** A record is out of date when it was not renewed for so many of its intervals: one may be late. */
const INTERVALS = 2.5;
/** Errors of a folder in which nothing can be written, so that nothing in it is replaced either. */
const READ_ONLY: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT']);

const Owner = z.object({
  flotilla: z.literal(1),
  install: z.string(),
  /** Its name, for people. */
  host: z.string(),
  /** Where its process can be looked for; undefined where that cannot be told. */
  place: z.string().optional(),
  pid: z.number(),
  /** Rises with every renewal. */
  beat: z.number(),
  /** How long it counts without a renewal, in ms. */
  term: z.number().max(INTERVALS * IDLE_RENEWAL_MS),
});
type Owner = z.infer<typeof Owner>;

/** What others wrote, and when it was first seen so, in ms of the monotonic clock. */
interface Sighting {
  text: string;
  since: number;
}

/** What {@link Owners} is made of. */
export interface OwnerParts {
  /** Of this Flotilla. */
  install: string;
  /** True while something of a library is converted. */
  isBusy: (library: number) => boolean;
  /** True where nothing is written or removed, so that others need not be heeded. */
  readOnly?: boolean;
  host?: string;
  now?: () => number;
}

/**
 * Sees to it that one Flotilla at a time works in a library: whoever does notes that in it, and renews the note while it
 * lives. Dates of computers differ, so a note of another one is judged by whether it changes while it is watched.
 */
export class Owners {
  readonly #ctx: Pick<MasterContext, 'libraries' | 'settings' | 'emit'>;
  readonly #parts: Required<OwnerParts>;
  readonly #seen = new Map<string, Sighting>();
  /** Records of this install, as they were written last, and when. */
  readonly #own = new Map<string, { library: number; text: string; at: number }>();
  readonly #renewing: NodeJS.Timeout;
  #beat = 0;

  constructor(ctx: Pick<MasterContext, 'libraries' | 'settings' | 'emit'>, parts: OwnerParts) {
    this.#ctx = ctx;
    this.#parts = { host: os.hostname(), now: () => performance.now(), readOnly: false, ...parts };
    this.#renewing = setInterval(() => this.#renewAll().catch(() => undefined), BUSY_RENEWAL_MS);
    this.#renewing.unref();
  }

  /** Gives up what this install holds, so that others need not wait. */
  async stop(): Promise<void> {
    clearInterval(this.#renewing);
    await Promise.allSettled([...this.#own.keys()].map((file) => this.#release(file)));
  }

  /**
   * Notes that this install works in a library.
   * @param takeOver whatever others wrote: the user says that they do not work there
   * @throws Fault `conflict` while another install does; the library is paused then
   */
  async claim(library: LibraryView, takeOver = false): Promise<void> {
    if (this.#parts.readOnly) return;
    for (const folder of withAncestors(library.root)) await this.#heed(library, folder, takeOver);
    await this.#write(recordIn(library.root), library.id);
    if (library.owner !== null) this.#ctx.libraries.setOwner(library.id, null);
  }

  /** As {@link claim}, unless that was done a moment ago. */
  async require(library: LibraryView): Promise<void> {
    const own = this.#own.get(recordIn(library.root));
    if (!own || this.#parts.now() - own.at > BUSY_RENEWAL_MS || (await readText(recordIn(library.root))) !== own.text)
      await this.claim(library);
  }

  /**
   * Heeds an install that works in a part of a library.
   * @param folder that may hold a record
   * @throws Fault `conflict` as {@link claim}
   */
  async heed(library: LibraryView, folder: string, takeOver = false): Promise<void> {
    if (!this.#parts.readOnly) await this.#heed(library, folder, takeOver);
  }

  async #heed(library: LibraryView, folder: string, takeOver: boolean): Promise<void> {
    const file = recordIn(folder);
    const text = await readText(file);
    const owner = text === undefined ? undefined : parse(text);
    if (text === undefined || !owner || owner.install === this.#parts.install || this.#isOutOfDate(file, text, owner)) {
      this.#seen.delete(file);
      return;
    }
    if (takeOver) return rm(file, { force: true });
    // The other one would heed it in turn.
    await this.#release(recordIn(library.root));
    const reason = `Another Flotilla, on ${owner.host}, works in ${folder}. Stop it there or remove the folder from its libraries; if it does not run any more, take the library over.`;
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
      await writeWhole(file, text);
      this.#own.set(file, { library, text, at: now() });
    } catch (error) {
      if (!READ_ONLY.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }

  async #renewAll(): Promise<void> {
    for (const [file, { library: id, at }] of this.#own) {
      const library = this.#ctx.libraries.get(id);
      const age = this.#parts.now() - at;
      if (!library) await this.#release(file);
      else if (this.#parts.isBusy(id) || age >= this.#renewalMs()) await this.claim(library).catch(() => undefined);
    }
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

/** Names this start of this computer, and what of it this process can see; undefined where that cannot be told. */
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
