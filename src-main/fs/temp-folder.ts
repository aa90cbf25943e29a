import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from './atomic-write.ts';

/**
 * Records the folder for temporary files from now on. After a change of TEMP_DIR, removes leftovers in the previous place: the
 * folder of the same name, and those with these endings beside it.
 */
export async function moveFolder(note: string, folder: string, endings: string[]): Promise<void> {
  const before = await readFile(note, 'utf8').catch(() => folder);
  // Other content of the note isn't ours.
  if (before !== folder && path.basename(before) === path.basename(folder)) {
    for (const ending of ['', ...endings]) await rm(`${before}${ending}`, { recursive: true, force: true });
  }
  await writeFileAtomic(note, folder);
}
