/** What the check of a result finds beyond the right pictures and sound: results that change or break in the middle, sources that cannot be read. */
import { copyFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TABLES } from '../../src-shared/media/quality.ts';
import { makePlan, type Plan } from '../../src-shared/plan/plan.ts';
import { Settings } from '../../src-shared/settings/settings.ts';
import { VerificationError } from '../media/verify/verify-request.ts';
import { FFMPEGS, shareOf } from './support/ffmpegs.ts';
import { type Check, makeCheck } from './support/proof.ts';
import { tempFolder } from './support/temp.ts';

const FRAMES = [48];

let folder = '';
const file = (name: string) => path.join(folder, name);
const ffmpeg = (...args: string[]) => execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { cwd: folder });

/** Pictures of the source from a frame up to another, as AV1 in a bare stream. */
function pictures(name: string, [from, to]: [number, number], options: string[] = []): void {
  const part = `trim=start_frame=${from}:end_frame=${to},setpts=PTS-STARTPTS`;
  const av1 = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '40', '-pix_fmt', 'yuv420p10le'];
  ffmpeg('-i', 'source.mkv', '-vf', part, '-an', ...av1, ...options, name);
}

/** Puts parts behind the first half of the pictures, under one header. */
function join(name: string, sound: string, ...parts: string[]): void {
  writeFileSync(file('whole.obu'), Buffer.concat(['first.obu', ...parts].map((part) => readFileSync(file(part)))));
  const inputs = ['-f', 'obu', '-framerate', '24', '-i', 'whole.obu', '-i', sound];
  ffmpeg(...inputs, '-map', '0:v', '-map', '1:a', '-c', 'copy', name);
}

/** Inverts the last packets of one kind in a copy of the right result. */
function damage(name: string, kind: 'v' | 'a', count: number): void {
  const asked = ['-select_streams', kind, '-show_entries', 'packet=pos,size', '-of', 'json'];
  const { stdout } = execaSync('ffprobe', ['-v', 'error', ...asked, file('right.mkv')]);
  const { packets } = JSON.parse(stdout) as { packets: { pos: string; size: string }[] };
  const bytes = readFileSync(file('right.mkv'));
  for (const { pos, size } of packets.slice(-count)) {
    // A few bytes of the container come first.
    for (let at = Number(pos) + 8; at < Number(pos) + Number(size); at++) bytes[at] = 255 - (bytes[at] ?? 0);
  }
  writeFileSync(file(name), bytes);
}

beforeAll(() => {
  folder = tempFolder();
  const sides = '0.3*sin(2765*t)*sin(3*t)|0.2*(random(0)-0.5)*(1+sin(5*t))';
  ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=s=160x96:r=24:d=2,gblur=2,format=yuv420p'],
    ...['-f', 'lavfi', '-i', `aevalsrc=${sides}:s=48000:d=2`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '4', '-c:a', 'flac', 'source.mkv'],
  );
  for (const [name, channels, from] of [
    ['stereo', 2, 0],
    ['first', 2, 0],
    ['mono', 1, 1],
  ] as const) {
    const part = name === 'first' ? ['-t', '1'] : [];
    ffmpeg(
      '-ss',
      String(from),
      ...part,
      '-i',
      'source.mkv',
      '-vn',
      '-ac',
      String(channels),
      '-c:a',
      'libopus',
      `${name}.mka`,
    );
  }
  writeFileSync(file('list.txt'), "file 'first.mka'\nfile 'mono.mka'\n");
  ffmpeg('-f', 'concat', '-i', 'list.txt', '-c', 'copy', 'changing.mka');
  pictures('first.obu', [0, 24]);
  pictures('second.obu', [24, 48]);
  pictures('small.obu', [24, 48], ['-s', '128x80']);
  pictures('shallow.obu', [24, 48], ['-pix_fmt', 'yuv420p']);
  pictures('full.obu', [24, 36], ['-color_range', 'pc']);
  pictures('last.obu', [36, 48]);
  join('right.mkv', 'stereo.mka', 'second.obu');
  ffmpeg('-i', 'source.mkv', '-i', 'stereo.mka', '-map', '0:v', '-map', '1:a', '-c', 'copy', 'kept.mkv');
  ffmpeg('-i', 'source.mkv', '-vn', '-c:a', 'flac', '-compression_level', '8', 'packed.mka');
  ffmpeg('-i', 'source.mkv', '-vn', '-af', 'volume=0.99', '-c:a', 'flac', 'soft.mka');
  ffmpeg('-i', 'stereo.mka', '-af', 'volume=0.5', '-c:a', 'libopus', 'softer.mka');
  join('packed in another way.mkv', 'packed.mka', 'second.obu');
  join('with soft sound.mkv', 'soft.mka', 'second.obu');
  join('with softer sound.mkv', 'softer.mka', 'second.obu');
  join('of another size.mkv', 'stereo.mka', 'small.obu');
  join('of another depth.mkv', 'stereo.mka', 'shallow.obu');
  join('of another range.mkv', 'stereo.mka', 'full.obu', 'last.obu');
  join('with one channel.mkv', 'changing.mka', 'second.obu');
  damage('broken pictures.mkv', 'v', 2);
  damage('broken sound.mkv', 'a', 25);
  const bytes = readFileSync(file('right.mkv'));
  writeFileSync(file('cut off.mkv'), bytes.subarray(0, bytes.length * 0.8));
});

