import path from 'node:path';
import { parseArgs } from 'node:util';
import { app, dialog } from 'electron';
import { defaultDataDir } from '../config.ts';

/**
 * The data folder: the same as the headless program's, because one computer must not keep two records of the same films. With
 * `--data DIR` another one, which then holds all that this install knows, also of its window.
 */
export function takeDataDir(): string {
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

/** What follows `--data`, behind `=` or as the next word. The program ends where nothing does: another folder is not what was meant. */
function namedFolder(): string | undefined {
  // Not strict: the other words are Chromium's.
  const { data } = parseArgs({
    args: process.argv.slice(1),
    options: { data: { type: 'string' } },
    strict: false,
  }).values;
  if (data === undefined) return undefined;
  if (typeof data === 'string' && data !== '' && !data.startsWith('-')) return path.resolve(data);
  dialog.showErrorBox('Flotilla cannot start', '--data names no folder; write --data=DIR.');
  return process.exit(2);
}
