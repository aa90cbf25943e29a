/** What becomes of kinds of videos that versions of ffmpeg and SVT-AV1 treat differently: the same with each of them. */
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { convert, outcomes } from './support/cli.ts';
import { FFMPEGS } from './support/ffmpegs.ts';
import { frameSideData, packetTimes, probe } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';

/** Blurred, because sharp lines look interlaced. @param seconds of them at a rate */
const pictures = (rate: string, seconds: number) => `testsrc2=s=128x96:r=${rate}:d=${seconds},gblur=2`;

const X264 = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p'.split(' ');
/** 10 bits of BT.2020 by a curve, with what else the stream says. */
const x265 = (curve: string, says = '') => {
  const colors = `colorprim=bt2020:colormatrix=bt2020nc:transfer=${curve}`;
  return [
    '-pix_fmt',
    'yuv420p10le',
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    `log-level=none:${colors}${says}`,
  ];
};
const DISPLAY = ':master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)';

/** A kind of source: how it is made, and what the result has to say beside the source's frames and their times. */
interface Kind {
  source: string;
  output: string[];
  result?: { transfer?: string; sides?: Record<string, object> };
}

const KINDS: Record<string, Kind> = {
  'a rate above 240': { source: pictures('300', 0.1), output: X264 },
  'one frame': { source: pictures('25', 0.04), output: X264 },
  'a frame every three seconds': { source: pictures('1/3', 12), output: X264 },
  'a variable rate': {
    source: `${pictures('100', 0.5)},select='not(mod(n\\,7))+not(mod(n\\,5))'`,
    output: ['-fps_mode', 'passthrough', ...X264],
  },
  'interlaced pictures': {
    source: `${pictures('50', 0.5)},tinterlace=interleave_top,setfield=tff`,
    output: ['-flags', '+ildct+ilme', '-x264-params', 'tff=1', ...X264],
  },
  HDR10: {
    source: pictures('24', 0.3),
    output: x265('smpte2084', `:hdr10=1:max-cll=1000,400${DISPLAY}`),
    result: {
      transfer: 'smpte2084',
      sides: {
        'Content light level metadata': { max_content: 1000, max_average: 400 },
        'Mastering display metadata': { max_luminance: expect.stringMatching(/^256000\/256$|^1000/) },
      },
    },
  },
  HLG: { source: pictures('24', 0.3), output: x265('arib-std-b67'), result: { transfer: 'arib-std-b67' } },
};

let sources = '';
const named = (folder: string, kind: string) => path.join(folder, `${kind}.mkv`);
beforeAll(() => {
  sources = tempFolder();
  for (const [kind, { source, output }] of Object.entries(KINDS)) {
    execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', source, ...output, named(sources, kind)]);
    utimesSync(named(sources, kind), 1e9, 1e9);
  }
});

describe.each(FFMPEGS)('with $name', ({ env }) => {
  let media = '';
  let ended: string[] = [];
  beforeAll(async () => {
    const home = makeHome();
    media = home.media;
    for (const kind of Object.keys(KINDS)) execaSync('cp', ['-p', named(sources, kind), media]);
    ended = outcomes(await convert(home.data, [media], ['--crf', '40'], { env }));
  });

  it.each(Object.entries(KINDS))('%s: converted, frame by frame', (kind, { result = {} }) => {
    expect(ended.filter((line) => line.startsWith(`${kind}.mkv`))).toEqual([`${kind}.mkv: done`]);
    const file = named(media, kind);
    const video = probe(file).streams.find((s) => s.codec_type === 'video');
    expect(video?.codec_name).toBe('av1');
    if (result.transfer) expect(video).toMatchObject({ color_transfer: result.transfer });
    for (const [type, side] of Object.entries(result.sides ?? {}))
      expect(frameSideData(file)[type]).toMatchObject(side);
    const [before, after] = [packetTimes(named(sources, kind), 0), packetTimes(file, 0)];
    expect(after).toHaveLength(before.length);
    for (const [i, time] of before.entries()) expect(Math.abs((after[i] ?? Number.NaN) - time)).toBeLessThan(0.0021);
  });
});
