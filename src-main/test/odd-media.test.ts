/** Odd videos, converted once each: what became of every stream of every one. */
import path from 'node:path';
import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { convert, outcomes } from './support/cli.ts';
import { copyMedia, SHARED } from './support/clips.ts';
import { FFMPEGS, shareOf } from './support/ffmpegs.ts';
import { frameSideData, packetTimes, probe } from './support/media-probe.ts';
import {
  attachmentBytes,
  describeMedia,
  done,
  isCover,
  kept,
  lists,
  mainVideo,
  type Outcome,
  resultOf,
  tag,
  untimed,
  withCaptions,
  withEmpty,
  without,
} from './support/media-suite.ts';
import { makeHome } from './support/temp.ts';

/** A converted video, or the code of the reason why it is skipped. */
const zoo = (ffmpeg?: string): Record<string, Outcome> => ({
  'alpha.webm': 'alpha',
  'anamorphic.mpg': done(25, 'av1 720x576'),
  'av_offset_gap.mkv': done(200, 'av1 320x180', 'opus mono'),
  'bframes_nopts.avi': untimed(done(75, 'av1 320x180')),
  'cc608_sei.mp4': withCaptions(done(75, 'av1 320x180', 'opus mono', 'subrip')),
  'cc608_track.mov': done(75, 'av1 320x180', 'opus mono', 'subrip'),
  'dv5.mp4': 'dolby-vision',
  'dv7.mp4': 'dolby-vision',
  'dv8_hdr10plus.mp4': 'dolby-vision',
  'dv8_rpu_only.mkv': 'dolby-vision',
  'dvbsub.ts': done(75, 'av1 320x180', 'opus mono', 'dvb_subtitle'),
  'elst.mp4': done(95, 'av1 320x180', 'opus mono'),
  'hdr10.mkv': done(48, 'av1 320x180'),
  'hdr10_container.mkv': done(48, 'av1 320x180'),
  'hlg.mkv': done(48, 'av1 320x180'),
  'interlaced_tff.ts': done(50, 'av1 320x180', 'opus mono'),
  'interlaced_unflagged.mkv': done(50, 'av1 320x180'),
  'klv.ts': without({ 2: /data track/i }, done(75, 'av1 320x180', 'opus mono')),
  'layouts.mkv': done(
    25,
    'av1 320x180',
    ...['5.1', '6.1', '6.1', '5.0', '5.1', '6.1', '7.1', '7.1', '7.1'].map((layout) => `opus ${layout}`),
  ),
  'multi.mkv': done(
    72,
    'av1 320x180',
    'opus 5.1',
    'opus mono',
    'opus mono',
    'subrip',
    'ass',
    'mono.ttf',
    'note.txt',
    'blob.bin',
    'cover.jpg',
  ),
  'nodur_opus.webm': done(75, 'av1 320x180', 'opus mono'),
  'odd_321x181.mkv': done(24, 'av1 322x182'),
  'oneframe.mkv': done(1, 'av1 320x180'),
  'opengop_hevc.mkv': done(192, 'av1 320x180'),
  'pcm16ch.mov': done(25, 'av1 320x180', 'pcm_s16le 16'),
  'pgs.mkv': done(75, 'av1 320x180', 'opus mono', 'hdmv_pgs_subtitle'),
  'photo.mkv': 'no-film',
  'rgb.mkv': done(12, 'av1 320x180'),
  'rot90.mp4': done(75, 'av1 180x320'),
  'telecine.mkv': done(90, 'av1 320x180'),
  // The page that it names is never shown.
  'teletext.ts': lists('decoders', 'libzvbi_teletextdec', ffmpeg)
    ? withEmpty([2], done(75, 'av1 320x180', 'opus mono'))
    : without({ 2: /teletext/ }, done(75, 'av1 320x180', 'opus mono')),
  'text_chapters_cover.mp4': without(
    { 3: /Chapter title track/ },
    done(75, 'av1 320x180', 'opus mono', 'subrip', 'cover.jpg'),
  ),
  'tiny_48x36.mkv': 'size',
  'tmcd.mov': without({ 2: /Timecode track/ }, done(75, 'av1 320x180', 'opus mono')),
  'trunc.mkv': 'damaged',
  'vfr_1000.mkv': done(90, 'av1 320x180'),
  'vfr_24_60.mkv': done(118, 'av1 320x180'),
  'vobsub.mkv': done(75, 'av1 320x180', 'opus mono', 'dvd_subtitle'),
  'zero.mp4': 'empty',
});

