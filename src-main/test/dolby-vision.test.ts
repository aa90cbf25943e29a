/** What becomes of Dolby Vision: by the version of ffmpeg, the kind of metadata, and who proves the result. */
import { copyFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src-shared/media/probe.ts';
import type { Tools } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Timelines } from '../media/ffmpeg/timeline.ts';
import { type DolbyTrack, DolbyVision } from '../media/verify/pictures/check-dolby-vision.ts';
import { convert, outcomes } from './support/cli.ts';
import { FRAMES, makeDolbyVision } from './support/dolby-vision.ts';
import { FFMPEGS, type Ffmpeg, shareOf } from './support/ffmpegs.ts';
import { makeHome, tempFolder } from './support/temp.ts';

const HLG = { compatibility: 4, transfer: 'arib-std-b67' } as const;

const NEWEST = Math.max(...FFMPEGS.map(({ release }) => release));

/** A kind of source, and its outcome where ffmpeg can keep the metadata: the profile of the result, or a code. */
const KINDS: [name: string, vision: Parameters<typeof makeDolbyVision>[1], outcome: string][] = [
  ['8.1', {}, '10.1'],
  ['8.1 with borders', { borders: 8 }, '10.1'],
  ['8.4', HLG, '10.4'],
  ['8.4 turned', { ...HLG, turned: true }, '10.4'],
  ['8.4 turned with borders', { ...HLG, turned: true, borders: 8 }, 'dolby-vision'],
  ['8.1 with frames that lack it', { until: 7 }, 'dolby-vision'],
  ['8.1 with an enhancement layer', { enhanced: true }, 'dolby-vision'],
  ['8.1 that says HLG', { transfer: 'arib-std-b67' }, 'dolby-vision'],
  ['5', { profile: 5, compatibility: 0 }, 'dolby-vision'],
  ['7', { profile: 7, compatibility: 6, enhanced: true }, 'dolby-vision'],
  ['without a record', { unrecorded: true }, 'dolby-vision'],
];
/** Those whose plan keeps the metadata, which an older ffmpeg cannot do. */
const PLANNED = /^8\.(1|4)( with borders| turned.*| with frames.*)?$/;

let sources = '';
beforeAll(() => {
  sources = tempFolder();
  for (const [name, vision] of KINDS) makeDolbyVision(path.join(sources, `${name}.mp4`), vision);
  makeDolbyVision(path.join(sources, 'brighter.mp4'), { brightness: 3000 });
});
const source = (name: string) => path.join(sources, `${name}.mp4`);

/** Converts sources with an ffmpeg. */
async function converted(names: string[], env: { PATH: string }, options: string[] = []) {
  const { data, media } = makeHome();
  for (const name of names) copyFileSync(source(name), path.join(media, `${name}.mp4`));
  for (const name of names) utimesSync(path.join(media, `${name}.mp4`), 1e9, 1e9);
  return { media, run: await convert(data, [media], options, { env }) };
}

/** The record of a result, and how many of its frames have metadata. */
function readBack(file: string, ffprobe: string) {
  const ask = (what: string[]) =>
    JSON.parse(execaSync(ffprobe, ['-v', 'error', '-select_streams', 'v:0', '-of', 'json', ...what, file]).stdout);
  const sides: { dv_profile?: number; dv_bl_signal_compatibility_id?: number }[] =
    ask(['-show_streams']).streams[0].side_data_list ?? [];
  const record = sides.find((side) => side.dv_profile !== undefined);
  const { frames } = ask(['-show_frames', '-show_entries', 'frame=pts:frame_side_data=side_data_type']);
  const has = (frame: { side_data_list?: { side_data_type: string }[] }) =>
    frame.side_data_list?.some((side) => side.side_data_type === 'Dolby Vision Metadata');
  return {
    profile: record && `${record.dv_profile}.${record.dv_bl_signal_compatibility_id}`,
    ...{ frames: frames.length, described: frames.filter(has).length },
  };
}

