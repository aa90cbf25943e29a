import { constants } from 'node:fs';
import { access, lstat, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Caller } from '../../../src-shared/contract/index.ts';
import type { Grant, Sentinel } from '../../../src-shared/jobs/lease.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { mountPoints } from '../../fs/mounts.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';

/** A share that does not answer in this time is not there, in ms. */
const SHARE_MS = 5000;
/** A library that wasn't found is searched for again after this time, in ms. */
const MISSED_MS = 60_000;

/** Dependencies of a shared storage. */
export interface StorageParts {
  call: Caller;
  /** Where the places that were found are kept. */
  file: string;
  /** Folders of the master and their paths on this computer, as set by the user. */
  mappings: PathMapping[];
  /** True: videos always travel over the network. */
  remoteOnly: boolean;
  /** Additional places to search; the mounts of this system by default. */
  mounts?: () => Promise<string[]>;
}

/** A folder of the master and the same folder here. */
export interface PathMapping {
  master: string;
  here: string;
}

/** Reads `/folder/of/master=/folder/here`. */
export function parseMappings(texts: string[]): PathMapping[] {
  return texts.map((text) => {
    const [master = '', here = ''] = text.split('=');
    return { master: master.trim(), here: here.trim() };
  });
}

/**
 * Finds the libraries of the master on this computer. Shared storage is proven, not assumed: a folder is a library only if it
 * contains the file with random content that the master has just named, and each video proves it again.
 */
export class SharedStorage {
  readonly #parts: StorageParts;
  /** The roots of libraries here, and when there was none: in ms of the monotonic clock. */
  readonly #found = new Map<number, { root: string } | { missedAt: number }>();
  /** Last report to the master, by library. */
  readonly #told = new Map<number, string | null>();

  constructor(parts: StorageParts) {
    this.#parts = parts;
  }

  /**
   * Absolute path of a video that can be read in place here; undefined when it has to be fetched.
   * @throws Fault `node` when the master cannot be asked
   */
  async resolve(grant: Grant): Promise<string | undefined> {
    const { library } = grant;
    const sentinel = this.#parts.remoteOnly ? null : await this.#parts.call('library.sentinel', { library });
    const root = sentinel ? await this.#rootOf(library, sentinel) : undefined;
    if (this.#told.get(library) !== (root ?? null)) {
      await this.#parts.call('library.storage', { library, path: root ?? null });
      this.#told.set(library, root ?? null);
    }
    return root === undefined ? undefined : readable(root, grant);
  }

  async #rootOf(library: number, sentinel: Sentinel): Promise<string | undefined> {
    const known = this.#found.get(library);
    if (known && 'root' in known && (await isThere(known.root, sentinel))) return known.root;
    const now = performance.now();
    if (known && 'missedAt' in known && now - known.missedAt < MISSED_MS) return undefined;
    const kept = await this.#kept();
    const root = await this.#firstHolding(sentinel, kept[sentinel.root]);
    this.#found.set(library, root === undefined ? { missedAt: now } : { root });
    if (root !== undefined && kept[sentinel.root] !== root) await this.#keep({ ...kept, [sentinel.root]: root });
    return root;
  }

  async #firstHolding(sentinel: Sentinel, kept: string | undefined): Promise<string | undefined> {
    const mounts = await (this.#parts.mounts ?? mountPoints)();
    for (const place of candidates(sentinel.root, kept, this.#parts.mappings, mounts)) {
      if (await isThere(place, sentinel)) return place;
    }
    return undefined;
  }

  async #kept(): Promise<Record<string, string>> {
    try {
      return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(this.#parts.file, 'utf8')));
    } catch {
      // It is a short cut and no more.
      return {};
    }
  }

  #keep(places: Record<string, string>): Promise<void> {
    return writeFileAtomic(this.#parts.file, JSON.stringify(places, null, 2));
  }
}

/**
 * Where a folder of the master may be found, likeliest first: where it was before, where the user says, under the same path,
 * and below every mount, from all of the path to none of it.
 */
export function candidates(
  root: string,
  kept: string | undefined,
  mappings: PathMapping[],
  mounts: string[],
): string[] {
  const steps = partsOf(root);
  const mapped = mappings.flatMap(({ master, here }) => {
    const from = partsOf(master);
    return from.every((part, i) => steps[i] === part) ? [path.join(here, ...steps.slice(from.length))] : [];
  });
  const mounted = mounts.flatMap((mount) => steps.map((_, i) => path.join(mount, ...steps.slice(i))).concat(mount));
  const same = path.isAbsolute(root) ? [root] : [];
  return [...new Set([...(kept ? [kept] : []), ...mapped, ...same, ...mounted])];
}

/** The parts of a path of Windows or any other system. */
function partsOf(place: string): string[] {
  return place.split(/[/\\]+/).filter(Boolean);
}

/** True when a file of this size can be read at a path now. */
export async function isReadable(file: string, size: number): Promise<boolean> {
  const look = () => Promise.all([lstat(file), access(file, constants.R_OK)]);
  const [stat] = (await inTime(path.dirname(file), look)) ?? [];
  return stat?.isFile() === true && stat.size === size;
}

async function isThere(root: string, { file, content }: Sentinel): Promise<boolean> {
  const place = within(root, file);
  return place !== undefined && (await inTime(root, () => contentOf(place, content.length))) === content;
}

/** Content of a regular file of exactly this size; others aren't opened. */
async function contentOf(place: string, length: number): Promise<string | undefined> {
  const stat = await lstat(place);
  return stat.isFile() && stat.size === length ? await readFile(place, 'utf8') : undefined;
}

/** The video of a grant, when it can be read and is as large as the one that was probed. */
async function readable(root: string, grant: Grant): Promise<string | undefined> {
  const video = within(root, grant.path);
  // Masters find no video behind a link: one that leads out of the library is not theirs to be read.
  const isInside = video !== undefined && (await inTime(root, () => staysWithin(root, video)));
  return isInside && (await isReadable(video, grant.size)) ? video : undefined;
}

async function staysWithin(root: string, file: string): Promise<boolean> {
  const [top, real] = await Promise.all([realpath(root), realpath(file)]);
  return within(top, real) !== undefined;
}

/** `file` below `root`; undefined when it would lie elsewhere. */
function within(root: string, file: string): string | undefined {
  const place = path.resolve(root, file);
  const way = path.relative(root, place);
  return way !== '' && way.split(path.sep)[0] !== '..' && !path.isAbsolute(way) ? place : undefined;
}

/**
 * Calls the disk; undefined when it fails or takes too long, as a share does whose server is gone: it isn't called again until
 * it has responded.
 */
function inTime<T>(folder: string, ask: () => Promise<T>): Promise<T | undefined> {
  // A master here gives the same folder more time.
  return callWithTimeout(`${folder} as a share`, ask, SHARE_MS).catch(() => undefined);
}
