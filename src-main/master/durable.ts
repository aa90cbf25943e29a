import { chmod, chown, copyFile, link, lstat, open, rename, rm, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../src-shared/errors.ts';
import { sha256 } from '../hash.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** File systems without hard links, or where they may not be made (exFAT, some network shares, containers). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EACCES']);

/** Folders that cannot be synced: Windows opens none, some network file systems refuse. */
const NO_FOLDER_SYNC = new Set(['EPERM', 'EISDIR', 'EINVAL', 'EACCES', 'ENOTSUP']);

/** Has the bytes of a file on the disk before it returns. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Has the names in a folder on the disk before it returns, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(codeOf(error) ?? '')) throw error;
  }
}

/** Name of a copy that is not proven yet. Replacements run one at a time, so one name a folder will do. */
const UNPROVEN = '.flotilla-copy.part';

/** Removes what an interrupted copy left in a folder. */
export async function removeUnproven(folder: string): Promise<void> {
  await remove(path.join(folder, UNPROVEN));
}

/** Copies a file to another file system, proves the copy by reading both in full, and only then gives it its name. */
async function copyProven(from: string, to: string): Promise<void> {
  const part = path.join(path.dirname(to), UNPROVEN);
  try {
    await copyFile(from, part);
    await syncFile(part);
    if ((await sha256(from)) !== (await sha256(part))) {
      throw new Fault(
        'node',
        `The copy of ${from} to ${to} differs from it; check the disk or the memory of this computer.`,
      );
    }
    await carryOver(from, part);
    await rename(part, to);
  } catch (error) {
    await remove(part);
    throw error;
  }
}

/** Moves a file, by proven copy where the file systems differ. Replaces `to`, in one step, which must be ours. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    await copyProven(from, to);
    await unlink(from);
  }
}

/** True when something stands at the path, a broken link included. */
export async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Gives `to` the content of `from` and never overwrites: a hard link where possible, a rename where links are unknown, a
 * proven copy across file systems. `from` may or may not be gone afterwards.
 * @throws Error with code EEXIST when `to` is taken
 */
export async function placeNew(from: string, to: string): Promise<void> {
  try {
    return await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
  }
  if (await exists(to)) throw Object.assign(new Error(`${to} exists already`), { code: 'EEXIST' });
  await moveFile(from, to);
}

/**
 * Gives `to` the mode, owner and times of `from`. An owner that this user may not set is left, as any copying program
 * does without root's rights.
 */
export async function carryOver(from: string, to: string): Promise<void> {
  const stat = await lstat(from);
  try {
    await chown(to, stat.uid, stat.gid);
  } catch (error) {
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOSYS') throw error;
  }
  try {
    await chmod(to, stat.mode & 0o7777);
  } catch (error) {
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOTSUP') throw error;
  }
  await utimes(to, stat.atimeMs / 1000, stat.mtimeMs / 1000);
}

/** Removes a file if it is there. */
export async function remove(file: string): Promise<void> {
  await rm(file, { force: true });
}
