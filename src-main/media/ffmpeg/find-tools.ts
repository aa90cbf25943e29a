import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../../src-shared/util/errors.ts';
import { DEFAULT_TOOLS, type Tools } from './capabilities.ts';

/** The programs of this node, and why these. */
export interface FoundTools extends Tools {
  /** Where they are from, in words. */
  origin: string;
}

const programIn = (folder: string, name: string) =>
  path.join(folder, process.platform === 'win32' ? `${name}.exe` : name);

/** The installed app's own folder of programs, which need not be there; undefined where this is no installed app. */
export const bundledFolder = (resources = process.resourcesPath) => resources && path.join(resources, 'ffmpeg');

/**
 * Chooses ffmpeg and ffprobe: those that the setting names, else those that came with the app, else those in PATH.
 * @param chosen the setting `ffmpegPath`: the folder of both, or the ffmpeg beside which ffprobe lies
 * @param bundled the folder of those that came with the app
 * @throws Fault `node` when the chosen ones are not there: another one in their place would surprise
 */
export function findTools(chosen: string | null, bundled: string | undefined = bundledFolder()): FoundTools {
  if (chosen !== null) return chosenTools(chosen);
  if (bundled && existsSync(programIn(bundled, 'ffmpeg'))) {
    const tools = { ffmpeg: programIn(bundled, 'ffmpeg'), ffprobe: programIn(bundled, 'ffprobe') };
    return { ...tools, origin: `came with Flotilla, ${tools.ffmpeg}` };
  }
  const place = inPath(DEFAULT_TOOLS.ffmpeg);
  return { ...DEFAULT_TOOLS, origin: place ? `from PATH, ${place}` : 'from PATH' };
}

function chosenTools(chosen: string): FoundTools {
  const found = statSync(chosen, { throwIfNoEntry: false });
  const ffmpeg = found?.isDirectory() ? programIn(chosen, 'ffmpeg') : path.resolve(chosen);
  const tools = { ffmpeg, ffprobe: programIn(path.dirname(ffmpeg), 'ffprobe') };
  const missing = Object.values(tools).find((program) => !existsSync(program));
  if (!missing) return { ...tools, origin: `chosen by FFMPEG_PATH or --ffmpeg, ${ffmpeg}` };
  throw new Fault(
    'node',
    `FFMPEG_PATH or --ffmpeg is ${chosen}, but there is no ${missing}; name the folder where both ffmpeg and ffprobe are.`,
  );
}

/** The place of a program in PATH. */
export function inPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => programIn(folder, name)).find((place) => existsSync(place));
}
