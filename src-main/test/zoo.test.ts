/** Odd and real films, converted once each: what became of every stream of every one. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VaultEntry } from '../../src-shared/contract.ts';
import {
  convert,
  copyMedia,
  filesIn,
  frameSideData,
  type Line,
  makeHome,
  outcomes,
  type ProbedStream,
  packetTimes,
  probe,
  type Run,
  run,
  SHARED,
  sha256,
} from './helpers.ts';

interface Done {
  /** Frames of the result. */
  frames: number;
  /** Its streams, in order. */
  streams: string[];
  /** Streams of the source that are left out, with what the plan calls them. */
  left: Record<number, RegExp>;
  /** Streams of the source that become texts, and turn out to have none. */
  empty: number[];
  /** Tracks that were inside the pictures, and have labels of our own. */
  added: number;
  /** Frames come from packets without times, or from two of them each, so that times cannot be compared one by one. */
  untimed: boolean;
}

/** A film that is converted. */
const done = (frames: number, ...streams: string[]): Done => ({
  frames,
  streams,
  left: {},
  empty: [],
  added: 0,
  untimed: false,
});
/** A film that is converted without some of its streams. */
const without = (left: Done['left'], film: Done): Done => ({ ...film, left });
const withEmpty = (empty: number[], film: Done): Done => ({ ...film, empty });
const withCaptions = (film: Done): Done => ({ ...film, added: 1 });
const untimed = (film: Done): Done => ({ ...film, untimed: true });

type Outcome = Done | string;

/** Tells whether the installed ffmpeg has something, by one of its lists. */
const lists = (list: string, name: string) =>
  execaSync('ffmpeg', ['-hide_banner', ...`-${list}`.split(' ')]).stdout.includes(name);

/** A converted film, or the code of the reason why it is skipped. */
const ZOO: Record<string, Outcome> = {
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
  'teletext.ts': lists('decoders', 'libzvbi_teletextdec')
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
};

const MEDIA: Record<string, Outcome> = {
  'av1_hdr10_mdcv_clli.mp4': 'av1',
  'bbb_mpeg4_aac51.mkv': 'damaged',
  'big_buck_bunny_0_30.webm': done(720, 'av1 1280x720', 'opus stereo'),
  'chapters.mp4': without({ 2: /Chapter title track/ }, done(30, 'av1 1080x720', 'opus mono')),
  'cockatoo_444.mp4': done(280, 'av1 1280x720', 'opus mono'),

  'corrupted.mp4': 'damaged',
  'coverart_mjpeg_60fps.mov': without({ 1: /Timecode track/ }, done(300, 'av1 800x600', 'cover.jpg')),
  'drone_hevc_338p.mp4': done(2061, 'av1 600x338'),
  'flir_vfr_1080x1440.mp4': done(84, 'av1 1080x1440', 'opus mono'),
  'goldengate_portrait.mp4': done(396, 'av1 720x1280'),
  'gopro_karma_gpmf.mp4': without(
    { 2: /Timecode track/, 3: /GoPro telemetry/, 4: /GoPro recovery/ },
    done(362, 'av1 854x480', 'opus stereo'),
  ),
  'hdr10plus_hevc.mkv': 'hdr10-plus',
  'hevc_pq_stream_sdr_container.mp4': 'hdr10-plus',
  'highway_540p60.mp4': done(1769, 'av1 960x540'),
  'iphone_dv84_hlg_editlist.mp4': lists('h encoder=libsvtav1', '-dolbyvision')
    ? without({ 2: /metadata track/, 3: /metadata track/ }, done(77, 'av1 1080x1920', 'opus stereo'))
    : 'old-ffmpeg',
  'iphone_rotated_gps.mov': without(
    { 2: /metadata track/, 3: /metadata track/ },
    done(120, 'opus mono', 'av1 320x568'),
  ),
  'kodak_mjpeg.AVI': done(41, 'av1 320x240', 'opus mono'),
  'lego_sorenson.flv': done(139, 'opus mono', 'av1 320x240'),
  'lego_wmv2.asf': done(161, 'av1 560x320', 'opus stereo'),
  // Not every packet has a time of its own.
  'movie_hello.mpeg': untimed(done(249, 'av1 640x480', 'opus stereo')),
  // AMR stays as it is: Opus frames cannot always be cut from it.
  'phone_h263_amr.3gp': done(222, 'av1 176x144', 'amr_nb 1'),
  'screen_bbc_page.mp4': done(445, 'av1 2732x1376'),
  'sintel_trailer-720p.mp4': done(1253, 'av1 1280x720', 'opus stereo'),
  // Each of its packets holds one field.
  'sony_a7m3_avchd.mts': untimed(done(13, 'av1 1920x1080', 'opus stereo', 'hdmv_pgs_subtitle')),
  'two_audio_theora.ogv': without({ 0: /Data track/ }, done(101, 'av1 426x240', 'opus mono', 'opus stereo')),
  'vobsub_and_pgs.mkv': done(74, 'av1 176x144', 'dvd_subtitle', 'hdmv_pgs_subtitle'),
  'vp9_opus_sync.webm': done(1503, 'av1 640x480', 'opus stereo'),
  'vtest_surveillance.avi': untimed(done(795, 'av1 768x576')),
};

