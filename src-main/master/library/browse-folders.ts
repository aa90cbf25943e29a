import { constants, type Dirent } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LibraryView } from '../../../src-shared/contract/index.ts';
import type { FolderView } from '../../../src-shared/contract/stats-view.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { mountPoints } from '../../fs/mounts.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import { userName } from '../../platform/computer.ts';
import { isLeftAlone, isMediaName } from '../files/media-names.ts';

/** Names that are looked at in each folder and below it when videos are counted: enough to choose by, and soon done. */
const MAX_NAMES = 2000;
/** Folders of one folder that are shown. */
const MAX_FOLDERS = 1000;

/** Where people keep videos, on any system; those that exist are shown to begin with. */
const VIDEOS = ['Videos', 'Movies'].map((name) => path.join(os.homedir(), name));
const PLACES = [...VIDEOS, os.homedir(), '/media', '/mnt', '/srv', '/data', '/Volumes', '/volume1'];
/** Mounted below these is the system itself, not a disk or a share with videos. */
const SYSTEM =
  /^\/(?:$|(?:bin|boot|dev|etc|lib\w*|private|proc|root|run(?!\/media\/)|sbin|snap|sys|System|tmp|usr|var)(?:\/|$))/;
const DRIVES = Array.from({ length: 26 }, (_, i) => `${String.fromCharCode(65 + i)}:\\`);

const WHY: Record<string, string> = {
  ENOENT: "it doesn't exist",
  ENOTDIR: 'not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/**
 * Lists the subfolders of a folder on this computer.
 * @param place absolute path; undefined for the suggested starting points
 * @throws Fault `usage` when it can't be read, `node` when it doesn't respond
 */
export async function browseFolder(place: string | undefined, libraries: LibraryView[]): Promise<FolderView> {
  if (place === undefined) {
    // Disks and shares that are mounted come before the folders in which they may be.
    const disks = (await mountPoints()).filter((folder) => !SYSTEM.test(folder));
    const places = [
      ...new Set(process.platform === 'win32' ? [...VIDEOS, os.homedir(), ...DRIVES] : [...disks, ...PLACES, '/']),
    ];
    const found = await Promise.all(places.map(isThere));
    const folders = await Promise.all(places.filter((_, i) => found[i]).map((folder) => summarize(folder, folder)));
    // Users look for folders with videos, not for the root of the file system.
    const rank = (folder: Summary) => (folder.path === '/' ? 2 : folder.films > 0 ? 0 : 1);
    folders.sort((a, b) => rank(a) - rank(b));
    return { path: null, parent: null, films: 0, folders, library: null, problem: null };
  }
  const { folder, entries } = await callWithTimeout(place, () => open(place));
  const shown = entries.folders.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).slice(0, MAX_FOLDERS);
  const holder = libraries.findLast(({ root }) => folder === root || folder.startsWith(root + path.sep));
  const parent = path.dirname(folder);
  return {
    path: folder,
    parent: parent === folder ? null : parent,
    films: entries.films,
    folders: await Promise.all(shown.map((name) => summarize(name, path.join(folder, name)))),
    library: holder?.id ?? null,
    problem: await whyNoLibrary(folder),
  };
}

async function whyNoLibrary(folder: string): Promise<string | null> {
  if (folder === '/') return 'This is the whole computer; choose a folder in it.';
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const user = userName();
  return writable ? null : `Flotilla couldn't replace videos in ${folder}: ${user} isn't allowed to write there.`;
}

/** False also for one that does not answer. */
function isThere(folder: string): Promise<boolean> {
  return callWithTimeout(folder, () => stat(folder)).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function open(place: string): Promise<{ folder: string; entries: Awaited<ReturnType<typeof list>> }> {
  try {
    if (!path.isAbsolute(place)) throw Object.assign(new Error(), { code: 'ENOENT' });
    const folder = await realpath(place);
    return { folder, entries: await list(folder, await readdir(folder, { withFileTypes: true })) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Fault('usage', `Couldn't open ${place}: ${WHY[code] ?? code}.`);
  }
}

/** Names of the folders and the number of videos among a folder's entries; links count as their targets. */
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

type Summary = FolderView['folders'][number];

/** Counts the videos in a folder and below it, without following links, as long as that is quick; none where it does not answer. */
function summarize(name: string, folder: string): Promise<Summary> {
  const unknown = { name, path: folder, films: 0, more: true };
  // Not the folder itself: what does not answer may lie deep in it.
  return callWithTimeout(`${folder} and all below it`, () => countVideos(name, folder)).catch(() => unknown);
}

async function countVideos(name: string, folder: string): Promise<Summary> {
  const waiting = [folder];
  let [films, names] = [0, 0];
  for (let next = waiting.shift(); next !== undefined && names < MAX_NAMES; next = waiting.shift()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.slice(0, MAX_NAMES)) {
      names += 1;
      if (isLeftAlone(entry.name)) continue;
      if (entry.isDirectory()) waiting.push(path.join(next, entry.name));
      else if (isMediaName(entry.name)) films += 1;
    }
  }
  return { name, path: folder, films, more: names >= MAX_NAMES };
}
