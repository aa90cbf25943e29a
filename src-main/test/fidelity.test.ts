import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { convert, makeHome } from './helpers.ts';

const RATE = 48_000;

/** ffmpeg's layouts: the speakers of each channel, in order (`ffmpeg -layouts`). */
const LAYOUTS: Record<string, string> = {
  mono: 'FC',
  stereo: 'FL FR',
  '2.1': 'FL FR LFE',
  '3.0': 'FL FR FC',
  '3.1': 'FL FR FC LFE',
  '4.0': 'FL FR FC BC',
  '4.1': 'FL FR FC LFE BC',
  quad: 'FL FR BL BR',
  'quad(side)': 'FL FR SL SR',
  '5.0': 'FL FR FC BL BR',
  '5.0(side)': 'FL FR FC SL SR',
  '5.1': 'FL FR FC LFE BL BR',
  '5.1(side)': 'FL FR FC LFE SL SR',
  '6.0': 'FL FR FC BC SL SR',
  '6.1': 'FL FR FC LFE BC SL SR',
  '6.1(back)': 'FL FR FC LFE BL BR BC',
  hexagonal: 'FL FR FC BL BR BC',
  '7.0': 'FL FR FC BL BR SL SR',
  '7.1': 'FL FR FC LFE BL BR SL SR',
  '7.1(wide)': 'FL FR FC LFE BL BR FLC FRC',
  '7.1(wide-side)': 'FL FR FC LFE FLC FRC SL SR',
};

/** A tone a speaker, well apart; the LFE's within what an LFE carries. */
const TONES: Record<string, number> = {
  LFE: 60,
  FL: 400,
  FR: 700,
  FC: 1100,
  BL: 1600,
  BR: 2300,
  SL: 3100,
  SR: 4100,
  BC: 5300,
  FLC: 6700,
  FRC: 8300,
};

/** Where a speaker's tone may come out again: itself, its side or back twin, or the ones it is mixed into. */
const HEARD: Record<string, string[]> = {
  SL: ['SL', 'BL'],
  SR: ['SR', 'BR'],
  BC: ['BC', 'BL', 'BR'],
  FLC: ['FLC', 'FL'],
  FRC: ['FRC', 'FR'],
};

const speakers = (layout: string) => (LAYOUTS[layout] ?? '').split(' ');

/** Strength of one tone in samples (Goertzel's algorithm), as its amplitude. */
function strength(samples: Float32Array, frequency: number): number {
  const w = 2 * Math.cos((2 * Math.PI * frequency) / RATE);
  let [a, b] = [0, 0];
  for (const sample of samples) [a, b] = [sample + w * a - b, a];
  return (2 * Math.sqrt(a * a + b * b - w * a * b)) / samples.length;
}

/** A track as one array of samples a channel, without its first and last tenth of a second. */
function decode(file: string, track: number, channels: number): Float32Array[] {
  const args = ['-nostdin', '-v', 'error', '-i', file, '-map', `0:a:${track}`, '-f', 'f32le', '-ar', String(RATE), '-'];
  const { stdout } = execaSync('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1e9 });
  const all = new Float32Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.byteLength / 4));
  const frames = Math.floor(all.length / channels) - RATE / 10;
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: frames - RATE / 10 }, (_, i) => all[(i + RATE / 10) * channels + c] ?? 0),
  );
}

