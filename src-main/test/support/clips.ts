/** Test media: clips made with ffmpeg, and copies of files that are there already. */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { inject } from 'vitest';

/** Test media beside the repository, which not everybody has. */
export const SHARED = path.resolve(import.meta.dirname, '../../../../shared');

interface Clip {
  seconds?: number;
  size?: string;
  /** Has a tone beside the pictures; by default only if an option is about sound, which takes a third of the time. */
  sound?: boolean;
  /** Time of its last change; by default an hour ago. */
  modified?: Date;
  /** Additional output options of ffmpeg. */
  options?: string[];
}

/** Options that are about sound. */
const OF_SOUND = /^-(c|b|filter|disposition|metadata:s):a|^-vn$|^-ac$/;

/** Has H.264 refer across its key frames, of which there is one a second. */
export const OPEN_GOP = [
  '-preset',
  'veryfast',
  '-x264-params',
  'keyint=24:min-keyint=24:scenecut=0:bframes=3:open-gop=1',
];

/** Makes a video with moving pictures, in the container that its name says; the same clip is encoded once a run. */
export function makeClip(file: string, clip: Clip = {}): string {
  const { seconds = 1, size = '96x64', modified = new Date(Date.now() - 3_600_000), options = [] } = clip;
  const sound = clip.sound ?? options.some((option) => OF_SOUND.test(option));
  // Blurred, because its sharp lines look interlaced.
  const pictures = `testsrc2=s=${size}:r=24:d=${seconds},gblur=2`;
  const args = ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', pictures];
  if (sound) args.push('-f', 'lavfi', '-i', `sine=d=${seconds}`);
  args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '4', '-pix_fmt', 'yuv420p');
  args.push(...(sound ? ['-c:a', 'aac', '-b:a', '128k'] : []), ...options);
  mkdirSync(path.dirname(file), { recursive: true });
  copyFileSync(encodeOnce(args, path.extname(file)), file);
  utimesSync(file, modified, modified);
  return file;
}

/** Returns the file that ffmpeg makes with these arguments, which it makes once a run. */
function encodeOnce(args: string[], extension: string): string {
  const name = createHash('sha256').update(args.join('\0')).digest('hex');
  const file = path.join(inject('clips'), name + extension);
  if (existsSync(file)) return file;
  // Other test files run at the same time and may need it too.
  const unfinished = path.join(inject('clips'), `${name}.${process.pid}${extension}`);
  execaSync('ffmpeg', [...args, `file:${unfinished}`]);
  renameSync(unfinished, file);
  return file;
}

/** Copies a folder of read-only test media, times kept, to where it may be changed. */
export function copyMedia(from: string, to: string, wanted: (name: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isFile() || !wanted(entry.name)) continue;
    const copy = path.join(to, entry.name);
    cpSync(path.join(from, entry.name), copy, { preserveTimestamps: true });
    chmodSync(copy, 0o644);
  }
}
