/** The last part of a path: what people call the file. */
export const nameOf = (path: string): string => path.split(/[/\\]/).at(-1) || path;

/** What stands before the name, without the separator; empty at the root of a library. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.length - nameOf(path).length - 1));

/** Where paths of Windows begin: a disk, or a share of a computer. */
const WINDOWS = /^(?:[a-z]:|\\\\[^\\]+\\[^\\]+)/i;

/** The whole path of a video as its computer writes it, from the root of its library and its path in there. */
export function fullPath(root: string, path: string): string {
  const separator = WINDOWS.test(root) ? '\\' : '/';
  return `${root.endsWith(separator) ? root : root + separator}${path.replaceAll('/', separator)}`;
}

/** The folders down to a path, each with its own path: `/`, `/srv`, `/srv/videos`. */
export function crumbsOf(path: string): { name: string; path: string }[] {
  const [disk = ''] = WINDOWS.exec(path) ?? [];
  const separator = disk ? '\\' : '/';
  const crumbs = [{ name: disk || separator, path: disk + separator }];
  for (const name of path.slice(disk.length).split(separator).filter(Boolean))
    crumbs.push({ name, path: fullPath(crumbs.at(-1)?.path ?? '', name) });
  return crumbs;
}
