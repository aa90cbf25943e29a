/** Apart from identity.ts, so that the walker's thread has next to nothing to load. */
import type { BigIntStats } from 'node:fs';

/** `device:inode` of a file. */
export function inodeOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

/** `size:mtime` of a file. */
export function versionOf(stat: BigIntStats): string {
  return `${stat.size}:${stat.mtimeNs}`;
}

/** A file as the table of files holds it, without its name. */
export function factsOf(stat: BigIntStats): { inode: string; version: string; size: number; mtime: number } {
  return { inode: inodeOf(stat), version: versionOf(stat), size: Number(stat.size), mtime: Number(stat.mtimeMs) };
}

/** True when both name the same inode; device numbers may change with a reboot, so they count only together with it. */
export function sameInode(a: string, b: string): boolean {
  return a.slice(a.indexOf(':')) === b.slice(b.indexOf(':'));
}
