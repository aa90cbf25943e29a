import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeWhole } from './write-whole.ts';

/**
 * Notes where a node has its temporary files from now on. What is left where it had them before TEMP_DIR was changed is
 * removed: the folder of the same name, and those with these endings beside it.
 */
export async function moveFolder(note: string, folder: string, endings: string[]): Promise<void> {
  const before = await readFile(note, 'utf8').catch(() => folder);
  // Whatever else the note may say is nothing of ours.
  if (before !== folder && path.basename(before) === path.basename(folder)) {
    for (const ending of ['', ...endings]) await rm(`${before}${ending}`, { recursive: true, force: true });
  }
  await writeWhole(note, folder);
}
