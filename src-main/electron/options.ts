import path from 'node:path';
import { app } from 'electron';
import { defaultDataDir } from '../config.ts';

/**
 * The data folder: the same as the headless program's, because one computer must not keep two records of the same films. With
 * `--data=DIR` another one, which then holds all that this install knows, also of its window.
 */
export function takeDataDir(): string {
  const named = app.commandLine.getSwitchValue('data');
  if (!named) return defaultDataDir();
  const folder = path.resolve(named);
  app.setPath('userData', path.join(folder, 'window'));
  return folder;
}
