import type { BigIntStats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

/** What st_blocks counts in, in bytes, on every system (stat(2)). */
const BLOCK = 512;

/** Smaller files may lie in the folder's or the inode's own block, and are soon read. */
const MIN_BYTES = 64 * 1024;

/**
 * A file of which less than this share is on the disk is not here, but in a cloud or not yet written. Videos can hardly be
 * compressed, so that a file system which does that keeps nearly all of their bytes.
 */
const MIN_SHARE = 0.1;

/** statfs(2) type of FUSE file systems on Linux; some of them report no blocks at all. */
const FUSE = 0x65735546;

/** Files beside one without blocks that are asked whether their file system counts them. */
const MAX_ASKED = 50;

/**
 * True for a file whose bytes are not on this computer, as cloud programs leave them: reading it would fetch all of it, or
 * find nothing.
 */
export async function isPlaceholder(file: string, stat: BigIntStats): Promise<boolean> {
  const size = Number(stat.size);
  const held = Number(stat.blocks) * BLOCK;
  if (size < MIN_BYTES || held >= size * MIN_SHARE) return false;
  // Windows Server's deduplication takes a file's clusters away too.
  if (process.platform === 'win32') return isOffline((await execa('attrib', [file], { reject: false })).stdout, file);
  return held > 0 || (await countsBlocks(file));
}

/** True when the output of attrib.exe for a file (`A   O   U   C:\video.mkv`) says that its content isn't stored locally. */
export function isOffline(told: string, file: string): boolean {
  const at = told.toLowerCase().indexOf(file.toLowerCase());
  return at > 0 && told.slice(0, at).includes('O');
}

/** False where a file system reports no blocks for any file. */
async function countsBlocks(file: string): Promise<boolean> {
  if ((await statfs(file)).type !== FUSE) return true;
  const folder = path.dirname(file);
  for (const name of (await readdir(folder)).slice(0, MAX_ASKED)) {
    const stat = await lstat(path.join(folder, name)).catch(() => undefined);
    if (stat?.isFile() && stat.blocks > 0) return true;
  }
  return false;
}