function ffmpeg(...args: string[]): void {
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

function ffprobe(file: string, ...args: string[]) {
  return JSON.parse(execaSync('ffprobe', ['-v', 'error', '-of', 'json', ...args, file]).stdout);
}

describe('sound', () => {
  const names = Object.keys(LAYOUTS);
  let result = '';

  beforeAll(async () => {
    const { data, media } = makeHome();
    const inputs = names.flatMap((layout) => {
      const tones = speakers(layout).map((s) => `0.2*sin(2*PI*${TONES[s]}*t)`);
      return ['-f', 'lavfi', '-i', `aevalsrc=${tones.join('|')}:c=${layout}:s=${RATE}:d=1`];
    });
    const maps = names.flatMap((_, i) => ['-map', `${i + 1}:a`]);
    const picture = 'testsrc2=s=128x72:r=25:d=1';
    const source = path.join(media, 'layouts.mkv');
    ffmpeg('-f', 'lavfi', '-i', picture, ...inputs, '-map', '0:v', ...maps, '-c:v', 'libx264', '-c:a', 'flac', source);
    await convert(data, [media], ['--testing']);
    result = source;
  });

  it.each(names.map((name, i) => [name, i] as const))('of %s comes out of the right speakers', (layout, track) => {
    const { streams } = ffprobe(result, '-show_streams', '-select_streams', `a:${track}`);
    expect(streams[0].codec_name).toBe('opus');
    const to = speakers(streams[0].channel_layout);
    expect(to.length).toBe(streams[0].channels);
    const channels = decode(result, track, to.length);
    const level = (speaker: string, tone: string) =>
      strength(channels[to.indexOf(speaker)] ?? new Float32Array(1), TONES[tone] ?? 0);
    for (const from of speakers(layout)) {
      const wanted = (HEARD[from] ?? [from]).filter((speaker) => to.includes(speaker));
      const heard = to.map((speaker) => ({ speaker, level: level(speaker, from) })).filter((s) => s.level > 0.02);
      // All of the tone, or 0.707 of it in each of two (-3 dB), and not a trace anywhere else.
      expect(
        heard.map((s) => s.speaker).every((s) => wanted.includes(s)),
        `${from} is heard from ${JSON.stringify(heard)}`,
      ).toBe(true);
      const power = heard.reduce((sum, s) => sum + s.level ** 2, 0);
      expect(Math.sqrt(power) / 0.2, `loudness of ${from}`).toBeGreaterThan(0.7);
    }
  });
});

describe('picture and sound stay together', () => {
  /** Seconds at which a white frame is shown and a tone begins. */
  const MOMENTS = [1, 5.2, 9.4];

  /** When white frames are shown. */
  function flashes(file: string): number[] {
    const filters = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
    const args = ['-nostdin', '-v', 'error', '-i', file, '-map', '0:v:0', '-vf', filters, '-f', 'null', '-'];
    const { stdout } = execaSync('ffmpeg', args);
    const frames = stdout.matchAll(/pts_time:(\S+)\nlavfi.signalstats.YAVG=(\S+)/g);
    const peak = Math.max(...[...stdout.matchAll(/YAVG=(\S+)/g)].map(([, y]) => Number(y)));
    return [...frames].filter(([, , y]) => Number(y) > peak / 2).map(([, time]) => Number(time));
  }

  /** When the tone begins after a silence. */
  function beeps(file: string): number[] {
    const args = [
      '-nostdin',
      '-v',
      'error',
      '-i',
      file,
      '-map',
      '0:a:0',
      '-af',
      'aresample=async=1:first_pts=0',
      '-ac',
      '1',
    ];
    const { stdout } = execaSync('ffmpeg', [...args, '-f', 'f32le', '-ar', String(RATE), '-'], {
      encoding: 'buffer',
      maxBuffer: 1e9,
    });
    const samples = new Float32Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.byteLength / 4));
    const starts: number[] = [];
    samples.forEach((sample, i) => {
      const time = i / RATE;
      if (Math.abs(sample) > 0.1 && time - (starts.at(-1) ?? -1) > 0.5) starts.push(time);
    });
    return starts;
  }

  it.each(['aac.mp4', 'ac3.mkv', 'mp2.ts', 'vorbis.mkv'])('within 20 ms in %s', async (name) => {
    const { data, media } = makeHome();
    const [codec = ''] = name.split('.');
    const source = path.join(media, name);
    const at = (unit: string) => MOMENTS.map((m) => `between(${unit},${m - 0.001},${m + 0.038})`).join('+');
    // Noise for bits that AV1 can save.
    const picture = `color=black:s=128x72:r=25:d=11,noise=alls=20:allf=t,drawbox=c=white:t=fill:enable='${at('t')}'`;
    const tone = `aevalsrc='0.8*sin(2*PI*1000*t)*(${MOMENTS.map((m) => `between(t,${m},${m + 0.1})`).join('+')})':s=${RATE}:d=11`;
    const encoder = codec === 'vorbis' ? 'libvorbis' : codec;
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      picture,
      '-f',
      'lavfi',
      '-i',
      tone,
      '-c:v',
      'libx264',
      '-crf',
      '1',
      '-c:a',
      encoder,
      '-b:a',
      '192k',
      source,
    );
    const drift = (file: string) => flashes(file).map((flash, i) => flash - (beeps(file)[i] ?? Number.NaN));
    const before = drift(source);
    await convert(data, [media], ['--testing']);
    const after = drift(path.join(media, name.replace(/\.\w+$/, '.mkv')));
    expect(before).toHaveLength(MOMENTS.length);
    expect(after).toHaveLength(MOMENTS.length);
    for (const [i, moment] of MOMENTS.entries()) {
      expect(Math.abs((after[i] ?? Number.NaN) - (before[i] ?? Number.NaN)), `at ${moment} s`).toBeLessThan(0.02);
    }
  });
});