describe.each(FFMPEGS)('with $name', (tested) => {
  const { release, tools, env } = tested;
  const able = release >= 7.1;
  const kinds = shareOf(tested, KINDS);

  it('is kept where it can be, and left alone with the reason where it cannot', async () => {
    const { media, run } = await converted(
      kinds.map(([name]) => name),
      env,
    );
    const wanted = kinds.map(([name, , outcome]) => {
      const code = able || !PLANNED.test(name) ? outcome : 'old-ffmpeg';
      return /^10/.test(code) ? `${name}.mkv: done` : `${name}.mp4: skipped (${code})`;
    });
    expect(outcomes(run)).toEqual(wanted.sort());
    if (!able) {
      const reasons = run.lines.filter(({ code }) => code === 'old-ffmpeg').map(({ reason }) => reason);
      for (const reason of reasons) expect(reason).toMatch(/Dolby Vision.*ffmpeg 7\.1 or newer/);
      return;
    }
    for (const [name, , outcome] of kinds.filter(([, , kind]) => kind.startsWith('10'))) {
      const result = path.join(media, `${name}.mkv`);
      expect(readBack(result, tools.ffprobe)).toEqual({ profile: outcome, frames: FRAMES, described: FRAMES });
    }
  });

  it.runIf(able && release === NEWEST)('is kept in MP4 too', async () => {
    const { media, run } = await converted(['8.4'], env, ['--container', 'source']);
    expect(outcomes(run)).toEqual(['8.4.mp4: done']);
    const found = readBack(path.join(media, '8.4.mp4'), tools.ffprobe);
    expect(found).toEqual({ profile: '10.4', frames: FRAMES, described: FRAMES });
  });
});

describe.runIf(FFMPEGS.some(({ release }) => release >= 7.1))('the proof', () => {
  const newest = FFMPEGS.find(({ release }) => release >= 7.1);
  let [folder, right, bare] = ['', '', ''];
  beforeAll(() => {
    folder = tempFolder();
    [right, bare] = ['right.mkv', 'bare.mkv'].map((name) => path.join(folder, name)) as [string, string];
    for (const [file, on] of [
      [right, '1'],
      [bare, '0'],
    ] as const) {
      const args = ['-c:v', 'libsvtav1', '-preset', '13', '-pix_fmt', 'yuv420p10le', '-dolbyvision', on];
      execaSync(newest?.tools.ffmpeg ?? '', ['-nostdin', '-v', 'error', '-y', '-i', source('8.1'), ...args, file]);
    }
  });

  async function check(from: string, to: string, { tools }: { tools: Tools }): Promise<void> {
    const processes = await ProcessManager.create(path.join(folder, 'notes'));
    const timelines = new Timelines(processes, tools);
    const track = async (file: string, codec: DolbyTrack['codec'], demuxer: string): Promise<DolbyTrack> => {
      const streams: Probe['streams'] = [{ index: 0, type: 'video', width: 160, height: 96 }];
      const timeline = (await timelines.read(file, '1', { format: demuxer, streams })).get(0);
      if (!timeline) throw new Error('no timeline');
      return { file, codec, demuxer, index: 0, timeline };
    };
    const [before, after] = [await track(from, 'hevc', 'mov'), await track(to, 'av1', 'matroska')];
    await new DolbyVision(processes, tools).check(before, after, {});
  }

  it.each(FFMPEGS)('accepts a result of another version with $name', async (ffmpeg) => {
    await expect(check(source('8.1'), right, ffmpeg)).resolves.toBeUndefined();
    await expect(check(source('brighter'), right, ffmpeg)).rejects.toThrow(
      /metadata at \d\.\d s is not the original's/,
    );
  });

  it.each([
    ['a result without it', '8.1', 'bare', /12 frames of the result carry no Dolby Vision metadata/],
    ['an original that lacks some', '8.1 with frames that lack it', 'right', /5 frames of the original carry no/],
    ['another active area', '8.1 with borders', 'right', /metadata at \d\.\d s is not the original's/],
  ])('refuses %s', async (_, from, to, reason) => {
    const [installed] = FFMPEGS as [Ffmpeg];
    await expect(check(source(from), to === 'right' ? right : bare, installed)).rejects.toThrow(reason);
  });
});
