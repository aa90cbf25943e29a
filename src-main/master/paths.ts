import { lstat } from 'node:fs/promises';
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
