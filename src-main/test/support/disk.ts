/** Small and full file systems. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { onTestFinished } from 'vitest';
import { onFileFinished, tempFolder } from './temp.ts';

/** True where a test can mount a file system. */
export const CAN_MOUNT =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  (() => {
    const folder = tempFolder();
    if (execaSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { reject: false }).exitCode !== 0) return false;
    execaSync('umount', [folder]);
    return true;
  })();

/** Reason to skip a test without {@link CAN_MOUNT}. */
export const NO_MOUNT = 'needs root on Linux, to mount a small tmpfs';

/** Mounts a file system of `kilobytes`, until the tests of this file are over. */
export function smallDisk(kilobytes: number, folder = tempFolder()): string {
  execaSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]);
  onFileFinished(() => execaSync('umount', ['-l', folder], { reject: false }));
  return folder;
}

/** Takes all room that a disk has left. @returns the file that does */
export function fill(disk: string): string {
  const filler = path.join(disk, 'filler');
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return filler;
}

/** Gives a file system of {@link smallDisk} more room. */
export function enlarge(folder: string, kilobytes: number): void {
  execaSync('mount', ['-o', `remount,size=${kilobytes}k`, folder]);
}

/** Mounts a file system with these arguments of `mount` until the test is over. */
export function mounted(folder: string, ...args: string[]): void {
  mkdirSync(folder, { recursive: true });
  execaSync('mount', [...args, folder]);
  onTestFinished(() => void execaSync('umount', [folder]));
}

/**
 * Mounts a small disk of a kind that has no hard links, until the test is over.
 * @returns false where this computer has no such file system
 */
export function mountLinkless(image: string, folder: string): boolean {
  mkdirSync(folder);
  writeFileSync(image, '');
  truncateSync(image, 40_000_000);
  for (const kind of ['vfat', 'exfat', 'exfat-fuse']) {
    try {
      execaSync(`mkfs.${kind.replace('-fuse', '')}`, [image]);
      execaSync('mount', ['-t', kind, '-o', 'loop', image, folder]);
      onTestFinished(() => void execaSync('umount', [folder]));
      return true;
    } catch {
      // Not this one.
    }
  }
  return false;
}
