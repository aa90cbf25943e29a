import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Sentinel } from '../../src-shared/lease.ts';
import { answered } from '../answered.ts';
import type { MasterContext } from './context.ts';
import { hasNoLinks, isStanding } from './paths.ts';
import { OWN_FOLDER } from './vault-folder.ts';

/** How long a disk may take to let go of a sentinel at the end, in ms. */
const STOP_MS = 3000;

/** The files by which workers know a library that they reach by another way: random content, new at every start. */
export class Sentinels {
  readonly #ctx: MasterContext;
  readonly #file: string;
  readonly #left = new Map<number, Sentinel>();
  readonly #leaving = new Map<number, Promise<Sentinel | null>>();

  /** @param device of this install, so that two of them never take one another's */
  constructor(ctx: MasterContext, device: string) {
    this.#ctx = ctx;
    this.#file = `${OWN_FOLDER}/sentinel-${device}`;
  }

  /** The sentinel of a library, left there if need be; null where nothing can be left or films are to travel. */
  in(library: number): Promise<Sentinel | null> {
    // One for all that ask at the same time: none may look while another one's is written.
    const leaving = this.#leaving.get(library) ?? this.#leave(library).finally(() => this.#leaving.delete(library));
    this.#leaving.set(library, leaving);
    return leaving;
  }

  async #leave(library: number): Promise<Sentinel | null> {
    const root = this.#ctx.libraries.get(library)?.root;
    if (!root || this.#ctx.settings().fileDistribution) return null;
    const known = this.#left.get(library) ?? { root, file: this.#file, content: randomBytes(32).toString('base64url') };
    const place = path.join(root, known.file);
    try {
      if ((await readFile(place, 'utf8').catch(() => '')) !== known.content) {
        // Never through a link that came with a film.
        if (!(await isStanding(root)) || !(await hasNoLinks(root, path.dirname(place)))) return null;
        await mkdir(path.dirname(place), { recursive: true });
        await rm(place, { force: true });
        await writeFile(place, known.content, { flag: 'wx' });
      }
    } catch {
      return null;
    }
    this.#left.set(library, known);
    return known;
  }

  /** Leaves nothing behind. */
  async stop(): Promise<void> {
    for (const { root, file } of this.#left.values()) {
      const place = path.join(root, file);
      const clear = async () => {
        await rm(place, { force: true });
        // Only when nothing else is in it.
        await rmdir(path.dirname(place));
      };
      await answered(root, clear, STOP_MS).catch(() => undefined);
    }
    this.#left.clear();
  }
}