/** No film by its name, so that scans pass it by. */
const isFilm = (name: string) => !/\.(md|sh|mp3)$/.test(name);
const resultOf = (name: string) => `${path.parse(name).name}.mkv`;
/** Matroska counts in whole milliseconds: source and result may each be rounded by half of one. */
const ROUNDING = 0.0011;
const FLAGS = ['default', 'forced', 'hearing_impaired', 'visual_impaired', 'original', 'comment'];

const isCover = (stream: ProbedStream) => stream.disposition.attached_pic === 1;
const tag = (stream: ProbedStream, name: string) =>
  Object.entries(stream.tags ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];

/** A stream in the words of the tables above. */
function inWords(stream: ProbedStream): string | undefined {
  if (isCover(stream) || stream.codec_type === 'attachment') return tag(stream, 'filename');
  if (stream.codec_type === 'video') return `${stream.codec_name} ${stream.width}x${stream.height}`;
  if (stream.codec_type === 'audio') return `${stream.codec_name} ${stream.channel_layout ?? stream.channels}`;
  return stream.codec_name;
}

/** Language, title and flags, which a conversion keeps. */
function labels(stream: ProbedStream) {
  const language = tag(stream, 'language');
  const isText = isCover(stream) || stream.codec_type === 'attachment';
  return {
    kind: isText ? 'attachment' : stream.codec_type,
    language: language === 'und' ? undefined : language,
    title: tag(stream, 'title'),
    flags: isText ? [] : FLAGS.filter((flag) => stream.disposition[flag] === 1),
  };
}

/** Streams of a source in the order of its result: pictures, sound and texts, then attachments, then covers. */
function kept(streams: ProbedStream[], { left, empty }: Pick<Done, 'left' | 'empty'>): ProbedStream[] {
  const rank = (stream: ProbedStream) => (isCover(stream) ? 2 : stream.codec_type === 'attachment' ? 1 : 0);
  return streams.filter((s) => !(s.index in left || empty.includes(s.index))).sort((a, b) => rank(a) - rank(b));
}

/** Bytes of an attachment or a cover. */
function attachmentBytes(file: string, stream: ProbedStream): Buffer {
  const out = path.join(path.dirname(file), '..', `attachment-${stream.index}`);
  const args = isCover(stream)
    ? ['-i', file, '-map', `0:${stream.index}`, '-c', 'copy', '-f', 'image2', '-update', '1', out]
    : [`-dump_attachment:${stream.index}`, out, '-i', file];
  // Without an output ffmpeg calls a mere dump an error.
  execaSync('ffmpeg', ['-nostdin', '-v', 'quiet', '-y', ...args], { reject: false });
  return readFileSync(out);
}

function mainVideo(file: string): ProbedStream {
  const video = probe(file).streams.find((s) => s.codec_type === 'video' && !isCover(s));
  if (!video) throw new Error(`${file} has no video`);
  return video;
}