/** Results that are refused, and from which ffmpeg on. */
const REFUSED: [what: string, name: string, reason: RegExp, since: number][] = [
  [
    'pictures whose size changes in the middle',
    'of another size.mkv',
    /changes in the middle, from w:160 h:96 .* to w:128 h:80/,
    5,
  ],
  [
    'pictures whose depth changes in the middle',
    'of another depth.mkv',
    /changes in the middle, from .*yuv420p10le.* to .*yuv420p\b/,
    5,
  ],
  [
    'pictures whose colors change in the middle',
    'of another range.mkv',
    /changes in the middle, from .* range:tv to .* range:pc/,
    7,
  ],
  [
    'sound whose channels change in the middle',
    'with one channel.mkv',
    /changes in the middle|channel \d of .* at \d/,
    5,
  ],
  ['pictures that are damaged near their end', 'broken pictures.mkv', /does not decode cleanly/, 5],
  ['sound that is damaged near its end', 'broken sound.mkv', /does not decode cleanly|channel \d of .* at \d/, 5],
  ['a result that is cut off', 'cut off.mkv', /frames|ends/, 5],
];

describe.each(FFMPEGS)('the check of whole results with $name', (tested) => {
  let check: Check;
  beforeAll(async () => {
    check = await makeCheck(tested.tools);
  });

  it('lets one pass that was put together from two like parts', async () => {
    const { ssim } = await check.verify(file('source.mkv'), file('right.mkv'), FRAMES);
    expect(ssim).toBeGreaterThan(0.9);
  });

  const refused = shareOf(tested, REFUSED).filter(([, , , since]) => tested.release >= since);
  it.each(refused)('refuses %s', async (_, name, reason) => {
    expect(await check.refusal(file('source.mkv'), file(name), FRAMES)).toMatch(reason);
  });
});

it('lets sound pass that is packed in another way, if each sample is the same', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const { verifier, request } = await makeCheck(tools);
  const verify = async (name: string) => {
    const asked = await request(file('source.mkv'), file(name), FRAMES);
    const plan = makePlan(asked.sourceProbe, Settings.parse({ skipAudioTranscode: true }), DEFAULT_TABLES) as Plan;
    return verifier.verify({ ...asked, plan });
  };
  expect((await verify('packed in another way.mkv')).ssim).toBeGreaterThan(0.9);
  await expect(verify('with soft sound.mkv')).rejects.toThrow(/has other bytes/);
});

