/** What the check of a result finds in a video that is too long to be looked at frame by frame, and listened to second by second. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { FFMPEGS, turnsOf } from './support/ffmpegs.ts';
import { type Check, makeCheck } from './support/proof.ts';
import { tempFolder } from './support/temp.ts';

/** More frames than are looked at one by one, and more than the last minute. */
const [SECONDS, RATE] = [80, 8];
const FRAMES = SECONDS * RATE;

let folder = '';
const file = (name: string) => path.join(folder, name);
const ffmpeg = (...args: string[]) => execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { cwd: folder });

/** Two who speak in turns, as far as loudness goes: bursts and pauses of any length. */
const SPEECH = [3, 4].map(
  (n) =>
    `(0.3*(random(${n})-0.5)+0.1*sin(${900 * n}*t))*(0.1+gt(sin(${2.7 / n}*t)+sin(${3.1 * n}*t+1)+sin(${n + 0.4}*t)\\,0.2))`,
);

beforeAll(() => {
  folder = tempFolder();
  ffmpeg(
    // Seen through a small window of a large picture, the test picture moves all over.
    ...[
      '-f',
      'lavfi',
      '-i',
      `testsrc2=s=128x128:r=${RATE}:d=${SECONDS},crop=64:64:32+24*sin(t/3):32+24*cos(t/2),gblur=1`,
    ],
    ...['-f', 'lavfi', '-i', `aevalsrc=${SPEECH.join('|')}:c=stereo:s=48000:d=${SECONDS}`],
    ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '8'],
    ...['-g', '60', '-keyint_min', '60', '-sc_threshold', '0'],
    ...['-c:a', 'flac', 'source.mkv'],
  );
});

/** A result whose pictures and sound went through these filters. */
function make(name: string, { pictures = 'null', sound = 'anull' }): string {
  const result = `result ${name}.mkv`;
  if (existsSync(file(result))) return file(result);
  const times = `trim=end_frame=${FRAMES},settb=1/1000,setpts=round(N*1000/${RATE})`;
  const made = pictures === 'null' ? 'right.obu' : `${name}.obu`;
  if (!existsSync(file(made))) {
    const video = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '30', '-g', '120', '-pix_fmt', 'yuv420p10le'];
    ffmpeg('-i', 'source.mkv', '-an', '-vf', `${pictures},${times}`, '-fps_mode', 'passthrough', ...video, made);
  }
  const inputs = ['-f', 'obu', '-framerate', String(RATE), '-i', made, '-i', 'source.mkv'];
  const maps = ['-map', '0:v', '-map', '1:a', '-c:v', 'copy'];
  ffmpeg(...inputs, ...maps, '-filter:a', sound, '-c:a', 'libopus', '-b:a', '64k', result);
  return file(result);
}

const NOISE = 'noise=alls=90:allf=t';
/** Not where a key frame of the source, or what follows it, is looked at. */
const BETWEEN = 'between(mod(n,60),26,58)';
/** Parts of sound, one after the other. */
const joined = (...parts: string[]) =>
  [
    `asplit=${parts.length}${parts.map((_, i) => `[a${i}]`).join('')}`,
    ...parts.map((part, i) => `[a${i}]atrim=${part},asetpts=PTS-STARTPTS[b${i}]`),
    `${parts.map((_, i) => `[b${i}]`).join('')}concat=n=${parts.length}:v=0:a=1`,
  ].join(';');

const SPOILED: [name: string, change: Parameters<typeof make>[1], reason: RegExp][] = [
  [
    'noisy between key frames of the last minute',
    { pictures: `${NOISE}:enable='gte(t,20)*${BETWEEN}'` },
    /picture .* at [2-7]\d/,
  ],
  ['noisy in the last two seconds', { pictures: `${NOISE}:enable='gte(t,78)'` }, /another picture .* at 7[89]/],
  [
    'still for sixteen seconds',
    { pictures: `loop=loop=128:size=1:start=320,select='lte(n,448)+gt(n,576)'` },
    /freezes from [45]|another picture .* at [45]/,
  ],
  ['of another place for twenty seconds', { pictures: `hflip=enable='between(t,25,45)'` }, /another picture/],
  ['with swapped sides', { sound: 'pan=stereo|c0=c1|c1=c0' }, /channel \d of .* (holds other sound|softer|louder)/],
  [
    'with silence on one side for six seconds',
    { sound: 'aeval=val(0)|val(1)*not(between(t\\,51\\,57)):c=same' },
    /channel 2 of .* is (silent|\d+ dB softer) at 5/,
  ],
  [
    'with sound of another moment for half a minute',
    { sound: joined('end=15', 'start=45:end=75', 'start=45') },
    /holds other sound at [1-3]|(softer|louder) at [1-3]/,
  ],
];

describe.each(FFMPEGS)('the check of a long video with $name', (tested) => {
  let check: Check;
  beforeAll(async () => {
    check = await makeCheck(tested.tools);
  });

  it('lets a right result pass', async () => {
    const { ssim } = await check.verify(file('source.mkv'), make('right', {}), [FRAMES]);
    expect(ssim).toBeGreaterThan(0.9);
  });

  it.runIf(tested.installed)('lets a right result of a source with very many key frames pass', async () => {
    if (!existsSync(file('keys.mkv'))) {
      const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '4', '-g', '3', '-c:a', 'copy'];
      ffmpeg('-i', 'source.mkv', ...video, 'keys.mkv');
    }
    const { ssim } = await check.verify(file('keys.mkv'), make('right', {}), [FRAMES]);
    expect(ssim).toBeGreaterThan(0.9);
  });

  it.each(turnsOf(tested, SPOILED))('refuses one %s', async (name, change, reason) => {
    expect(await check.refusal(file('source.mkv'), make(name, change), [FRAMES])).toMatch(reason);
  });
});
