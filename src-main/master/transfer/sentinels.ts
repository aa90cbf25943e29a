import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Sentinel } from '../../../src-shared/jobs/lease.ts';
import { callWithTimeout, STOP_MS } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { hasNoLinks, isStanding } from '../files/library-paths.ts';
import { OWN_FOLDER } from '../vault/vault-folder.ts';

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

  /** The sentinel of a library, left there if need be; null where nothing can be left or videos are to travel. */
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
    const isLeft = await callWithTimeout(root, () => leave(root, known)).catch(() => false);
    if (!isLeft) return null;
    this.#left.set(library, known);
    return known;
  }

  /** Leaves nothing behind. */
  async stop(): Promise<void> {
    const clear = async (place: string) => {
      await rm(place, { force: true });
      // Only when nothing else is in it.
      await rmdir(path.dirname(place));
    };
    const left = [...this.#left.values()];
    await Promise.allSettled(
      left.map(({ root, file }) => callWithTimeout(root, () => clear(path.join(root, file)), STOP_MS)),
    );
    this.#left.clear();
  }
}

/** @returns false where nothing is left behind a link */
async function leave(root: string, { file, content }: Sentinel): Promise<boolean> {
  const place = path.join(root, file);
  if ((await readFile(place, 'utf8').catch(() => '')) === content) return true;
  // Never through a link that came with a video.
  if (!(await isStanding(root)) || !(await hasNoLinks(root, path.dirname(place)))) return false;
  await mkdir(path.dirname(place), { recursive: true });
  await rm(place, { force: true });
  await writeFile(place, content, { flag: 'wx' });
  return true;
}