it('counts the frames of a source itself where its packets do not tell', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const check = await makeCheck(tools);
  // Half of its frames are left out in the middle, where nothing else would look for them.
  ffmpeg('-i', 'source.mkv', '-map', '0:v', '-c', 'copy', 'many.mkv');
  const few = "select='not(between(n,13,34)*mod(n,2))'";
  const av1 = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '40', '-pix_fmt', 'yuv420p10le'];
  ffmpeg('-i', 'many.mkv', '-vf', few, '-fps_mode', 'passthrough', '-enc_time_base:v', '1/1000', ...av1, 'few.mkv');
  const { stdout } = execaSync('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'packet=pts',
    '-of',
    'csv',
    file('few.mkv'),
  ]);
  const frames = stdout.split('\n').length;
  expect(await check.refusal(file('many.mkv'), file('few.mkv'), [frames])).toBe(
    `The result has ${frames} frames, but the original shows 48.`,
  );
});

it('takes no worker at its word that much of a long video is broken', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const { verifier, request } = await makeCheck(tools);
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=8:d=400', '-c:v', 'mpeg4', '-q:v', '2', 'long.mkv');
  // Three seconds of it, where nothing else would look for them.
  const few = "select='not(between(n,1000,1047)*mod(n,2))'";
  const av1 = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '40', '-pix_fmt', 'yuv420p10le'];
  ffmpeg('-i', 'long.mkv', '-vf', few, '-fps_mode', 'passthrough', '-enc_time_base:v', '1/1000', ...av1, 'less.mkv');
  const asked = { ...(await request(file('long.mkv'), file('less.mkv'), [3176])), damaged: true };
  await expect(verifier.verify(asked)).rejects.toThrow('The result has 3176 frames, but the original shows 3200.');
  expect((await verifier.verify({ ...asked, salvaged: true })).ssim).toBeGreaterThan(0.5);
});

it('repeats a refusal with the seed that it names', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const { verifier, request } = await makeCheck(tools);
  const asked = await request(file('source.mkv'), file('with softer sound.mkv'), FRAMES);
  const refused = (seed?: number) =>
    verifier.verify({ ...asked, seed }).then(
      () => undefined,
      (error: unknown) => error as VerificationError,
    );
  const first = await refused();
  expect(first?.seed).toBeGreaterThanOrEqual(0);
  expect(await refused(first?.seed)).toEqual(first);
});

it.skipIf(process.platform !== 'linux')('says nothing of a result whose source cannot be read', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const { verifier, request } = await makeCheck(tools);
  copyFileSync(file('source.mkv'), file('unreadable.mkv'));
  const asked = await request(file('unreadable.mkv'), file('right.mkv'), FRAMES);
  rmSync(file('unreadable.mkv'));
  // Opens like a sound file, and every read of it fails as that of a bad sector.
  symlinkSync('/proc/self/mem', file('unreadable.mkv'));
  await expect(verifier.verify(asked)).rejects.toMatchObject({
    code: 'node',
    message: expect.stringContaining('unreadable.mkv'),
  });
  await expect(verifier.verify({ ...asked, damaged: true })).rejects.toMatchObject({ code: 'conflict' });
});

it('says nothing of a result where what it is compared with cannot be taken apart', async () => {
  const { tools } = FFMPEGS[0] as (typeof FFMPEGS)[number];
  const { verifier, request } = await makeCheck(tools);
  const asked = await request(file('kept.mkv'), file('right.mkv'), FRAMES);
  await verifier.verify(asked);
  // As memory or a cable at fault would read it; its packets are known from before.
  const bytes = readFileSync(file('kept.mkv'));
  bytes.subarray(bytes.length * 0.6, bytes.length * 0.7).fill(255);
  writeFileSync(file('kept.mkv'), bytes);
  await expect(verifier.verify(asked)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining("can't be read without errors on this computer"),
  });
  await expect(verifier.verify({ ...asked, damaged: true })).rejects.toBeInstanceOf(VerificationError);
});
