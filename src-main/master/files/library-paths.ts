import { realpathSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/** True if a path is inside `folder` at any depth; compares the absolute paths only. */
export function isBelow(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** True if no symbolic link is on the path from `base` down to `folder`; parts that don't exist yet count as no link. */
export async function hasNoLinks(base: string, folder: string): Promise<boolean> {
  let place = base;
  for (const step of path.relative(base, folder).split(path.sep)) {
    place = path.join(place, step);
    try {
      if (!(await lstat(place)).isDirectory()) return false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    }
  }
  return true;
}

/** Paths as they are compared where disks tell no case, or no composed letters, apart. */
function isSame(a: string, b: string): boolean {
  const spelt = (place: string) => path.normalize(place).normalize('NFC').toLowerCase();
  return process.platform === 'linux' ? a === b : spelt(a) === spelt(b);
}

function isNowhere(error: unknown): true {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
  throw error;
}

/** True if no symbolic link is on the way to a real path, so that it leads to the same place as before, or nowhere. */
export async function isStanding(place: string): Promise<boolean> {
  return realpath(place).then((real) => isSame(real, place), isNowhere);
}

/** As {@link isStanding}, holding up its thread. */
export function isStandingSync(place: string): boolean {
  try {
    return isSame(realpathSync.native(place), place);
  } catch (error) {
    return isNowhere(error);
  }
}

/** Why nothing in a library is touched whose folder has become a link. */
export function isLinkNow(root: string): string {
  return `The folder ${root} is now a link or inside one, and Flotilla doesn't follow links. Restore the folder, or add the target of the link as a library.`;
}
