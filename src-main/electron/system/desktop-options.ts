import path from 'node:path';
import { parseArgs } from 'node:util';
import { app, dialog } from 'electron';
import { defaultDataDir } from '../../platform/data-paths.ts';

/**
 * The data folder: the same as the headless program's, because one computer must not keep two records of the same videos. With
 * `--data DIR` another one, which then holds all that this install knows, also of its window.
 */
export function claimDataDir(): string {
  const folder = namedFolder();
  if (folder === undefined) return defaultDataDir();
  app.setPath('userData', path.join(folder, 'window'));
  return folder;
}

/** What another start needs to use the same data folder. */
export function dataArgs(): string[] {
  const folder = namedFolder();
  return folder === undefined ? [] : [`--data=${folder}`];
}

/** The value of `--data`, after `=` or as the next argument. Exits if it's missing: another folder isn't what was meant. */
function namedFolder(): string | undefined {
  // Not strict: the other words are Chromium's.
  const { data } = parseArgs({
    args: process.argv.slice(1),
    options: { data: { type: 'string' } },
    strict: false,
  }).values;
  if (data === undefined) return undefined;
  if (typeof data === 'string' && data !== '' && !data.startsWith('-')) return path.resolve(data);
  dialog.showErrorBox('Flotilla cannot start', '--data needs a folder; write --data=DIR.');
  return process.exit(2);
}
