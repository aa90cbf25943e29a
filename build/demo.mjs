// The demo library: what quickstart converts, and what is seen in the screenshots.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, say } from './setup.mjs';

export const DEMO_LIBRARY = path.join(os.tmpdir(), 'flotilla-demo');
// Beside the library, because what lies inside a library is scanned.
export const DEMO_DATA = `${DEMO_LIBRARY}-data`;

const SUBTITLE = `1
00:00:01,000 --> 00:00:04,000
The last ferry left an hour ago.

2
00:00:05,000 --> 00:00:07,500
Then we wait for the first.
`;

// Of x264; an encoder without presets passes over it.
const FAST = ['-preset', 'ultrafast'];
const TONE = 'sine=frequency=220:beep_factor=4,aformat=channel_layouts=stereo';
const SURF = 'anoisesrc=color=brown:amplitude=0.2,aformat=channel_layouts=5.1';

/**
 * Videos as old collections hold them: with far more bits than AV1 needs for the same picture.
 * MP4 and MKV name no video codec: ffmpeg takes H.264, or MPEG-4 where it was built without.
 */
export const CLIPS = [
  {
    name: 'Harbour at dawn (2019).mp4',
    inputs: ['testsrc2=size=1280x720:rate=25,noise=alls=6:allf=t', TONE],
    codecs: [...FAST, '-b:v', '12M', '-c:a', 'aac', '-b:a', '256k'],
  },
  {
    name: 'The long tide (1998).mpg',
    inputs: ['mandelbrot=size=720x576:rate=25,noise=alls=5:allf=t', TONE],
    codecs: ['-c:v', 'mpeg2video', '-b:v', '8M', '-c:a', 'mp2', '-b:a', '256k'],
  },
  {
    name: 'Night ferry (2021).mkv',
    inputs: ['life=size=320x180:rate=24:mold=10:life_color=#60c0d0,scale=1280:720:flags=neighbor', SURF],
    subtitle: SUBTITLE,
    codecs: [...FAST, '-b:v', '10M', '-c:a', 'ac3', '-b:a', '448k', '-c:s', 'srt', '-metadata:s:s', 'language=eng'],
  },
];

/** Makes one video of eight seconds. @returns whether that worked */
function makeClip(folder, { name, inputs, subtitle, codecs }) {
  const sources = inputs.flatMap((source) => ['-f', 'lavfi', '-i', source]);
  if (subtitle) sources.push('-f', 'srt', '-i', 'pipe:0');
  const args = ['-v', 'error', ...sources, ...codecs, '-pix_fmt', 'yuv420p', '-t', '8', path.join(folder, name)];
  return spawnSync('ffmpeg', args, { input: subtitle ?? '', stdio: ['pipe', 'inherit', 'inherit'] }).status === 0;
}

/** Makes the demo library, with an empty record, unless it is there; it appears as a whole or not at all. */
export function makeDemo() {
  if (existsSync(DEMO_LIBRARY)) return;
  say(`making ${CLIPS.length} short videos in ${DEMO_LIBRARY}.`);
  const unfinished = `${DEMO_LIBRARY}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  const failed = CLIPS.find((clip) => !makeClip(unfinished, clip));
  if (failed) fail(`ffmpeg could not make "${failed.name}". Try with your own videos: npm run quickstart -- DIR`);
  // The record of a demo library that was removed would find its videos gone, and wait for their disk.
  rmSync(DEMO_DATA, { recursive: true, force: true });
  renameSync(unfinished, DEMO_LIBRARY);
}
