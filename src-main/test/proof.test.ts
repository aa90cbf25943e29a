/** What the check of a result finds: results that are right in every number, and show something else. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { makePlan, type Plan } from '../../src-shared/plan.ts';
import { DEFAULT_TABLES } from '../../src-shared/quality.ts';
import { Settings } from '../../src-shared/settings.ts';
import { versionOf } from '../master/identity.ts';
import { detectCapabilities } from '../media/capabilities.ts';
import { Prober } from '../media/ffprobe.ts';
import { ProcessManager } from '../media/process.ts';
import { Timelines } from '../media/timeline.ts';
import { Verifier } from '../media/verify.ts';
import { Refused } from '../media/verify-request.ts';
import { FFMPEGS } from './ffmpegs.ts';
import { makeClip, tempFolder } from './helpers.ts';

const FRAMES = 192;

/** A film, and results of it that are spoiled in one way each: made once, and looked at with every ffmpeg. */
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

/** How a picture is spoiled, the filter that does it, and why it is refused. Other versions compare no other way: three kinds are enough. */
const SPOILED: [string, string, RegExp][] = [
  ['green', 'lutyuv=y=149:u=43:v=21', /another picture than the original at 0\.0 s/],
  ['black', 'lutyuv=y=16:u=128:v=128', /another picture/],
  ['mirrored', 'hflip', /another picture/],
  ['upside down', 'vflip', /another picture/],
  ['without colour', 'hue=s=0', /another picture/],
  ['of another moment', 'tpad=start=30:start_mode=clone', /another picture/],
  ['of another film', 'drawbox=color=gray:t=fill,noise=alls=60:allf=t', /another picture/],
  [
    'green towards the end',
    "lutyuv=y=149:u=43:v=21:enable='gte(t,6.5)'",
    /another picture than the original at [67]\.\d s/,
  ],
  ['a frame late', 'tpad=start=1:start_mode=clone', /shifted against the original by one frame/],
  [
    'a frame early',
    'trim=start_frame=1,setpts=PTS-STARTPTS,tpad=stop=1:stop_mode=clone',
    /shifted against the original by one frame/,
  ],
];

describe.each(FFMPEGS)('the check of a result with $name', ({ installed, tools }) => {
  let verify: (result: string) => Promise<{ ssim: number; psnr: number }>;

  beforeAll(async () => {
    const processes = await ProcessManager.create(path.join(tempFolder(), 'children'));
    const caps = await detectCapabilities(processes, tools);
    const prober = new Prober(processes, tools);
    const timelines = new Timelines(processes, tools);
    const verifier = new Verifier({ processes, tools, caps: async () => caps, prober, timelines });
    const sourceProbe = await prober.probe(source);
    const plan = makePlan(sourceProbe, Settings.parse({}), DEFAULT_TABLES) as Plan;
    const version = async (file: string) => versionOf(await stat(file, { bigint: true }));
    const facts = { decodedFrames: [FRAMES], captionLines: 0, damaged: false };
    verify = async (result) =>
      verifier.verify({
        ...{ source, sourceVersion: await version(source), sourceProbe, plan, ...facts },
        ...{ result, resultVersion: await version(result) },
      });
  });

  it('lets the same pictures pass, and tells how alike they are', async () => {
    const { ssim, psnr } = await verify(encode('right', 'null'));
    expect(ssim).toBeGreaterThan(0.95);
    expect(psnr).toBeGreaterThan(35);
  });

  it.each(installed ? SPOILED : SPOILED.filter(([name]) => /green|a frame/.test(name)))(
    'refuses pictures %s',
    async (name, filter, reason) => {
      const refused = await verify(encode(name, filter)).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refused);
      expect((refused as Refused).message).toMatch(reason);
    },
  );
});