/** Those of the zoo that are converted by another ffmpeg as well: what versions treat differently, one of each kind. */
const VARIED = [
  ...['anamorphic.mpg', 'bframes_nopts.avi', 'cc608_sei.mp4', 'dvbsub.ts', 'elst.mp4', 'hdr10_container.mkv'],
  ...['interlaced_tff.ts', 'layouts.mkv', 'multi.mkv', 'teletext.ts', 'trunc.mkv', 'vfr_24_60.mkv'],
];
describeMedia('zoo', zoo(), { more: testZoo });

/** Tests of single videos of the zoo. */
function testZoo(media: () => string): void {
  const at = (name: string) => path.join(media(), name);

  it('teletext.ts is left alone for its unreadable teletext, unless tracks may be dropped', async () => {
    const home = makeHome();
    copyMedia(path.join(SHARED, 'zoo'), home.media, (name) => name === 'teletext.ts');
    expect(outcomes(await convert(home.data, [home.media], ['--testing']))).toEqual([
      `teletext.ts: skipped (${lists('decoders', 'libzvbi_teletextdec') ? 'data' : 'old-ffmpeg'})`,
    ]);
  });

  it.for(['hdr10.mkv', 'hdr10_container.mkv'])('%s keeps its HDR10 values in the bitstream', (name) => {
    const sides = frameSideData(at(name));
    const number = (value: unknown) => {
      const [over, under] = String(value).split('/').map(Number);
      return (over ?? Number.NaN) / (under ?? 1);
    };
    const { red_x, green_y, blue_x, white_point_y, min_luminance, max_luminance } =
      sides['Mastering display metadata'] ?? {};
    expect(number(red_x)).toBeCloseTo(0.68, 3);
    expect(number(green_y)).toBeCloseTo(0.69, 3);
    expect(number(blue_x)).toBeCloseTo(0.15, 3);
    expect(number(white_point_y)).toBeCloseTo(0.329, 3);
    expect(number(min_luminance)).toBeCloseTo(0.005, 3);
    expect(number(max_luminance)).toBeCloseTo(1000, 0);
    expect(sides['Content light level metadata']).toMatchObject({ max_content: 1000, max_average: 400 });
    expect(mainVideo(at(name))).toMatchObject({ color_transfer: 'smpte2084', color_primaries: 'bt2020' });
  });

  it('hlg.mkv stays HLG, and no mastering display is invented', () => {
    expect(mainVideo(at('hlg.mkv'))).toMatchObject({
      color_transfer: 'arib-std-b67',
      color_primaries: 'bt2020',
      color_space: 'bt2020nc',
    });
    expect(frameSideData(at('hlg.mkv'))).not.toHaveProperty('Mastering display metadata');
  });

  it('rgb.mkv becomes BT.709 and says so', () => {
    expect(mainVideo(at('rgb.mkv'))).toMatchObject({
      pix_fmt: 'yuv420p10le',
      color_space: 'bt709',
      color_range: 'tv',
    });
  });

  it('anamorphic.mpg keeps the shape of its pixels', () => {
    expect(mainVideo(at('anamorphic.mkv')).sample_aspect_ratio).toBe('64:45');
  });

  it('rot90.mp4 is stored upright, without a matrix that would turn it again', () => {
    expect(mainVideo(at('rot90.mkv')).side_data_list ?? []).toEqual([]);
  });

  it.for(['multi.mkv', 'text_chapters_cover.mp4'])('%s keeps attachments byte for byte', (name) => {
    const original = path.join(SHARED, 'zoo', name);
    const attached = (file: string) => probe(file).streams.filter((s) => isCover(s) || s.codec_type === 'attachment');
    const bytes = (file: string) => {
      // Copied first: the shared folder is read-only.
      const streams = kept(attached(file), { left: {}, empty: [] });
      return streams.map((s) => attachmentBytes(file, s));
    };
    const copy = path.join(media(), '.flotilla', name);
    copyMedia(path.dirname(original), path.dirname(copy), (other) => other === name);
    expect(bytes(at(resultOf(name)))).toEqual(bytes(copy));
    expect(attached(at(resultOf(name))).map((s) => tag(s, 'mimetype'))).toContain('image/jpeg');
  });

  it('multi.mkv has no default sound after as before, and no statistics of its old streams', () => {
    const { streams, format } = probe(at('multi.mkv'));
    expect(streams.filter((s) => s.codec_type === 'audio' && s.disposition.default === 1)).toEqual([]);
    const tags = streams.flatMap((s) => Object.keys(s.tags ?? {}));
    expect(tags.filter((key) => /^(BPS|NUMBER_OF|_STATISTICS)/.test(key))).toEqual([]);
    expect(format.tags).toMatchObject({ title: 'Zoo Feature' });
  });

  it('tmcd.mov keeps its timecode as a tag', () => {
    expect(mainVideo(at('tmcd.mkv')).tags).toMatchObject({ TIMECODE: '01:00:00:00' });
  });

  it('nodur_opus.webm has a duration now, and its Opus packets are the old ones', () => {
    expect(Number(probe(at('nodur_opus.mkv')).format.duration)).toBeCloseTo(3.02, 1);
    const md5 = (file: string) =>
      execaSync('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a', '-c', 'copy', '-f', 'md5', '-']).stdout;
    expect(md5(at('nodur_opus.mkv'))).toBe(md5(path.join(SHARED, 'zoo/nodur_opus.webm')));
  });

  it('cc608_track.mov keeps the words of its captions', () => {
    const args = ['-v', 'error', '-i', at('cc608_track.mkv'), '-map', '0:s', '-f', 'srt', '-'];
    expect(execaSync('ffmpeg', args).stdout).toMatch(/CAPTION/);
  });

  it('cc608_sei.mp4 has the words of its captions as a track, when they were shown', () => {
    const args = ['-v', 'error', '-i', at('cc608_sei.mkv'), '-map', '0:s', '-f', 'srt', '-'];
    expect(execaSync('ffmpeg', args).stdout).toMatch(/00:00:00,6\d\d --> 00:00:02,0\d\d\n.*HELLO CAPTION/);
    expect(probe(at('cc608_sei.mkv')).streams[2]?.tags).toMatchObject({ title: 'Closed captions' });
  });

  it('multi.mkv keeps its languages to the country', ({ skip }) => {
    const { stdout, failed } = execaSync('mkvmerge', ['-J', at('multi.mkv')], { reject: false });
    if (failed) skip('mkvmerge, which reads them independently of Flotilla, is not installed');
    const { tracks } = JSON.parse(stdout) as { tracks: { properties: Record<string, string> }[] };
    expect(tracks.map((t) => `${t.properties.language} ${t.properties.language_ietf}`)).toEqual([
      'eng en',
      'por pt-BR',
      'fre fr-CA',
      'jpn ja',
      'eng en',
      'ger de',
    ]);
  });

  it.for([
    ['pgs.mkv', 2],
    ['vobsub.mkv', 2],
    ['multi.mkv', 4],
    ['multi.mkv', 5],
  ] as const)('%s keeps every subtitle of stream %i', ([name, index]) => {
    expect(packetTimes(at(name), index)).toHaveLength(packetTimes(path.join(SHARED, 'zoo', name), index).length);
  });

  it('av_offset_gap.mkv keeps sound and picture half a second apart, and the hole in the sound', () => {
    const [video, audio] = [0, 1].map((index) => packetTimes(at('av_offset_gap.mkv'), index));
    expect((video?.[0] ?? 0) - (audio?.[0] ?? 0)).toBeCloseTo(0.523, 1);
    const holes = (audio ?? []).slice(1).map((time, i) => time - (audio?.[i] ?? 0));
    expect(Math.max(...holes)).toBeGreaterThan(1.8);
    expect(Math.max(...holes)).toBeLessThan(2.2);
  });

  it('dvbsub.ts keeps picture and sound as far apart as they were', () => {
    const [video = 0, audio = 0] = [0, 1].map((index) => packetTimes(at('dvbsub.mkv'), index)[0]);
    expect(video - audio).toBeGreaterThan(0);
    expect(video - audio).toBeLessThan(0.06);
  });
}

for (const ffmpeg of FFMPEGS.filter(({ installed }) => !installed)) {
  const share = new Set(shareOf(ffmpeg, VARIED));
  const table = Object.entries(zoo(ffmpeg.tools.ffmpeg)).filter(([name]) => share.has(name));
  describeMedia('zoo', Object.fromEntries(table), { ffmpeg });
}
