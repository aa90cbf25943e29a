/** Videos whose pictures are not what a first look at them tells: what becomes of each. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src-shared/media/probe.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { findChange } from '../media/probe/shape.ts';
import { convert, type Line } from './support/cli.ts';
import { FFMPEGS, shareOf } from './support/ffmpegs.ts';
import { packetTimes, probe } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';

const SIZE = 's=160x90:r=25';

function ffmpeg(...args: string[]): void {
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** Folders of what was made, by what made it. */
const made = new Map<(folder: string) => void, string>();

/**
 * Files of one library, converted together.
 * @param make makes them, once for all libraries
 * @param names of those that the library has; all by default
 */
function library(make: (folder: string) => void, options?: { env: Record<string, string>; names?: string[] }) {
  const home = makeHome();
  let lines: Line[] = [];
  beforeAll(async () => {
    const folder = made.get(make) ?? tempFolder();
    if (!made.has(make)) make(folder);
    made.set(make, folder);
    for (const name of options?.names ?? readdirSync(folder))
      execaSync('cp', ['-p', path.join(folder, name), home.media]);
    lines = (await convert(home.data, [home.media], ['--testing'], options)).lines;
  });
  const at = (name: string) => path.join(home.media, name);
  return {
    at,
    video: (name: string) => probe(at(name)).streams.find((s) => s.codec_type === 'video'),
    /** Its state, the code of a skip, and why. */
    end: (name: string) => {
      const { state, code, reason } = lines.findLast(({ type, path: file }) => type === 'file' && file === name) ?? {};
      return [code ?? state, reason];
    },
  };
}

describe('what changes in mid-video', () => {
  const AT_FIRST = 1.4;
  /** Pieces of a transport stream of one clock, joined as recorders do: each with its seconds, filters and encoder. */
  function joined(
    media: string,
    name: string,
    ...pieces: [seconds: number, filters: string, encoder?: string][]
  ): void {
    let start = AT_FIRST;
    const parts = pieces.map(([seconds, filters, encoder = 'libx264 -preset ultrafast -g 12'], i) => {
      const part = path.join(media, `${i}.part`);
      const source = ['-f', 'lavfi', '-i', `testsrc2=${SIZE}:d=${seconds}`, '-vf', filters];
      ffmpeg(
        ...source,
        '-c:v',
        ...encoder.split(' '),
        '-muxdelay',
        '0',
        '-output_ts_offset',
        `${start}`,
        '-f',
        'mpegts',
        part,
      );
      start += seconds;
      return execaSync('cat', [part], { encoding: 'buffer' }).stdout;
    });
    writeFileSync(path.join(media, name), Buffer.concat(parts));
  }
  const MPEG2 = 'mpeg2video -q:v 4';
  const { at, end } = library((media) => {
    joined(media, 'width.ts', [1, 'null'], [3, 'scale=128:90']);
    joined(media, 'shape.ts', [1, 'setdar=4/3', MPEG2], [1, 'setdar=16/9', MPEG2], [2, 'setdar=4/3', MPEG2]);
    joined(media, 'depth.ts', [2, 'format=yuv420p'], [2, 'format=yuv420p10le']);
    const hdr = 'libx265 -preset ultrafast -x265-params log-level=none:colorprim=bt2020:colormatrix=bt2020nc:transfer=';
    joined(
      media,
      'curve.ts',
      [2, 'format=yuv420p10le', `${hdr}bt2020-10`],
      [2, 'format=yuv420p10le', `${hdr}arib-std-b67`],
    );
    joined(media, 'same.ts', [1, 'null'], [2, 'null']);
  });

  it.each([
    ['width.ts', /the picture size from 160x90 to 128x90/],
    ['shape.ts', /the pixel shape from 3:4 to 1:1/],
    ['depth.ts', /the pixel format from yuv420p to yuv420p10le/],
    ['curve.ts', /the transfer curve from bt2020-10 to arib-std-b67/],
  ])('stereo pictures in %s are skipped', (name, why) => {
    expect(end(name)).toEqual(['changes', expect.stringMatching(why)]);
  });

  it('a change that the scan missed is detected in every key frame', async () => {
    const processes = await ProcessManager.create(tempFolder());
    const tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
    const plain: Probe = { format: 'mpegts', chapters: 0, streams: [] };
    const clip: Probe = {
      ...plain,
      streams: [{ type: 'video', index: 0, codec: 'mpeg2video', width: 160, height: 90 }],
    };
    expect(await findChange(processes, tools, at('shape.ts'), clip, {})).toBe('the pixel shape from 3:4 to 1:1');
    expect(await findChange(processes, tools, at('shape.ts'), plain, {})).toBeUndefined();
  });

  it('joined parts without a change are converted', () => expect(end('same.mkv')[0]).toBe('done'));
});

