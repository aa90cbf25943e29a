import { constants, type Dirent, existsSync } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LibraryView } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import type { FolderView } from '../../src-shared/insights.ts';
import { userName } from '../computer.ts';
import { isLeftAlone, isMediaName } from './media-names.ts';

/** Names that are looked at in each folder and below it when films are counted: enough to choose by, and soon done. */
const MOST_NAMES = 2000;
/** Folders of one folder that are shown. */
const MOST_FOLDERS = 1000;

/** Where people keep films, on any system; those that exist are shown to begin with. */
const PLACES = [os.homedir(), '/media', '/mnt', '/srv', '/data', '/Volumes', '/volume1', '/'];
const DRIVES = Array.from({ length: 26 }, (_, i) => `${String.fromCharCode(65 + i)}:\\`);

const WHY: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no folder',
  EACCES: 'Flotilla may not look into it',
  EPERM: 'Flotilla may not look into it',
};

/**
 * Looks into a folder of this computer.
 * @param place absolute; undefined for the places to begin at
 * @throws Fault `usage` when it cannot be read
 */
export async function lookIntoFolder(place: string | undefined, libraries: LibraryView[]): Promise<FolderView> {
  if (place === undefined) {
    const places = [...new Set(process.platform === 'win32' ? [os.homedir(), ...DRIVES] : PLACES)].filter(existsSync);
    const folders = await Promise.all(places.map((folder) => summarize(folder, folder)));
    return { path: null, parent: null, films: 0, folders, library: null, problem: null };
  }
  const folder = await open(place);
  const entries = await list(folder.path, folder.entries);
  const shown = entries.folders.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).slice(0, MOST_FOLDERS);
  const holder = libraries.findLast(({ root }) => folder.path === root || folder.path.startsWith(root + path.sep));
  const parent = path.dirname(folder.path);
  return {
    path: folder.path,
    parent: parent === folder.path ? null : parent,
    films: entries.films,
    folders: await Promise.all(shown.map((name) => summarize(name, path.join(folder.path, name)))),
    library: holder?.id ?? null,
    problem: await whyNoLibrary(folder.path),
  };
}

async function whyNoLibrary(folder: string): Promise<string | null> {
  if (folder === '/') return 'This is the whole computer; choose a folder in it.';
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const user = userName();
  return writable ? null : `Nothing could be replaced in ${folder}: ${user} may not write there.`;
}

async function open(place: string): Promise<{ path: string; entries: Dirent[] }> {
  try {
    if (!path.isAbsolute(place)) throw Object.assign(new Error(), { code: 'ENOENT' });
    const real = await realpath(place);
    return { path: real, entries: await readdir(real, { withFileTypes: true }) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Fault('usage', `${place} cannot be opened: ${WHY[code] ?? code}.`);
  }
}

/** Names of the folders and the number of films among a folder's entries; links count as what they lead to. */
async function list(folder: string, entries: Dirent[]): Promise<{ folders: string[]; films: number }> {
  const folders: string[] = [];
  let films = 0;
  for (const entry of entries) {
    if (isLeftAlone(entry.name)) continue;
    const target = entry.isSymbolicLink() ? await stat(path.join(folder, entry.name)).catch(() => undefined) : entry;
    if (target?.isDirectory()) folders.push(entry.name);
    else if (target?.isFile() && isMediaName(entry.name)) films += 1;
  }
  return { folders, films };
}

/** Counts the films in a folder and below it, without following links, as long as that is quick. */
async function summarize(name: string, folder: string): Promise<FolderView['folders'][number]> {
  const waiting = [folder];
  let [films, names] = [0, 0];
  for (let next = waiting.shift(); next !== undefined && names < MOST_NAMES; next = waiting.shift()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.slice(0, MOST_NAMES)) {
      names += 1;
      if (isLeftAlone(entry.name)) continue;
      if (entry.isDirectory()) waiting.push(path.join(next, entry.name));
      else if (isMediaName(entry.name)) films += 1;
    }
  }
  return { name, path: folder, films, more: names >= MOST_NAMES };
}