function suite(folder: 'zoo' | 'media', table: Record<string, Outcome>, more: (media: () => string) => void): void {
  const source = path.join(SHARED, folder);
  if (!existsSync(source)) {
    it(`converts the films of ../shared/${folder}`, ({ skip }) => skip(`../shared/${folder} is not there`));
    return;
  }
  describe(`the films of ../shared/${folder}`, () => {
    let home: ReturnType<typeof makeHome>;
    let conversion: Run;
    let vault: Map<string, VaultEntry>;
    let said: Map<string, Line>;
    beforeAll(async () => {
      home = makeHome();
      copyMedia(source, home.media, isFilm);
      conversion = await convert(home.data, [home.media], ['--testing', '--data-streams', 'drop']);
      const list = await run(['vault', 'list', '--json', '--data', home.data]);
      const entries = JSON.parse(list.stdout) as VaultEntry[];
      vault = new Map(entries.map((entry) => [path.basename(entry.original), entry]));
      said = new Map(conversion.lines.filter((l) => l.type === 'file').map((line) => [String(line.path), line]));
    }, 1_800_000);

    it('ends well, with a summary of all', () => {
      const skipped = Object.values(table).filter((outcome) => typeof outcome === 'string').length;
      expect(conversion).toMatchObject({ code: 0, stderr: '' });
      const counts = { done: Object.keys(table).length - skipped, skipped };
      expect(conversion.lines.at(-1)).toMatchObject({ type: 'summary', files: Object.keys(table).length, counts });
    });

    it('knows every film of the folder', () => {
      expect(readdirSync(source).filter((name) => /\.\w{2,4}$/.test(name) && isFilm(name))).toEqual(
        Object.keys(table).sort((a, b) => (a < b ? -1 : 1)),
      );
    });

    it('leaves results, skipped films, the vault, and nothing else', () => {
      const results = Object.entries(table).map(([name, o]) => (typeof o === 'string' ? name : resultOf(name)));
      const ids = [...vault.values()].flatMap(({ id }) => [`${id}.json`, `${id}.original`]);
      const keepOut = ['.ignore', '.nomedia', '.plexignore'].map((name) => `.flotilla/${name}`);
      expect(filesIn(home.media)).toEqual(
        [...results, ...keepOut, ...ids.map((name) => `.flotilla/vault/${name}`)].sort(),
      );
      expect(filesIn(path.join(home.data, 'temp'))).toEqual([]);
      expect(filesIn(path.join(home.data, 'children'))).toEqual([]);
    });

    describe.for(Object.entries(table))('%s', ([name, outcome]) => {
      const original = path.join(source, name);
      const result = () => path.join(home.media, resultOf(name));

      if (typeof outcome === 'string') {
        it(`is skipped: ${outcome}`, () => {
          expect(said.get(name)).toMatchObject({ state: 'skipped', code: outcome });
          expect(said.get(name)?.reason).toMatch(/^[A-Z].*\.$/);
          expect(sha256(path.join(home.media, name))).toBe(sha256(original));
        });
        return;
      }

      it('is replaced, and kept in the vault as it was', () => {
        const end = said.get(resultOf(name)) ?? said.get(name);
        expect(end).toMatchObject({ state: 'done', reason: null });
        expect(end).toMatchObject({ sourceSize: lstatSync(original).size, resultSize: lstatSync(result()).size });
        const file = path.join(home.media, '.flotilla/vault', `${vault.get(name)?.id}.original`);
        expect(sha256(file)).toBe(sha256(original));
        expect(vault.get(name)).toMatchObject({ result: result(), keepUntil: null });
        // To the microsecond, which is what utimes takes in seconds keep.
        expect(Math.abs(lstatSync(result()).mtimeMs - lstatSync(file).mtimeMs)).toBeLessThan(0.002);
      });

      it('keeps its streams, their names and flags, and its chapters', () => {
        const [before, after] = [probe(original), probe(result())];
        expect(after.streams.map(inWords)).toEqual(outcome.streams);
        const own = after.streams.slice(0, after.streams.length - outcome.added);
        expect(own.map(labels)).toEqual(kept(before.streams, outcome).map(labels));
        const chapters = ({ chapters: all }: typeof before) =>
          all.map((c) => [Number(c.start_time).toFixed(2), Number(c.end_time).toFixed(2), c.tags?.title]);
        expect(chapters(after)).toEqual(chapters(before));
        expect(after.format.format_name).toBe('matroska,webm');
      });

      it('keeps every frame at its time', () => {
        const to = packetTimes(result(), mainVideo(result()).index);
        expect(to).toHaveLength(outcome.frames);
        if (outcome.untimed) return;
        const from = packetTimes(original, mainVideo(original).index);
        expect(from).toHaveLength(outcome.frames);
        const shift = (to[0] ?? 0) - (from[0] ?? 0);
        const moved = from.map((time, i) => Math.abs((to[i] ?? Number.NaN) - time - shift));
        expect(Math.max(...moved)).toBeLessThanOrEqual(ROUNDING);
      });

      if (Object.keys(outcome.left).length === 0) return;
      it('is planned with a reason for each stream that is left out', async () => {
        const { stdout } = await run(['plan', original, '--json', '--data', home.data, '--data-streams', 'drop']);
        const { plan } = JSON.parse(stdout) as {
          plan: { streams: { action: string; source: number; from: string; why?: string }[] };
        };
        const left = plan.streams.filter((s) => s.action === 'drop');
        expect(left.map((s) => s.source)).toEqual(Object.keys(outcome.left).map(Number));
        for (const { source: index, from, why } of left) {
          expect(from).toMatch(outcome.left[index] as RegExp);
          expect(why).toMatch(/^(Matroska |the chapters themselves hold their titles|it only |its timecode )/);
        }
      });
    });

    more(() => home.media);
  });
}

suite('zoo', ZOO, (media) => {
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
});

suite('media', MEDIA, (media) => {
  const at = (name: string) => path.join(media(), name);

  it('iphone_rotated_gps.mov is stored upright', () => {
    expect(mainVideo(at('iphone_rotated_gps.mkv')).side_data_list ?? []).toEqual([]);
  });

  it('gopro_karma_gpmf.mp4 and kodak_mjpeg.AVI go from full to limited range', () => {
    for (const name of ['gopro_karma_gpmf.mkv', 'kodak_mjpeg.mkv']) {
      expect(mainVideo(at(name))).toMatchObject({ color_range: 'tv', pix_fmt: 'yuv420p10le' });
    }
  });

  it('drone_hevc_338p.mp4 keeps the shape of its pixels', () => {
    expect(mainVideo(at('drone_hevc_338p.mkv')).sample_aspect_ratio).toBe('676:675');
  });

  it('phone_h263_amr.3gp keeps the shape of its pixels', () => {
    expect(mainVideo(at('phone_h263_amr.mkv')).sample_aspect_ratio).toBe('12:11');
  });
});