const RANGES = 'log-level=none:repeat-headers=0';
const ENCODER = ['-vf', 'format=yuv420p10le', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', RANGES];
const PQ = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc', '-color_range', 'tv'];
const COPY = ['-c', 'copy', '-movflags', '+write_colr', '-tag:v', 'hvc1'];
const UNTOLD = 'hevc_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2';

function makeColors(folder: string): void {
  const [full, file] = [path.join(folder, 'full.part'), (name: string) => path.join(folder, name)];
  ffmpeg('-f', 'lavfi', '-i', `testsrc2=${SIZE}:d=1`, ...ENCODER, ...PQ, ...COPY.slice(2), '-f', 'mp4', full);
  ffmpeg('-i', full, '-c', 'copy', '-bsf:v', UNTOLD, file('container.mkv'));
  ffmpeg('-i', full, ...COPY, '-bsf:v', UNTOLD, file('container.mp4'));
  // The container of the one says BT.709, the other lacks the curve in its pictures only.
  const contrary = readFileSync(full);
  contrary.fill(
    Buffer.from('000100010001', 'hex'),
    contrary.indexOf('colrnclx') + 8,
    contrary.indexOf('colrnclx') + 14,
  );
  writeFileSync(file('contrary.mp4'), contrary);
  ffmpeg('-i', full, '-c', 'copy', '-bsf:v', 'hevc_metadata=transfer_characteristics=2', file('curve.mkv'));
  // Broadcast HLG: the head names a curve that older screens know, a message the real one.
  const hlg = `${RANGES}:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc:atc-sei=18`;
  ffmpeg('-f', 'lavfi', '-i', `testsrc2=${SIZE}:d=1`, ...ENCODER.slice(0, -1), hlg, file('hlg.mkv'));
  rmSync(full);
  // Only the container says that white is 255.
  const white = ['-f', 'lavfi', '-i', 'color=white:s=64x64:d=0.4,scale=out_range=pc,format=yuv420p'];
  ffmpeg(...white, '-c:v', 'mpeg2video', '-color_range', 'pc', file('range.mkv'));
}

const COLORS: [name: string, result: string][] = [
  ['container.mkv', 'tv bt2020nc smpte2084 bt2020'],
  ['container.mp4', 'tv bt2020nc smpte2084 bt2020'],
  ['curve.mkv', 'tv bt2020nc smpte2084 bt2020'],
  ['hlg.mkv', 'tv bt2020nc arib-std-b67 bt2020'],
];

describe.each(FFMPEGS)('colors with $name', (tested) => {
  const share = shareOf(tested, COLORS);
  const names = [...share.map(([name]) => name), 'range.mkv', 'contrary.mp4'];
  const { at, end, video } = library(makeColors, { env: tested.env, names });
  const colors = (name: string) => {
    const { color_range, color_space, color_transfer, color_primaries } = video(name) ?? {};
    return [color_range, color_space, color_transfer, color_primaries].join(' ');
  };

  it.each(share)('of %s are in the result', (name, wanted) => {
    const result = name.replace(/\w+$/, 'mkv');
    expect(end(result)).toEqual(['done', null]);
    expect(colors(result)).toBe(wanted);
  });

  it('colors with full range only in the container keep their brightness', () => {
    expect(end('range.mkv')).toEqual(['done', null]);
    expect(video('range.mkv')?.color_range).toBe('tv');
    const levels = ['-vf', 'format=yuv420p,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-'];
    const { stdout } = execaSync('ffmpeg', ['-v', 'error', '-i', at('range.mkv'), ...levels, '-f', 'null', '-']);
    for (const [, luma] of stdout.matchAll(/YAVG=(\S+)/g)) expect(Math.abs(Number(luma) - 235)).toBeLessThan(2);
  });

  it('contradictory colors prevent the conversion', () => {
    expect(end('contrary.mp4')).toEqual([
      'colors',
      'The pictures say that they are PQ, but the container says standard dynamic range.',
    ]);
  });
});

function makeEyes(folder: string): void {
  const make = (name: string, ...args: string[]) => {
    const pictures = ['-f', 'lavfi', '-i', `testsrc2=${SIZE}:d=1`, '-c:v', 'libx264', '-preset', 'ultrafast'];
    ffmpeg(...pictures, ...args, path.join(folder, name));
  };
  make('message.mkv', '-x264-params', 'frame-packing=3');
  make('container.mkv', '-metadata:s:v', 'stereo_mode=bottom_top');
  make('laced.mkv', '-metadata:s:v', 'stereo_mode=block_rl');
  make('lines.mp4', '-x264-params', 'frame-packing=2');
}

const EYES: [name: string, mode: string][] = [
  ['message.mkv', 'left_right'],
  ['container.mkv', 'bottom_top'],
];

describe.each(FFMPEGS)('two eyes with $name', (tested) => {
  const share = shareOf(tested, EYES);
  const names = [...share.map(([name]) => name), 'laced.mkv', 'lines.mp4'];
  const { end, video } = library(makeEyes, { env: tested.env, names });

  it.each(share)('side by side or one above the other in %s stay so', (name, mode) => {
    expect(end(name)).toEqual(['done', null]);
    expect(video(name)?.tags?.stereo_mode).toBe(mode);
  });

  it.each(['laced.mkv', 'lines.mp4'])('stereo pictures in %s are skipped', (name) =>
    expect(end(name)[0]).toBe('stereo'),
  );
});

describe('fields', () => {
  const { at, end } = library((media) => {
    const made = (name: string) => path.join(media, name);
    const fields = 'testsrc2=s=160x128:r=50:d=1,interlace=scan=tff,setfield=tff';
    const x265 = 'log-level=none:bframes=0:interlace=tff:repeat-headers=1';
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `${fields},separatefields,format=yuv420p`,
      '-c:v',
      'libx265',
      '-x265-params',
      x265,
      made('single.mkv'),
    );
    const flagged = ['-c:v', 'mpeg2video', '-q:v', '4', '-f', 'mpegts'];
    const parts = [
      ['-i', fields, '-flags', '+ildct+ilme', '-muxdelay', '0', '-output_ts_offset', '1'],
      ['-i', 'testsrc2=s=160x128:r=25:d=2', '-muxdelay', '0', '-output_ts_offset', '2'],
    ].map((args, i) => {
      const [input, source = '', ...more] = args;
      ffmpeg('-f', 'lavfi', input ?? '', source, ...more, ...flagged, made(`${i}.part`));
      return readFileSync(made(`${i}.part`));
    });
    writeFileSync(made('mixed.ts'), Buffer.concat(parts));
  });

  it('single fields are skipped', () => expect(end('single.mkv')[0]).toBe('fields'));
  it('fields mixed with whole pictures become one picture each', () => {
    expect(end('mixed.mkv')).toEqual(['done', null]);
    expect(Math.abs(packetTimes(at('mixed.mkv'), 0).length - 75)).toBeLessThanOrEqual(2);
  });
});
