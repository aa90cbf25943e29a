import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes in progress, by file: two for the same file would interfere with each other. */
const writing = new Map<string, Promise<void>>();

/** Folders that cannot be synced: Windows opens none, some network file systems refuse. */
const NO_FOLDER_SYNC: ReadonlySet<unknown> = new Set(['EPERM', 'EISDIR', 'EINVAL', 'EACCES', 'ENOTSUP']);

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
    if (!NO_FOLDER_SYNC.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

/**
 * Puts a text in the place of a small file, all of it or nothing, also where the power fails.
 * @param mode who may read and write it, as for chmod
 */
export function writeFileAtomic(file: string, text: string, mode = 0o666): Promise<void> {
  const before = writing.get(file)?.catch(() => undefined);
  const done = Promise.resolve(before)
    .then(() => write(file, text, mode))
    .finally(() => {
      if (writing.get(file) === done) writing.delete(file);
    });
  writing.set(file, done);
  return done;
}

async function write(file: string, text: string, mode: number): Promise<void> {
  const part = `${file}.part`;
  // One that a crash left would keep its own mode.
  await rm(part, { force: true });
  await writeFile(part, text, { mode, flush: true });
  await rename(part, file);
  await syncFolder(path.dirname(file));
}

/**
 * Reads a text that is created once and never changes.
 * @param form pattern of valid content: if the file holds anything else, as after a power cut, it's created again
 */
export async function readOrCreate(file: string, form: RegExp, make: () => string, mode?: number): Promise<string> {
  const kept = existsSync(file) ? (await readFile(file, 'utf8')).trim() : '';
  if (form.test(kept)) return kept;
  const made = make();
  await writeFileAtomic(file, made, mode);
  return made;
}
