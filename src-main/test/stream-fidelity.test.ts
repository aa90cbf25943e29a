import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTracks } from '../media/probe/matroska.ts';
import { readTags } from '../media/probe/tags.ts';
import { convert, outcomes } from './support/cli.ts';
import { FFMPEGS, shareOf } from './support/ffmpegs.ts';
import { makeHome, tempFolder } from './support/temp.ts';

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

/** A track of sound. */
interface Track {
  codec: string;
  layout: string;
  /** Its samples by channel, without the first and last tenth of a second. */
  channels: Float32Array[];
}

/** Decodes all tracks of a file, with one start of ffmpeg. */
function decode(file: string): Track[] {
  const { streams } = ffprobe(file, '-show_streams', '-select_streams', 'a');
  const tracks = streams as { codec_name: string; channel_layout: string; channels: number }[];
  const folder = tempFolder();
  const outputs = tracks.map((_, n) => path.join(folder, `${n}.f32`));
  ffmpeg('-i', file, ...outputs.flatMap((out, n) => ['-map', `0:a:${n}`, '-f', 'f32le', '-ar', String(RATE), out]));
  return tracks.map(({ codec_name: codec, channel_layout: layout, channels: count }, n) => {
    const bytes = readFileSync(outputs[n] ?? '');
    const all = new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
    const frames = Math.floor(all.length / count) - RATE / 10;
    const samples = (c: number) =>
      Float32Array.from({ length: frames - RATE / 10 }, (_, i) => all[(i + RATE / 10) * count + c] ?? 0);
    return { codec, layout, channels: Array.from({ length: count }, (_, c) => samples(c)) };
  });
}

function ffmpeg(...args: string[]): void {
  execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

function ffprobe(file: string, ...args: string[]) {
  return JSON.parse(execaSync('ffprobe', ['-v', 'error', '-of', 'json', ...args, file]).stdout);
}

/** Returns when white frames are shown, in s. */
function flashes(file: string): number[] {
  const filters = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const args = ['-nostdin', '-v', 'error', '-i', file, '-map', '0:v:0', '-vf', filters, '-f', 'null', '-'];
  const { stdout } = execaSync('ffmpeg', args);
  const frames = stdout.matchAll(/pts_time:(\S+)\nlavfi.signalstats.YAVG=(\S+)/g);
  const peak = Math.max(...[...stdout.matchAll(/YAVG=(\S+)/g)].map(([, y]) => Number(y)));
  return [...frames].filter(([, , y]) => Number(y) > peak / 2).map(([, time]) => Number(time));
}

/** When the tone begins after a silence, in s. */
function beeps(file: string): number[] {
  const filters = ['-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-f', 'f32le', '-ar', String(RATE)];
  const args = ['-nostdin', '-v', 'error', '-i', file, '-map', '0:a:0', ...filters, '-'];
  const { stdout } = execaSync('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1e9 });
  const samples = new Float32Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.byteLength / 4));
  const starts: number[] = [];
  samples.forEach((sample, i) => {
    const time = i / RATE;
    if (Math.abs(sample) > 0.1 && time - (starts.at(-1) ?? -1) > 0.5) starts.push(time);
  });
  return starts;
}

/** How much later a white frame is shown than its tone begins, in s. */
const drift = (file: string) => {
  const tones = beeps(file);
  return flashes(file).map((flash, i) => flash - (tones[i] ?? Number.NaN));
};

/** When the pictures of a file are shown and decoded, in s. */
function videoTimes(file: string): { shown: number; decoded: number }[] {
  const { packets } = ffprobe(file, '-select_streams', 'v:0', '-show_entries', 'packet=pts_time,dts_time');
  const times = packets as Record<'pts_time' | 'dts_time', string>[];
  return times.map(({ pts_time, dts_time }) => ({ shown: Number(pts_time), decoded: Number(dts_time) }));
}

