import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../src-shared/container.ts';
import { Fault } from '../../src-shared/errors.ts';
import { faultPoint } from '../fault.ts';
import { exists, remove } from './durable.ts';

/** Made and removed at once; always the same name, so that the next trial clears away what a crash left. */
const TRIAL = '.flotilla-trial.part';
/** Longest name that ext4, XFS and APFS allow, in bytes, and NTFS and exFAT, in UTF-16 units. */
const LONGEST_NAME = 255;

/** Where the result of `source` goes: the same name, with the extension of its container. */
export function targetOf(source: string, container: Container): string {
  const extension = path.extname(source);
  if (container !== 'mkv' || extension.toLowerCase() === '.mkv') return source;
  return `${source.slice(0, source.length - extension.length)}.mkv`;
}

/**
 * Finds what would keep a replacement of `source` from succeeding, before hours are spent on an encode.
 * @throws Fault `conflict` with the reason
 */
export async function requireReplaceable(source: string, container: Container): Promise<void> {
  const target = targetOf(source, container);
  if (target !== source) await requireName(target);
  try {
    await tryToWrite(path.join(path.dirname(source), TRIAL));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new Fault(
      'conflict',
      `Flotilla may not write in ${path.dirname(source)}, so it cannot replace the film there; give its user the right to.`,
    );
  }
}

/** @throws Fault `conflict` where the system does not allow the name of `target`, or it is taken */
async function requireName(target: string): Promise<void> {
  const name = path.basename(target);
  const [length, units] =
    process.platform === 'win32' ? [name.length, 'characters'] : [Buffer.byteLength(name), 'bytes'];
  if (length > LONGEST_NAME) {
    const reason = `The name would be longer than ${LONGEST_NAME} ${units} with ${path.extname(target)}; shorten it.`;
    throw new Fault('conflict', reason);
  }
  if (await exists(target)) {
    throw new Fault('conflict', `${name} exists already beside it; rename or remove one of the two.`);
  }
}

/** Proves that a file can be made in its folder. */
async function tryToWrite(file: string): Promise<void> {
  await remove(file);
  await (await open(file, 'wx')).close();
  faultPoint('trial');
  await remove(file);
}
