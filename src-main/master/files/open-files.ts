import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { inodeOf } from './file-version.ts';

/** Inodes below `root` that some process has open for writing, where /proc tells (Linux); this user's processes only, unless root. */
export function openForWriting(root: string): Set<string> {
  const open = new Set<string>();
  const list = (folder: string) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      try {
        if (!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(root)) continue;
        const flags = Number.parseInt(
          /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0',
          8,
        );
        // The two lowest bits are O_WRONLY and O_RDWR (open(2)).
        if ((flags & 3) !== 0) open.add(inodeOf(statSync(`/proc/${pid}/fd/${fd}`, { bigint: true })));
      } catch {
        // The process or its file descriptor is gone.
      }
    }
  }
  return open;
}