/** PSNR in dB of what a player shows of two videos, both turned and cut as their containers say. */
function likeness(a: string, b: string, filter = 'null'): number {
  const graph = `[0:v]${filter},settb=1/1000,setpts=N,format=yuv420p[a];[1:v]settb=1/1000,setpts=N,format=yuv420p[b];[a][b]psnr`;
  const args = ['-nostdin', '-hide_banner', '-i', a, '-i', b, '-lavfi', graph, '-f', 'null', '-'];
  const [, average = ''] = /average:(inf|[\d.]+)/.exec(execaSync('ffmpeg', args).stderr) ?? [];
  return average === 'inf' ? 100 : Number(average);
}

/** Seconds at which a white frame is shown and a tone begins. */
const MOMENTS = [1, 3.1, 5.2];
const SYNCED = ['aac.mp4', 'ac3.mkv', 'mp2.ts', 'vorbis.mkv'];
const TURNS = { 0: 'null', 90: 'transpose=clock', 180: 'hflip,vflip', 270: 'transpose=cclock' };
// Nothing in it looks the same turned or mirrored.
const PICTURE =
  'color=blue:s=192x128:d=1:r=25,drawbox=8:8:48:24:yellow:fill,drawbox=100:90:92:38:red:fill,format=yuv420p';

const LAYOUT_NAMES = Object.keys(LAYOUTS);
const sources = tempFolder();
const made = (name: string) => path.join(sources, name);
const upright = path.join(tempFolder(), 'upright.mkv');

/** Makes a video with a track in each of these layouts. */
function makeLayouts(file: string, layouts: string[]): void {
  const inputs = layouts.flatMap((layout) => {
    const tones = speakers(layout).map((s) => `0.2*sin(2*PI*${TONES[s]}*t)`);
    return ['-f', 'lavfi', '-i', `aevalsrc=${tones.join('|')}:c=${layout}:s=${RATE}:d=1`];
  });
  const maps = layouts.flatMap((_, i) => ['-map', `${i + 1}:a`]);
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=128x72:r=25:d=1'];
  ffmpeg(...picture, ...inputs, '-map', '0:v', ...maps, '-c:v', 'libx264', '-c:a', 'flac', file);
}

function makeSynced(name: string): void {
  const [codec = ''] = name.split('.');
  const at = MOMENTS.map((m) => `between(t,${m - 0.001},${m + 0.038})`).join('+');
  // Noise for bits that AV1 can save.
  const picture = `color=black:s=128x72:r=25:d=6,noise=alls=20:allf=t,drawbox=c=white:t=fill:enable='${at}'`;
  const during = MOMENTS.map((m) => `between(t,${m},${m + 0.1})`).join('+');
  const tone = `aevalsrc='0.8*sin(2*PI*1000*t)*(${during})':s=${RATE}:d=6`;
  const encoders = ['-c:v', 'libx264', '-crf', '1', '-c:a', codec === 'vorbis' ? 'libvorbis' : codec, '-b:a', '192k'];
  ffmpeg('-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', tone, ...encoders, made(name));
}

function makeTurned(degrees: string, stored: string): void {
  const turned = path.join(path.dirname(upright), 'turned.mp4');
  ffmpeg('-i', upright, '-vf', stored, '-c:v', 'libx264', '-crf', '4', '-pix_fmt', 'yuv420p', turned);
  ffmpeg('-i', turned, '-c', 'copy', '-metadata:s:v:0', `rotate=${degrees}`, made(`turned ${degrees}.mp4`));
}

beforeAll(() => {
  for (const name of SYNCED) makeSynced(name);
  ffmpeg('-f', 'lavfi', '-i', PICTURE, '-c:v', 'ffv1', upright);
  for (const [degrees, stored] of Object.entries(TURNS)) makeTurned(degrees, stored);
  const picture = ['-itsoffset', '7', '-f', 'lavfi', '-i', 'testsrc2=s=192x128:r=24:d=2,noise=alls=20:allf=t'];
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=9', ...picture, '-c:v', 'libx264', '-bf', '3', '-crf', '1', made('late.mkv'));
});

