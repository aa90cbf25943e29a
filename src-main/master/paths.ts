import { realpathSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/** True for what is in `folder`, however deep, as far as its path tells; both are absolute. */
export function isBelow(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** True when no link is on the way from `base` down to `folder`, which is below it; what is not there yet leads nowhere. */
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

/** True when no link is on the way to a real path, so that what is there is what was there, or nothing. */
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
  return `The folder ${root} is a link by now, or lies in one, and Flotilla does not follow it: put the folder back, or add the one that the link leads to as a library of its own.`;
}
