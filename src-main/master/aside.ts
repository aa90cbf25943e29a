import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { exists, placeNew, remove, whileHeld } from './durable.ts';
import { type Identity, identify } from './identity.ts';

/**
 * Path under which a file is held while it is proven to be the one that may go: beside it, no media file by its name.
 * @param id of the replacement or restoration that does it; only one of them runs at a time
 */
export function asidePath(file: string, id: string): string {
  const name = createHash('sha256').update(path.basename(file)).digest('hex').slice(0, 8);
  return path.join(path.dirname(file), `.flotilla-${id}-${name}-aside.part`);
}

/**
 * Renames a file to its {@link asidePath}: whatever anybody puts at its path from then on is another file, and what is
 * looked at under the new name is what is removed.
 * @returns what is held now; undefined when nothing is
 */
export async function setAside(file: string, id: string): Promise<Identity | undefined> {
  const aside = asidePath(file, id);
  // What an interruption left there must not be overwritten.
  if (await exists(aside)) await putBack(file, id);
  try {
    await whileHeld(() => rename(file, aside));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return identify(aside);
}

/**
 * Gives what was set aside its name again; where another file has that by now, a free one beside it that people can see.
 * @returns the name it has now; undefined when nothing was set aside
 */
export async function putBack(file: string, id: string): Promise<string | undefined> {
  const aside = asidePath(file, id);
  if (!(await exists(aside))) return undefined;
  const { dir, name, ext } = path.parse(file);
  for (let n = 0; ; n += 1) {
    const place = n === 0 ? file : path.join(dir, `${name} (set aside by Flotilla${n > 1 ? ` ${n}` : ''})${ext}`);
    try {
      if ((await placeNew(aside, place)) !== 'moved') await remove(aside);
      return place;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Removes a file only if it is the one that may go, which is decided while it is held under another name.
 * @param mayGo gets what is held; undefined for something that is no regular file
 * @returns false when it stays, or was not there
 */
export async function removeProven(
  file: string,
  id: string,
  mayGo: (held: Identity | undefined) => boolean | Promise<boolean>,
): Promise<boolean> {
  const held = await setAside(file, id);
  const aside = asidePath(file, id);
  if (!held && !(await exists(aside))) return false;
  let goes = false;
  try {
    goes = await mayGo(held);
  } finally {
    if (goes) await remove(aside);
    else await putBack(file, id);
  }
  return goes;
}
