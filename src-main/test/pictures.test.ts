/** Videos whose pictures are not what a first look at them tells: what becomes of each. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src-shared/media.ts';
import { ProcessManager } from '../media/process.ts';
import { findChange } from '../media/shape.ts';
import { convert, type Line, makeHome, probe, tempFolder } from './helpers.ts';

const SIZE = 's=160x90:r=25';

function ffmpeg(...args: string[]): void {
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** Files of one library, converted together. */
function library(make: (media: string) => void, ...settings: string[]) {
  const home = makeHome();
  let lines: Line[] = [];
  beforeAll(async () => {
    make(home.media);
    lines = (await convert(home.data, [home.media], ['--testing', ...settings])).lines;
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
  ])('%s is left alone', (name, why) => {
    expect(end(name)).toEqual(['changes', expect.stringMatching(why)]);
  });

  it('is seen in every key frame, where the first look missed it', async () => {
    const processes = await ProcessManager.create(tempFolder());
    const tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };
    const plain: Probe = { format: 'mpegts', chapters: 0, streams: [] };
    const film: Probe = {
      ...plain,
      streams: [{ type: 'video', index: 0, codec: 'mpeg2video', width: 160, height: 90 }],
    };
    expect(await findChange(processes, tools, at('shape.ts'), film, {})).toBe('the pixel shape from 3:4 to 1:1');
    expect(await findChange(processes, tools, at('shape.ts'), plain, {})).toBeUndefined();
  });

  it('is no matter of a joint alone', () => expect(end('same.mkv')[0]).toBe('done'));
});
