import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { exists, linkOrMoveExclusive, remove, retryWhileLocked } from '../../fs/safe-fs.ts';
import { type Identity, identify } from './file-identity.ts';

/**
 * Path under which a file is held while it is proven to be the one that may go: beside it, no media file by its name.
 * @param id of the replacement or restoration that does it; only one of them runs at a time
 */
export function asidePath(file: string, id: string): string {
  const name = createHash('sha256').update(path.basename(file)).digest('hex').slice(0, 8);
  return path.join(path.dirname(file), `.flotilla-${id}-${name}-aside.part`);
}

/**
 * Renames a file to its {@link asidePath}: anything that appears at its path from then on is another file, and the file
 * checked under the new name is the one that is removed.
 * @returns identity of the renamed file; undefined when there is none
 */
export async function setAside(file: string, id: string): Promise<Identity | undefined> {
  const aside = asidePath(file, id);
  // What an interruption left there must not be overwritten.
  if (await exists(aside)) await putBack(file, id);
  try {
    await retryWhileLocked(() => rename(file, aside));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return identify(aside);
}

/**
 * Renames a file that was set aside back to its name or, if another file has it by now, to a free, visible one beside it.
 * @returns its name now; undefined when nothing was set aside
 */
export async function putBack(file: string, id: string): Promise<string | undefined> {
  const aside = asidePath(file, id);
  if (!(await exists(aside))) return undefined;
  const { dir, name, ext } = path.parse(file);
  for (let n = 0; ; n += 1) {
    const place = n === 0 ? file : path.join(dir, `${name} (set aside by Flotilla${n > 1 ? ` ${n}` : ''})${ext}`);
    try {
      if ((await linkOrMoveExclusive(aside, place)) !== 'moved') await remove(aside);
      return place;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Removes a file only if it's the right one, which is decided while it's held under another name.
 * @param mayGo gets the identity of the held file; undefined for something that isn't a regular file
 * @returns false when it stays, or didn't exist
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