describe.each(FFMPEGS)('with $name', (tested) => {
  const { env } = tested;
  const [synced, turned] = [shareOf(tested, SYNCED), shareOf(tested, Object.keys(TURNS))];
  const layouts = shareOf(tested, LAYOUT_NAMES);
  let media = '';
  let tracks: Track[] = [];
  const result = (name: string) => path.join(media, name.replace(/\.\w+$/, '.mkv'));
  beforeAll(async () => {
    const home = makeHome();
    media = home.media;
    const copied = ['late.mkv', ...synced, ...turned.map((degrees) => `turned ${degrees}.mp4`)];
    for (const name of copied) execaSync('cp', ['-a', made(name), media]);
    makeLayouts(path.join(media, 'layouts.mkv'), layouts);
    const names = ['layouts.mkv', ...copied];
    const run = await convert(home.data, [media], ['--testing', '--crf', '20'], { env });
    expect(outcomes(run)).toEqual(names.map((name) => `${path.parse(name).name}.mkv: done`).sort());
    tracks = decode(result('layouts.mkv'));
  });

  it.each(layouts.map((name, i) => [name, i] as const))('sound in %s comes out of the right speakers', (layout, n) => {
    const track = tracks[n];
    if (!track) throw new Error(`there is no track ${n}`);
    const { codec, channels } = track;
    expect(codec).toBe('opus');
    const to = speakers(track.layout);
    expect(to.length).toBe(channels.length);
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

  it.each(synced)('picture and sound stay together within 20 ms in %s', (name) => {
    const [before, after] = [drift(made(name)), drift(result(name))];
    expect(before).toHaveLength(MOMENTS.length);
    expect(after).toHaveLength(MOMENTS.length);
    for (const [i, moment] of MOMENTS.entries()) {
      expect(Math.abs((after[i] ?? Number.NaN) - (before[i] ?? Number.NaN)), `at ${moment} s`).toBeLessThan(0.02);
    }
  });

  it.each(turned)('a picture turned by %s degrees is stored as it is shown', (degrees) => {
    const upended = result(`turned ${degrees}.mp4`);
    expect(ffprobe(upended, '-show_streams').streams[0]).toMatchObject({ width: 192, height: 128 });
    expect(likeness(upright, upended)).toBeGreaterThan(30);
    expect(likeness(upright, upended, 'hflip,vflip')).toBeLessThan(20);
  });

  it('the picture may begin long after the sound, where decoding times are only guessed', () => {
    const before = videoTimes(made('late.mkv'));
    expect(before.some(({ decoded }, n) => decoded < (before[n - 1]?.decoded ?? 0))).toBe(true);
    const shown = (file: string) =>
      videoTimes(file)
        .map((time) => time.shown)
        .sort((a, b) => a - b);
    const [wanted, got] = [shown(made('late.mkv')), shown(result('late.mkv'))];
    expect(got).toHaveLength(wanted.length);
    const moved = got.map((time, n) => time - (wanted[n] ?? 0));
    expect(Math.max(...moved) - Math.min(...moved)).toBeLessThan(0.0025);
  });
});

/** Has a QuickTime file with nothing but pictures show a part of them: `width` by `height`, the center `down` lines below theirs. */
function showOnly(file: string, { width, height, down }: { width: number; height: number; down: number }): void {
  const data = readFileSync(file);
  const clap = Buffer.alloc(40);
  clap.writeUInt32BE(40);
  clap.write('clap', 4);
  for (const [n, value] of [width, 1, height, 1, 0, 1, down, 1].entries()) clap.writeInt32BE(value, 8 + 4 * n);
  const places = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1'].map((type) => data.indexOf(type) - 4);
  const entry = places.at(-1) ?? 0;
  const end = entry + data.readUInt32BE(entry);
  // Each box is in the one before; the pictures lie ahead of them all, where they stay.
  for (const place of places) data.writeUInt32BE(data.readUInt32BE(place) + clap.length, place);
  writeFileSync(file, Buffer.concat([data.subarray(0, end), clap, data.subarray(end)]));
}

it('a picture is shown without the borders that its container hides, in its shape', async ({ skip }) => {
  const { data, media } = makeHome();
  const [source, movie] = [path.join(media, 'video.mkv'), path.join(media, 'movie.mov')];
  const padded = (above: number) => ['-f', 'lavfi', '-i', `${PICTURE},pad=200:160:4:${above}:green`];
  const sharp = ['-c:v', 'libx264', '-crf', '4', '-pix_fmt', 'yuv420p'];
  ffmpeg(...padded(16), ...sharp, source);
  ffmpeg(...padded(20), ...sharp, movie);
  showOnly(movie, { width: 192, height: 128, down: 4 });
  const crop = ['top=16', 'bottom=16', 'left=4', 'right=4'].flatMap((side) => ['--set', `pixel-crop-${side}`]);
  const shape = ['--set', 'display-width=384', '--set', 'display-height=128'];
  const { failed } = execaSync('mkvpropedit', [source, '--edit', 'track:v1', ...crop, ...shape], { reject: false });
  if (failed) skip('mkvpropedit, which sets such borders, is not installed');
  const { code } = await convert(data, [media], ['--testing', '--crf', '20', '--settle', '0']);
  expect(code).toBe(0);
  const [video] = ffprobe(source, '-show_streams').streams;
  expect(video).toMatchObject({ codec_name: 'av1', width: 192, height: 128, sample_aspect_ratio: '2:1' });
  expect(likeness(upright, source)).toBeGreaterThan(30);
  const shown = path.join(media, 'movie.mkv');
  expect(ffprobe(shown, '-show_streams').streams).toMatchObject([{ codec_name: 'av1', width: 192, height: 128 }]);
  expect(likeness(upright, shown)).toBeGreaterThan(30);
});

it.for(FFMPEGS)(
  'tracks that are switched off stay so, and a title whatever tags of its show say, with $name',
  async ({ env }, { skip }) => {
    const { data, media } = makeHome();
    const [source, xml] = [path.join(media, 'video.mkv'), path.join(tempFolder(), 'tags.xml')];
    const tone = ['-f', 'lavfi', '-i', 'sine=d=1'];
    const streams = ['-map', '0', '-map', '1', '-map', '1', '-c:v', 'libx264', '-crf', '1', '-c:a', 'flac'];
    // Noise for bits that AV1 can save.
    ffmpeg('-f', 'lavfi', '-i', `${PICTURE},noise=alls=20:allf=t`, ...tone, ...streams, source);
    const tag = (level: number, name: string, value: string) =>
      `<Tag><Targets><TargetTypeValue>${level}</TargetTypeValue></Targets><Simple><Name>${name}</Name><String>${value}</String></Simple></Tag>`;
    const tags = [tag(50, 'TITLE', 'Episode'), tag(60, 'PART_NUMBER', '2'), tag(70, 'TITLE', 'Show')];
    writeFileSync(xml, `<?xml version="1.0"?><Tags>${tags.join('')}</Tags>`);
    const edits = ['--tags', `global:${xml}`, '--edit', 'info', '--set', 'title=Real title'];
    const off = ['--edit', 'track:a2', '--set', 'flag-enabled=0'];
    if (execaSync('mkvpropedit', [source, ...edits, ...off], { reject: false }).failed)
      skip('mkvpropedit, which writes such tags and flags, is not installed');
    expect(outcomes(await convert(data, [media], ['--crf', '40'], { env }))).toEqual(['video.mkv: done']);
    expect((await readTracks(source))?.map((track) => track.disabled)).toEqual([undefined, undefined, true]);
    expect((await readTags(source)).title).toBe('Real title');
  },
);
