import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, link, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import pRetry from 'p-retry';
import { Fault } from '../../src-shared/util/errors.ts';
import { faultPoint } from '../util/fault-injection.ts';
import { syncFolder } from './atomic-write.ts';
import { sha256 } from './sha256.ts';

export { syncFolder };

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * File systems without hard links, or where they may not be made: exFAT, some network shares, containers. EISDIR is what
 * Node makes of Windows' answer for exFAT (nodejs/node#65817).
 */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EACCES', 'EISDIR']);

/** What Windows says of a file that a virus scanner, an indexer or a player has open. */
const HELD = ['EPERM', 'EBUSY', 'EACCES'];
/** How long such a file is waited for, in ms: scans of a large video take seconds. */
const HELD_MS = 10_000;
/** First and longest pause between two tries, in ms. */
const [HELD_PAUSE_MS, MAX_HELD_PAUSE_MS] = [20, 500];

/**
 * Does `work` again while it fails with one of `codes`, for {@link HELD_MS}; on Windows only: elsewhere open files are
 * renamed and removed like every other, and these errors last.
 */
export function retryWhileLocked<T>(
  work: () => Promise<T>,
  codes: readonly string[] = HELD,
  platform: NodeJS.Platform = process.platform,
): Promise<T> {
  if (platform !== 'win32') return work();
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: HELD_MS,
    minTimeout: HELD_PAUSE_MS,
    maxTimeout: MAX_HELD_PAUSE_MS,
    shouldRetry: ({ error }) => codes.includes(codeOf(error) ?? ''),
  });
}

/** Has the bytes of a file on the disk before it returns. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Path of the copy of `to` while it is not proven: its own, as restorations, purges and a replacement may continue in one
 * folder at a time, and of one length, as that of `to` may be the longest there is.
 */
export function tempCopyPath(to: string): string {
  const name = createHash('sha256').update(path.basename(to)).digest('hex').slice(0, 32);
  return path.join(path.dirname(to), `.flotilla-${name}-copy.part`);
}

/** Removes what interrupted copies to these files left. */
export async function removeUnproven(...files: string[]): Promise<void> {
  for (const file of files) await remove(tempCopyPath(file));
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

/** @throws Error with code EEXIST when something stands at the path */
async function requireFree(file: string): Promise<void> {
  if (await exists(file)) throw Object.assign(new Error(`${file} exists already`), { code: 'EEXIST' });
}

/** How a file came to its new name: only one that was moved has left the old one. */
export type Placed = 'linked' | 'moved' | 'copied';

/**
 * Gives `to` the content of `from` and never overwrites: a hard link where possible, a rename where links are unknown, a
 * proven copy across file systems.
 * @throws Error with code EEXIST when `to` is taken
 */
export async function linkOrMoveExclusive(from: string, to: string): Promise<Placed> {
  try {
    // The other codes of held files may also mean that there are no links here, which no waiting changes.
    await retryWhileLocked(() => link(from, to), ['EBUSY']);
    return 'linked';
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
  }
  await requireFree(to);
  try {
    await retryWhileLocked(() => rename(from, to));
    return 'moved';
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
  }
  await copyVerified(from, to);
  return 'copied';
}

/** Moves a file of ours to a name that must be free, by proven copy where the file systems differ. */
export async function moveNew(from: string, to: string): Promise<void> {
  if ((await linkOrMoveExclusive(from, to)) !== 'moved') await remove(from);
}

/** Copies a file to another file system, proves the copy by reading both in full, and only then gives it its name. */
async function copyVerified(from: string, to: string): Promise<void> {
  const part = tempCopyPath(to);
  // Never written through: the name may be a link that another user created.
  await remove(part);
  try {
    await copyFile(from, part, constants.COPYFILE_EXCL);
    // It has the mode of `from`, which may let no one write.
    await chmod(part, 0o600).catch(unless('EPERM', 'ENOTSUP'));
    await syncFile(part);
    if ((await sha256(from)) !== (await sha256(part))) {
      throw new Fault(
        'node',
        `The copy of ${from} to ${to} differs from it; check the disk or the memory of this computer.`,
      );
    }
    await copyMetadata(from, part);
    faultPoint('copied');
    await linkOrMoveExclusive(part, to);
  } finally {
    await remove(part);
  }
}

/**
 * Gives `to` the mode, owner, group and times of `from`, and where the system's `cp` can (GNU's), its access control list
 * and extended attributes; it has all of that on the disk before it returns. Without root's rights the owner is left as
 * copying programs leave it; the group is set where this user is in it.
 */
export async function copyMetadata(from: string, to: string): Promise<void> {
  const stat = await lstat(from);
  if (process.platform === 'linux') {
    // Others' cp does not know the option, or some of it cannot be set here.
    await execa('cp', ['--attributes-only', '--preserve=all', '--', from, to], { reject: false });
  }
  // Opened before its mode is set: that of `from` may let no one write.
  await chmod(to, 0o600).catch(unless('EPERM', 'ENOTSUP'));
  const handle = await open(to, 'r+');
  try {
    await handle.chown(stat.uid, stat.gid).catch(async (error) => {
      unless('EPERM', 'EINVAL', 'ENOSYS')(error);
      await handle.chown((await handle.stat()).uid, stat.gid).catch(unless('EPERM', 'EINVAL', 'ENOSYS'));
    });
    await handle.chmod(stat.mode & 0o7777).catch(unless('EPERM', 'ENOTSUP'));
    await handle.utimes(stat.atimeMs / 1000, stat.mtimeMs / 1000);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Lets errors of these codes pass. */
function unless(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
  };
}

/** Removes a file if it is there. */
export async function remove(file: string): Promise<void> {
  await retryWhileLocked(() => rm(file, { force: true }));
}
