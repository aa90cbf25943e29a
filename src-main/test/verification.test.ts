/** What the check of a result finds in its pictures: results that are right in every number, and show something else. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from './support/clips.ts';
import { FFMPEGS, turnsOf } from './support/ffmpegs.ts';
import { type Check, makeCheck } from './support/proof.ts';
import { tempFolder } from './support/temp.ts';

const FRAMES = 192;

/** A video, and results of it that are spoiled in one way each: made once, and looked at with every ffmpeg. */
let folder = '';
let source = '';
beforeAll(() => {
  folder = tempFolder();
  source = makeClip(path.join(folder, 'source.mkv'), { seconds: FRAMES / 24, size: '160x96' });
});

/** A result whose pictures went through `filter`: as many frames at the same times, of the same size and format. */
function encode(name: string, filter: string): string {
  const result = path.join(folder, `${name}.mkv`);
  if (existsSync(result)) return result;
  const video = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '40', '-g', '48', '-pix_fmt', 'yuv420p10le'];
  // Whatever a filter did to them, the times are those of the source again.
  const times = `trim=end_frame=${FRAMES},settb=1/1000,setpts=round(N*1000/24)`;
  const args = ['-vf', `${filter},${times}`, '-fps_mode', 'passthrough', ...video, '-c:a', 'libopus', '-ac', '1'];
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-i', source, ...args, result]);
  return result;
}

const SPOILED: [name: string, filter: string, reason: RegExp][] = [
  ['green', 'lutyuv=y=149:u=43:v=21', /another picture than the original at \d/],
  ['black', 'lutyuv=y=16:u=128:v=128', /another picture/],
  ['mirrored', 'hflip', /another picture/],
  ['upside down', 'vflip', /another picture/],
  ['without color', 'hue=s=0', /another picture/],
  ['of another moment', 'tpad=start=30:start_mode=clone', /another picture/],
  ['of another video', 'drawbox=color=gray:t=fill,noise=alls=60:allf=t', /another picture/],
  ['green towards the end', "lutyuv=y=149:u=43:v=21:enable='gte(t,6.5)'", /another picture than the original at [67]/],
  ['a frame late', 'tpad=start=1:start_mode=clone', /shifted against the original by one frame/],
  [
    'a frame early',
    'trim=start_frame=1,setpts=PTS-STARTPTS,tpad=stop=1:stop_mode=clone',
    /shifted against the original by one frame/,
  ],
  // Right in the frames that are the cheapest to look at: the first ones after each key frame.
  ['black between key frames', "lutyuv=y=16:u=128:v=128:enable='gte(mod(n,48),26)'", /another picture/],
  ['noisy between key frames', "noise=alls=90:allf=t:enable='gte(mod(n,48),26)'", /another picture/],
  ['standing still for half of the time', 'trim=end_frame=96,tpad=stop=96:stop_mode=clone', /another picture|freezes/],
  ['black in their last second', "lutyuv=y=16:u=128:v=128:enable='gte(n,178)'", /another picture/],
];

describe.each(FFMPEGS)('the check of pictures with $name', (tested) => {
  let check: Check;
  beforeAll(async () => {
    check = await makeCheck(tested.tools);
  });

  it('lets the same ones pass, and tells how alike they are', async () => {
    const { ssim, psnr } = await check.verify(source, encode('right', 'null'), [FRAMES]);
    expect(ssim).toBeGreaterThan(0.95);
    expect(psnr).toBeGreaterThan(35);
  });

  it.each(turnsOf(tested, SPOILED))('refuses those that are %s', async (name, filter, reason) => {
    expect(await check.refusal(source, encode(name, filter), [FRAMES])).toMatch(reason);
  });
});
