import { lstat, open, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../../src-shared/plan/container.ts';
import { formatBytes } from '../../../src-shared/text/format.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { exists, linkOrMoveExclusive, remove } from '../../fs/safe-fs.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import { vaultPlace } from '../vault/vault-folder.ts';

/** Created and removed at once; a fixed name, so that the next trial removes the leftover of a crash. */
const TRIAL = '.flotilla-trial.part';
/** Another one, where the vault is. */
const VAULT_TRIAL = '.flotilla-vault-trial.part';
/** Mode bit: only owners may rename or remove files in the folder (S_ISVTX of POSIX). */
const STICKY = 0o1000;
/** Mode bit that Windows' read-only attribute clears: such a file can't be removed, nor replaced by renaming. */
const WRITABLE = 0o200;
/** Longest name that ext4, XFS and APFS allow, in bytes, and NTFS and exFAT, in UTF-16 units. */
const MAX_NAME_LENGTH = 255;

/** Where the result of `source` goes: the same name, with the extension of its container. */
export function targetOf(source: string, container: Container): string {
  const extension = path.extname(source);
  if (container !== 'mkv' || extension.toLowerCase() === '.mkv') return source;
  return `${source.slice(0, source.length - extension.length)}.mkv`;
}

/**
 * Checks for anything that would make the replacement of `source` fail, before hours are spent on an encode.
 * @param root of its library
 * @throws Fault `conflict` with the reason
 */
export async function requireReplaceable(source: string, container: Container, root: string): Promise<void> {
  const target = targetOf(source, container);
  if (target !== source) await requireName(target);
  const folder = path.dirname(source);
  try {
    await tryToWrite(path.join(folder, TRIAL));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new Fault(
      'conflict',
      `Flotilla isn't allowed to write in ${folder}, so it can't replace the video there. Give its user write permission.`,
    );
  }
  await requireMovable(source);
  await requireVault(source, root);
}

/** @throws Fault `conflict` where the system prevents renaming and removing a file, regardless of the rights of its folder */
async function requireMovable(source: string): Promise<void> {
  const name = path.basename(source);
  const [file, folder] = [await lstat(source), await lstat(path.dirname(source))];
  if (process.platform === 'win32') {
    if (file.mode & WRITABLE) return;
    throw new Fault(
      'conflict',
      `${name} is read-only, so Windows doesn't allow replacing it; clear Read-only in its properties.`,
    );
  }
  const user = process.geteuid?.() ?? 0;
  if (folder.mode & STICKY && user !== 0 && user !== file.uid && user !== folder.uid) {
    throw new Fault('conflict', `Only the owner of ${name} may replace it in its folder (chmod -t would change that).`);
  }
  try {
    await (await open(source, 'r+')).close();
  } catch (error) {
    // Missing rights of the file itself are another code, and no hindrance.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return;
    throw new Fault(
      'conflict',
      `${name} is protected against changes; unlock it (chattr -i, or chflags nouchg on macOS).`,
    );
  }
}

/** @throws Fault `conflict` where the original would have to be copied into the vault and there is no room */
async function requireVault(source: string, root: string): Promise<void> {
  const place = await vaultPlace(root, source);
  if (place === undefined || place === path.dirname(source)) return;
  const [here, there] = [path.join(path.dirname(source), TRIAL), path.join(place, VAULT_TRIAL)];
  await remove(there);
  await (await open(here, 'w')).close();
  try {
    if ((await linkOrMoveExclusive(here, there)) !== 'copied') return;
  } finally {
    for (const file of [here, there]) await remove(file);
  }
  const { size } = await lstat(source);
  const { bavail, bsize } = await statfs(place);
  if (bavail * bsize > size) return;
  const sizes = `${formatBytes(size)}, but only ${formatBytes(bavail * bsize)} are free`;
  throw new Fault('conflict', `The original has to be copied into the vault in ${place} (${sizes}); free some space.`);
}

/** @throws Fault `conflict` where the system does not allow the name of `target`, or it is taken */
async function requireName(target: string): Promise<void> {
  const name = path.basename(target);
  const [length, units] =
    process.platform === 'win32' ? [name.length, 'characters'] : [Buffer.byteLength(name), 'bytes'];
  if (length > MAX_NAME_LENGTH) {
    const reason = `The name would be longer than ${MAX_NAME_LENGTH} ${units} with ${path.extname(target)}; shorten it.`;
    throw new Fault('conflict', reason);
  }
  if (await exists(target)) {
    throw new Fault('conflict', `${name} already exists next to it; rename or remove one of the two.`);
  }
}

/** Proves that a file can be made in its folder. */
async function tryToWrite(file: string): Promise<void> {
  await remove(file);
  await (await open(file, 'wx')).close();
  faultPoint('trial');
  await remove(file);
}
