import { access, constants, lstat, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../../../src-shared/util/errors.ts';
import { Identity } from '../../db/tables/swaps.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';
import { exists, remove, removeUnproven } from '../../fs/safe-fs.ts';
import { hasNoLinks, isBelow } from '../files/library-paths.ts';
import { removeProven } from '../files/set-aside.ts';

/** Flotilla's own folder in a library; hidden, so that scans and most media servers pass it by. */
export const OWN_FOLDER = '.flotilla';

/** What media servers look for to leave a folder alone: Jellyfin and Emby, Android and Kodi, Plex. */
const KEEP_OUT: Record<string, string> = { '.ignore': '', '.nomedia': '', '.plexignore': '*\n' };

/** A vault describes itself: each original has one of these beside it, so that it can be restored without the database. */
export const Manifest = z.object({
  flotilla: z.literal(1),
  id: z.uuid(),
  /** Relative to the folder that holds `.flotilla`. */
  original: z.string(),
  result: z.string(),
  identity: Identity,
  resultIdentity: Identity,
  replaced: z.number(),
  /** Days to keep it; null means permanently. */
  keepDays: z.number().nullable(),
  /** The install that replaced it. */
  install: z.string(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Two paths of the longest that systems allow, escaped, are far less. */
const MAX_MANIFEST_BYTES = 100_000;

/** Errors of a folder that may not be written to. */
const FORBIDDEN: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Folders of a library on a file's own file system, from the highest one down to its own. */
async function candidates(root: string, file: string): Promise<string[]> {
  const folder = path.dirname(file);
  const { dev } = await lstat(folder);
  const steps = path.relative(root, folder).split(path.sep).filter(Boolean);
  const folders = [root, ...steps.map((_, i) => path.join(root, ...steps.slice(0, i + 1)))];
  const found = [];
  for (const candidate of folders) if ((await lstat(candidate)).dev === dev) found.push(candidate);
  return found;
}

/** The folder that the vault for a file would be made in; undefined where none may be written to. */
export async function vaultPlace(root: string, file: string): Promise<string | undefined> {
  for (const candidate of await candidates(root, file)) {
    const isWritable = await access(candidate, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (isWritable) return candidate;
  }
  return undefined;
}

/**
 * The vault for a file, made if need be: in the highest folder of the library on the file's own file system, so that
 * originals get there by a link, never by a copy.
 * @throws Fault `conflict` when no folder from the root to the file can be written to, or the vault would be elsewhere
 */
export async function vaultFor(root: string, file: string): Promise<string> {
  for (const candidate of await candidates(root, file)) {
    const vault = path.join(candidate, OWN_FOLDER, 'vault');
    if (!(await hasNoLinks(candidate, vault))) {
      const own = path.join(candidate, OWN_FOLDER);
      throw new Fault('conflict', `${own} is or holds a link or a file where a folder should be; remove that.`);
    }
    try {
      await mkdir(vault, { recursive: true });
      await access(vault, constants.W_OK);
      for (const [name, content] of Object.entries(KEEP_OUT)) {
        const keepOut = path.join(candidate, OWN_FOLDER, name);
        // Not written again, and never through a link that came with a video.
        await writeFile(keepOut, content, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        });
      }
      return vault;
    } catch (error) {
      if (!FORBIDDEN.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }
  throw new Fault(
    'conflict',
    `Flotilla isn't allowed to write in ${path.dirname(file)}, so it can't replace the video there. Give its user write permission.`,
  );
}

const manifestPath = (kept: string) => kept.replace(/\.original$/, '.json');

/** Path of the original `id` in a vault: no media file by its name. */
export function keptPath(vault: string, id: string): string {
  return path.join(vault, `${id}.original`);
}

/** Path where the result of the replacement `id` is staged: beside the original, no media file by its name. */
export function stagedPath(source: string, id: string): string {
  return path.join(path.dirname(source), `.flotilla-${id}.part`);
}

/** Writes the manifest of the original at `kept`, durably. `original` and `result` are absolute. */
export async function writeManifest(kept: string, manifest: Omit<Manifest, 'flotilla' | 'id'>): Promise<void> {
  const base = path.resolve(kept, '../../..');
  const content: Manifest = {
    flotilla: 1,
    id: path.basename(kept, '.original'),
    ...manifest,
    original: path.relative(base, manifest.original),
    result: path.relative(base, manifest.result),
  };
  await writeFileAtomic(manifestPath(kept), `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * Reads a manifest; returns `original` and `result` as absolute paths. Undefined if Flotilla can't have written it:
 * vaults also arrive with downloads and other people's disks, and their paths must not lead outside the folder that holds them.
 */
export async function readManifest(file: string): Promise<Manifest | undefined> {
  const base = path.resolve(file, '../../..');
  try {
    const stat = await lstat(file);
    if (!stat.isFile() || stat.size > MAX_MANIFEST_BYTES) return undefined;
    const manifest = Manifest.parse(JSON.parse(await readFile(file, 'utf8')));
    if (path.basename(file) !== `${manifest.id}.json`) return undefined;
    const [original, result] = [path.resolve(base, manifest.original), path.resolve(base, manifest.result)];
    for (const place of [file, original, result]) {
      if (!isBelow(place, base) || !(await hasNoLinks(base, path.dirname(place)))) return undefined;
      // Throws where the system takes no such name.
      await exists(place);
    }
    return { ...manifest, original, result };
  } catch {
    return undefined;
  }
}

/** Removes a vault that holds nothing any more, so that a library without originals is as it was before Flotilla. */
export async function removeEmptyVault(kept: string): Promise<void> {
  const vault = path.dirname(kept);
  const own = path.dirname(vault);
  try {
    await rmdir(vault);
    for (const name of Object.keys(KEEP_OUT)) await remove(path.join(own, name));
    await rmdir(own);
  } catch {
    // It holds other originals, or something that is not ours.
  }
}

/**
 * Permanently removes an original from the vault, with its manifest.
 * @param mayGo decides while the file is held under another name, so that it can't be restored or removed at the same time
 * @returns false when it stays
 */
export async function removeKept(kept: string, mayGo: Parameters<typeof removeProven>[2]): Promise<boolean> {
  await removeProven(kept, path.basename(kept, '.original'), mayGo);
  if (await exists(kept)) return false;
  await remove(manifestPath(kept));
  await remove(`${manifestPath(kept)}.part`);
  await removeUnproven(kept);
  await removeEmptyVault(kept);
  return true;
}
