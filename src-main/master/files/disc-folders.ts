import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Folders of discs and camera cards, and of programs that keep videos in a database of their own, in small letters: other
 * files there name the videos by file and byte.
 */
const STRUCTURES: Record<string, string> = {
  video_ts: 'a DVD',
  audio_ts: 'a DVD',
  dvd_rtav: 'a DVD',
  hvdvd_ts: 'an HD DVD',
  bdmv: 'a Blu-ray disc',
  bdav: 'a Blu-ray disc',
  mpegav: 'a video CD',
  avchd: 'a camera card',
  m4root: 'a camera card',
  mp_root: 'a camera card',
  xdroot: 'a camera card',
  bpav: 'a camera card',
  sd_video: 'a camera card',
  'avid mediafiles': 'an Avid project',
  'omfi mediafiles': 'an Avid project',
};

/** Pairs of folders that only together identify a camera card (P2, XDCAM, Canon XF, and others); each name alone is too common. */
const PAIRS = [
  [/^contents$/, /^(video|audio|clip|clips\d+)$/],
  [/^private$/, /^(sony|pana_grp|panasonic|canon|jvc|xdcam)$/],
] as const;

/** Folders that macOS shows as one document: libraries of Photos, iMovie, Final Cut and the TV app, and their like. */
const PACKAGE =
  /\.(photoslibrary|migratedphotolibrary|aplibrary|imovielibrary|fcpbundle|fcpproject|tvlibrary|theater|photolibrary|band|lrlibrary)$/;

/** What beside a video of this kind shows that it is part of a disc or a card, by extensions. */
const BESIDE: Record<string, [names: RegExp, what: string]> = {
  '.vob': [/\.(ifo|bup)$/, 'a DVD'],
  '.m2ts': [/\.(mpls|mpl|clpi|cpi|bdmv|bdm)$/, 'a Blu-ray disc or camera card'],
  '.mts': [/\.(mpls|mpl|clpi|cpi|bdmv|bdm)$/, 'a Blu-ray disc or camera card'],
  '.m2t': [/\.(mpls|mpl|clpi|cpi|bdmv|bdm)$/, 'a Blu-ray disc or camera card'],
};

/** The part of a DVD's title that players put together: titles are cut at 1 GiB, in the middle of a picture. */
const TITLE_PART = /^vts_\d\d_\d\.vob$/;

/** Playlists of HTTP Live Streaming that are read, at most, in bytes: hours of segments are less. */
const MAX_PLAYLIST_BYTES = 4_000_000;

/** How long the names in a folder are remembered, in ms, and of how many: videos of one folder are looked at together. */
const REMEMBERED_MS = 5000;
const MAX_REMEMBERED = 50;

const remembered = new Map<string, { at: number; names: Promise<string[]> }>();

/** Names in a folder, in small letters. */
function namesIn(folder: string): Promise<string[]> {
  const now = performance.now();
  const known = remembered.get(folder);
  if (known && now - known.at < REMEMBERED_MS) return known.names;
  const names = readdir(folder).then((all) => all.map((name) => name.toLowerCase()));
  remembered.delete(folder);
  remembered.set(folder, { at: now, names });
  for (const oldest of remembered.keys()) if (remembered.size > MAX_REMEMBERED) remembered.delete(oldest);
  names.catch(() => remembered.delete(folder));
  return names;
}

/** Clears the cache of folder contents; called at the start of a scan. */
export function forgetNames(): void {
  remembered.clear();
}

/**
 * Finds what a video belongs to: a disc, a camera card, a recording, or a library whose other files refer to it by name, so that
 * converting it would break them.
 * @param file absolute path
 * @returns for example "part of a DVD"; undefined for a video on its own
 */
export async function partOf(file: string): Promise<string | undefined> {
  const parts = file.toLowerCase().split(/[\\/]/);
  const name = parts.pop() ?? '';
  for (const [i, part] of parts.entries()) {
    const structure = Object.hasOwn(STRUCTURES, part) ? STRUCTURES[part] : undefined;
    if (structure) return structure;
    if (PACKAGE.test(part)) return 'a library of another program';
    const next = parts[i + 1] ?? '';
    if (PAIRS.some(([first, second]) => first.test(part) && second.test(next))) return 'a camera card';
  }
  if (TITLE_PART.test(name)) return 'a DVD';
  return (await partOfSiblings(file, name)) ?? (await partOfParent(file, parts.at(-1) ?? ''));
}

async function partOfSiblings(file: string, name: string): Promise<string | undefined> {
  const folder = path.dirname(file);
  const [names, what] = BESIDE[path.extname(name)] ?? [];
  if (names && (await namesIn(folder)).some((other) => names.test(other))) return what;
  if (!/\.(ts|mp4|m4v)$/.test(name)) return undefined;
  const others = await namesIn(folder);
  // A recording of VDR: the index beside it tells the byte of each picture.
  if (folder.endsWith('.rec') && others.includes('index')) return 'a recording of VDR';
  const playlists = others.filter((other) => other.endsWith('.m3u8'));
  for (const playlist of playlists) if (await isSegment(folder, playlist, name)) return 'a stream in segments';
  return undefined;
}

/** True when a playlist cuts a stream into files of which this is one; a list of whole videos has no target duration. */
async function isSegment(folder: string, playlist: string, name: string): Promise<boolean> {
  const place = (await readdir(folder)).find((other) => other.toLowerCase() === playlist);
  if (!place) return false;
  const file = path.join(folder, place);
  if ((await stat(file)).size > MAX_PLAYLIST_BYTES) return false;
  const lines = (await readFile(file, 'utf8')).toLowerCase().split(/\r?\n/);
  return (
    lines.some((line) => line.startsWith('#ext-x-targetduration')) &&
    lines.some((line) => !line.startsWith('#') && decoded(path.posix.basename(line)) === name)
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A disc or card without its outermost folder: what stands beside the folder of the video tells. */
async function partOfParent(file: string, folder: string): Promise<string | undefined> {
  const above = path.dirname(path.dirname(file));
  const shows = async (names: RegExp) => (await namesIn(above).catch(() => [])).some((name) => names.test(name));
  if (folder === 'stream' && (await shows(/^(playlist|clipinf|index\.bdmv|movieobject\.bdmv|index\.bdm)$/)))
    return 'a Blu-ray disc';
  if (/^(clip|sub)$/.test(folder) && (await shows(/^(mediapro|index|discmeta|cueup)\.xml$/))) return 'a camera card';
  if (/^(mpeg2|segment)$/.test(folder) && (await shows(/^(svcd|vcd)$/))) return 'a video CD';
  return undefined;
}
