/** The videos of a soak run, and an ffmpeg that encodes each kind of them once and copies afterwards. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ffmpegPath } from './processes.ts';

/** Kinds of videos that are converted; their sizes differ, by which the copier tells them apart. */
const KINDS = 6;
const FRAMES = 12;
const PER_FOLDER = 50;

/** Which of a hundred videos are left alone, and the code of the reason. */
const LEFT_ALONE: Record<number, string> = { 17: 'av1', 43: 'empty', 71: 'unreadable' };

/** One video of the library and what has to become of it. */
export interface SoakVideo {
  /** Relative to the library. */
  name: string;
  /** The code of the reason for which it is skipped; null where it is converted. */
  skipped: string | null;
}

/** Fills a library with `count` videos. */
export function makeLibrary(library: string, count: number): SoakVideo[] {
  const sources = path.join(path.dirname(library), 'sources');
  mkdirSync(sources, { recursive: true });
  const kinds = Array.from({ length: KINDS }, (_, n) => makeSource(path.join(sources, `${n}.mkv`), n));
  const av1 = path.join(sources, 'av1.mkv');
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=96x64:d=0.5', '-c:v', 'libsvtav1', '-preset', '12', av1);
  return Array.from({ length: count }, (_, n) => {
    const name = path.join(`Shelf ${Math.floor(n / PER_FOLDER)}`, `Video ${n}.mkv`);
    const file = path.join(library, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const skipped = LEFT_ALONE[n % 100] ?? null;
    copyFileSync(skipped === 'av1' ? av1 : (kinds[n % KINDS] as string), file);
    if (n % 100 === 43) truncateSync(file);
    if (n % 100 === 71) writeFileSync(file, 'not a video');
    return { name, skipped };
  });
}

function makeSource(file: string, n: number): string {
  const pictures = `testsrc2=s=96x64:r=24,gblur=2,hue=h=${n * 60}`;
  const more = n % 2 === 0 ? ['-f', 'lavfi', '-i', `sine=f=${220 + 40 * n}`, '-c:a', 'aac'] : [];
  const limits = ['-frames:v', String(FRAMES + n), '-t', String((FRAMES + n) / 24)];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '2', '-pix_fmt', 'yuv420p'];
  ffmpeg('-f', 'lavfi', '-i', pictures, ...more, ...codec, ...limits, file);
  return file;
}

function ffmpeg(...args: string[]): void {
  execFileSync(ffmpegPath, ['-nostdin', '-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * Makes a folder whose ffmpeg hands encodes of a source that it has met before to a copy of what the real one wrote and
 * said, after up to `slowSeconds` of waiting; everything else goes to the real one.
 */
export function makeCopier(folder: string, slowSeconds: number): string {
  const recorded = path.join(folder, 'recorded');
  mkdirSync(recorded, { recursive: true });
  const script = `#!/bin/bash
real='${ffmpegPath}'
encode=0; generated=0; input=; previous=
for a; do
  case $a in libsvtav1) encode=1;; lavfi) generated=1;; esac
  [ "$previous" = -i ] && [ -z "$input" ] && input=\${a#file:}
  previous=$a
done
output=\${previous#file:}
[ $encode = 1 ] && [ $generated = 0 ] && [ -f "$input" ] || exec "$real" "$@"
kind='${recorded}'/$(stat -Lc %s "$input")
if [ ! -e "$kind.done" ]; then
  "$real" "$@" > >(tee "$kind.$$.out") 2> >(tee "$kind.$$.err" >&2)
  code=$?
  if [ $code = 0 ]; then
    cp "$output" "$kind.$$.result" && for part in out err result; do mv "$kind.$$.$part" "$kind.$part"; done && : >"$kind.done"
  fi
  exit $code
fi
sleep $((RANDOM % (${slowSeconds} * 10 + 1)))e-1
cp "$kind.result" "$output" || { echo 'No space left on device' >&2; exit 1; }
cat "$kind.err" >&2
exec cat "$kind.out"
`;
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'ffmpeg'), script, { mode: 0o755 });
  return bin;
}
