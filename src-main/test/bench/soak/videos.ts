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
 * Makes a folder of programs that answer from a record whatever the real ones were asked before: an ffmpeg whose encodes are
 * copies, after up to `slowSeconds` of waiting, and an ffprobe. What is asked of generated pictures goes to the real ones.
 */
export function makeCopier(folder: string, slowSeconds: number): string {
  const [bin, recorded] = [path.join(folder, 'bin'), path.join(folder, 'recorded')];
  for (const made of [bin, recorded]) mkdirSync(made, { recursive: true });
  for (const program of ['ffmpeg', 'ffprobe']) {
    const real = path.join(path.dirname(ffmpegPath), program);
    writeFileSync(path.join(bin, program), scriptOf(real, recorded, slowSeconds), { mode: 0o755 });
  }
  return bin;
}

/** A video is known by its size, a question by its words without the names of files. */
const scriptOf = (real: string, recorded: string, slowSeconds: number) => `#!/bin/bash
real='${real}'
encode=0; generated=0; inputs=0; input=; output=; previous=; words=
for a; do
  case $a in
    libsvtav1) encode=1;;
    lavfi) generated=1;;
  esac
  if [ "$previous" = -i ]; then inputs=$((inputs + 1)); input=\${a#file:}
  elif [ "\${a#file:}" != "$a" ]; then output=\${a#file:}
  else words+=" $a"
  fi
  previous=$a
done
[ $generated = 0 ] && [ $inputs -le 1 ] && { [ -z "$input" ] || [ -f "$input" ]; } || exec "$real" "$@"
[ $encode = 1 ] || [ -z "$output" ] || exec "$real" "$@"
size=none; [ -z "$input" ] || size=$(stat -Lc %s "$input")
question=$(cksum <<<"$words"); kind='${recorded}'/$size-\${question%% *}-\${real##*/}
if [ ! -e "$kind.done" ]; then
  "$real" "$@" > >(tee "$kind.$$.out") 2> >(tee "$kind.$$.err" >&2)
  code=$?; wait
  if [ $code = 0 ]; then
    if [ $encode = 1 ]; then cp "$output" "$kind.$$.result" && mv "$kind.$$.result" "$kind.result" || exit 0; fi
    for part in out err; do mv "$kind.$$.$part" "$kind.$part"; done && : >"$kind.done"
  fi
  exit $code
fi
if [ $encode = 1 ]; then
  sleep $((RANDOM % (${slowSeconds} * 10 + 1)))e-1
  cp "$kind.result" "$output" || { echo 'No space left on device' >&2; exit 1; }
fi
cat "$kind.err" >&2
exec cat "$kind.out"
`;