describe('the picture', () => {
  /** PSNR in dB of what a player shows of two films, both turned and cut as their containers say. */
  function likeness(a: string, b: string, filter = 'null'): number {
    const graph = `[0:v]${filter},settb=1/1000,setpts=N,format=yuv420p[a];[1:v]settb=1/1000,setpts=N,format=yuv420p[b];[a][b]psnr`;
    const { stderr } = execaSync('ffmpeg', [
      '-nostdin',
      '-hide_banner',
      '-i',
      a,
      '-i',
      b,
      '-lavfi',
      graph,
      '-f',
      'null',
      '-',
    ]);
    const [, average = ''] = /average:(inf|[\d.]+)/.exec(stderr) ?? [];
    return average === 'inf' ? 100 : Number(average);
  }
  // Nothing in it looks the same turned or mirrored.
  const PICTURE =
    'color=blue:s=192x128:d=1:r=25,drawbox=8:8:48:24:yellow:fill,drawbox=100:90:92:38:red:fill,format=yuv420p';

  it.each([
    ['0', 'null'],
    ['90', 'transpose=clock'],
    ['180', 'hflip,vflip'],
    ['270', 'transpose=cclock'],
  ])('turned by %s degrees is stored as it is shown', async (degrees, stored) => {
    const { data, media } = makeHome();
    const [upright, turned, source] = ['upright.mkv', 'turned.mp4', 'film.mp4'].map((n) =>
      path.join(media, '..', n),
    ) as [string, string, string];
    ffmpeg('-f', 'lavfi', '-i', PICTURE, '-c:v', 'ffv1', upright);
    ffmpeg('-i', upright, '-vf', stored, '-c:v', 'libx264', '-crf', '4', '-pix_fmt', 'yuv420p', turned);
    ffmpeg('-i', turned, '-c', 'copy', '-metadata:s:v:0', `rotate=${degrees}`, path.join(media, path.basename(source)));
    const { code } = await convert(data, [media], ['--testing', '--crf', '20']);
    expect(code).toBe(0);
    const result = path.join(media, 'film.mkv');
    const [video] = ffprobe(result, '-show_streams').streams;
    expect(video).toMatchObject({ width: 192, height: 128 });
    expect(likeness(upright, result)).toBeGreaterThan(30);
    expect(likeness(upright, result, 'hflip,vflip')).toBeLessThan(20);
  });

  it('may begin long after the sound, where decoding times are only guessed', async () => {
    const { data, media } = makeHome();
    const source = path.join(media, 'film.mkv');
    const picture = ['-itsoffset', '7', '-f', 'lavfi', '-i', 'testsrc2=s=192x128:r=24:d=2'];
    ffmpeg('-f', 'lavfi', '-i', 'sine=d=9', ...picture, '-c:v', 'libx264', '-bf', '3', '-crf', '1', source);
    const times = () => {
      const { packets } = ffprobe(source, '-select_streams', 'v:0', '-show_entries', 'packet=pts_time,dts_time');
      return (packets as Record<'pts_time' | 'dts_time', string>[]).map((p) => [p.pts_time, p.dts_time].map(Number));
    };
    const before = times();
    expect(before.some(([, dts = 0], n) => dts < (before[n - 1]?.[1] ?? 0))).toBe(true);
    const { code } = await convert(data, [media], ['--testing', '--min-savings', '0']);
    expect(code).toBe(0);
    expect(ffprobe(source, '-show_streams').streams[0]).toMatchObject({ codec_name: 'av1' });
    const shown = (list: (number | undefined)[][]) => list.map(([pts = 0]) => pts).sort((a, b) => a - b);
    const [wanted, got] = [shown(before), shown(times())];
    expect(got).toHaveLength(wanted.length);
    const moved = got.map((time, n) => time - (wanted[n] ?? 0));
    expect(Math.max(...moved) - Math.min(...moved)).toBeLessThan(0.0025);
  });

  it('is shown without the borders that its container hides, in its shape', async ({ skip }) => {
    const { data, media } = makeHome();
    const source = path.join(media, 'film.mkv');
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `${PICTURE},pad=200:160:4:16:green`,
      '-c:v',
      'libx264',
      '-crf',
      '4',
      '-pix_fmt',
      'yuv420p',
      source,
    );
    const crop = ['top=16', 'bottom=16', 'left=4', 'right=4'].flatMap((side) => ['--set', `pixel-crop-${side}`]);
    const shape = ['--set', 'display-width=384', '--set', 'display-height=128'];
    const { failed } = execaSync('mkvpropedit', [source, '--edit', 'track:v1', ...crop, ...shape], { reject: false });
    if (failed) skip('mkvpropedit, which sets such borders, is not installed');
    const { code } = await convert(data, [media], ['--testing', '--crf', '20', '--settle', '0']);
    expect(code).toBe(0);
    const [video] = ffprobe(source, '-show_streams').streams;
    expect(video).toMatchObject({ codec_name: 'av1', width: 192, height: 128, sample_aspect_ratio: '2:1' });
    const upright = path.join(media, '../upright.mkv');
    ffmpeg('-f', 'lavfi', '-i', PICTURE, '-c:v', 'ffv1', upright);
    expect(likeness(upright, source)).toBeGreaterThan(30);
  });
});
