import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** True where a soak run can have small disks of its own. */
export const CAN_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

/** Makes a disk of `megabytes` at `folder`. */
export function mountSmallDisk(folder: string, megabytes: number): string {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(megabytes)}m`, 'tmpfs', folder]);
  return folder;
}

export function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
}

/** Takes all room that a disk has left; returns the file that does. */
export function fill(disk: string): string {
  const filler = path.join(disk, '.filler');
  const file = openSync(filler, 'w');
  try {
    for (const size of [65_536, 4096]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(file);
  }
  return filler;
}
