import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../fleet/worker-info.ts';
import { captionArgs } from './caption-args.ts';
import { coverArgs, encodeArgs, inputArgs, pictureArgs, preflightArgs, resultStreams } from './ffmpeg-args.ts';
import type { Plan } from './plan.ts';
import type { AudioEncode, StreamPlan, VideoEncode } from './stream-plan.ts';
import { whyUnable } from './video-args.ts';

const CAPS: Capabilities = {
  version: '5.1.9',
  libsvtav1: true,
  svtav1: 'SVT-AV1 1.4.1',
  libopus: true,
  fpsMode: true,
  cuesToFront: true,
  svtav1Params: true,
  bwdif: true,
  dolbyVisionCoding: false,
  applyCropping: false,
  demuxTimeBase: false,
  teletext: false,
  xpsnr: false,
};
const words = { from: '', to: '' };
const video = (over: Partial<VideoEncode> = {}): VideoEncode => ({
  action: 'encode',
  type: 'video',
  source: 0,
  ...words,
  preset: 8,
  crf: 35,
  keyint: 240,
  width: 1280,
  height: 720,
  colour: {},
  ...over,
});
const opus = (source: number, over: Partial<AudioEncode> = {}): AudioEncode => ({
  action: 'opus',
  type: 'audio',
  source,
  ...words,
  kbps: 96,
  channels: 2,
  ...over,
});
type Copied = Extract<StreamPlan, { action: 'copy' }>;
const copy = (source: number, type: Copied['type'], over: Partial<Copied> = {}): StreamPlan => ({
  action: 'copy',
  type,
  source,
  ...words,
  ...over,
});
const text = (source: number, codec: 'subrip' | 'mov_text' = 'subrip'): StreamPlan => ({
  action: 'text',
  type: 'subtitle',
  source,
  codec,
  ...words,
});
const drop = (source: number): StreamPlan => ({ action: 'drop', type: 'data', source, ...words });
const cover = (source: number, filename: string, mimetype: string): StreamPlan => ({
  action: 'cover',
  type: 'cover',
  source,
  ...words,
  filename,
  mimetype,
});
const plan = (...streams: StreamPlan[]): Plan => ({ kind: 'convert', demuxer: 'matroska', container: 'mkv', streams });
const FILES = { input: '/in.mkv', output: '/tmp/out.part', covers: ['/tmp/a.jpg', '/tmp/b.png'] };
const encode = (made: Plan, caps: Partial<Capabilities> = {}, flags: [number, string[]][] = []) =>
  encodeArgs(
    made,
    FILES,
    { ...CAPS, ...caps },
    new Map(flags.map(([index, dispositions]) => [index, { dispositions }])),
  );

/** Every value that follows `option`. */
const valuesOf = (args: string[], option: string) => args.filter((_, i) => args[i - 1] === option);

const STALE =
  'BPS BPS-eng DURATION DURATION-eng NUMBER_OF_FRAMES NUMBER_OF_FRAMES-eng NUMBER_OF_BYTES NUMBER_OF_BYTES-eng _STATISTICS_WRITING_APP _STATISTICS_WRITING_APP-eng _STATISTICS_WRITING_DATE_UTC _STATISTICS_WRITING_DATE_UTC-eng _STATISTICS_TAGS _STATISTICS_TAGS-eng'.split(
    ' ',
  );

it('writes the title of the file after the tags, which may have another', () => {
  const args = encode({ ...plan(video()), title: 'Film = 1' });
  expect(args.indexOf('title=Film = 1')).toBeGreaterThan(args.indexOf('-map_metadata'));
  expect(encode(plan(video())).some((arg) => arg.startsWith('title='))).toBe(false);
});

it('writes the whole command', () => {
  const made = plan(video(), opus(1, { kbps: 256, channels: 6, layout: '5.1' }), copy(2, 'subtitle'));
  const command = `-nostdin -hide_banner -y -loglevel level+verbose -progress pipe:1 -nostats -stats_period 1
    -protocol_whitelist file -f matroska -i file:/in.mkv -map 0:0 -map 0:1 -map 0:2 -c copy
    -c:v:0 libsvtav1 -preset:v:0 8 -crf:v:0 35 -g:v:0 240 -pix_fmt:v:0 yuv420p10le
    -fps_mode:v:0 passthrough -enc_time_base:v:0 -1 -disposition:v:0 0
    -c:a:0 libopus -b:a:0 256k -filter:a:0 aformat=sample_fmts=flt:channel_layouts=5.1 -mapping_family:a:0 1 -disposition:a:0 default
    -disposition:s:0 forced+hearing_impaired
    -map_metadata 0 ${STALE.map((tag) => `-metadata:s ${tag}=`).join(' ')}
    -max_muxing_queue_size 4096 -cues_to_front 1 -f matroska file:/tmp/out.part`;
  const flags: [number, string[]][] = [
    [1, ['default']],
    [2, ['forced', 'hearing_impaired']],
  ];
  expect(encode(made, {}, flags)).toEqual(command.split(/\s+/));
});

it.each([
  ['SVT-AV1 1.4.1', '8'],
  ['SVT-AV1 2.3.0', '7'],
  ['SVT-AV1 4.2.0', '5'],
])('gives %s the preset of its own that stands for 8', (svtav1, preset) => {
  expect(valuesOf(encode(plan(video()), { svtav1 }), '-preset:v:0')).toEqual([preset]);
});

it.each([
  ['SVT-AV1 1.4.1', '35', undefined],
  ['SVT-AV1 2.3.0', '38', 'enable-variance-boost=1'],
  ['SVT-AV1 4.2.0', '39', 'enable-variance-boost=1'],
])('gives %s the CRF of its own that stands for 35', (svtav1, crf, params) => {
  const args = encode(plan(video()), { svtav1 });
  expect(valuesOf(args, '-crf:v:0')).toEqual([crf]);
  expect(valuesOf(args, '-svtav1-params:v:0')).toEqual([params].filter(Boolean));
});

describe('timing', () => {
  it.each([
    [true, '-fps_mode:v:0', '-vsync'],
    [false, '-vsync', '-fps_mode:v:0'],
  ])('passes through with fpsMode %s', (fpsMode, used, unused) => {
    const args = encode(plan(video()), { fpsMode });
    expect(valuesOf(args, used)).toEqual(['passthrough']);
    expect(args).not.toContain(unused);
    expect(valuesOf(args, '-enc_time_base:v:0')).toEqual(['-1']);
    expect(args.filter((arg) => arg.startsWith('-r'))).toEqual([]);
  });

  it.each([true, false])(
    'keeps the time base of the source by the word that ffmpeg knows: demux %s',
    (demuxTimeBase) => {
      const args = encode(plan(video()), { demuxTimeBase });
      expect(valuesOf(args, '-enc_time_base:v:0')).toEqual([demuxTimeBase ? 'demux' : '-1']);
    },
  );

  it('names another rate only where SVT-AV1 would refuse the own one, still passing timestamps through', () => {
    const args = encode(plan(video({ nominalRate: 60 })));
    expect(valuesOf(args, '-svtav1-params:v:0')).toEqual(['fps-num=60:fps-denom=1']);
    expect([valuesOf(args, '-fps_mode:v:0'), args.includes('-r:v:0')]).toEqual([['passthrough'], false]);
  });

  it.each([true, false])('asks for cues in front only where they are known: %s', (cuesToFront) => {
    expect(valuesOf(encode(plan(video()), { cuesToFront }), '-cues_to_front')).toEqual(cuesToFront ? ['1'] : []);
  });
});

describe('streams', () => {
  const mixed = plan(
    cover(0, 'cover.jpg', 'image/jpeg'),
    video({ source: 1 }),
    copy(2, 'attachment'),
    drop(3),
    opus(4),
    copy(5, 'subtitle'),
    video({ source: 6, crf: 20 }),
    copy(7, 'attachment', { filename: 'attachment-7', mimetype: 'application/octet-stream' }),
    text(8),
    copy(9, 'audio'),
    opus(10, { channels: 3, kbps: 320 }),
    cover(11, 'back.png', 'image/png'),
  );
  const args = encode(mixed, {}, [
    [9, ['comment', 'default']],
    [10, []],
  ]);

  it('are mapped one by one, attachments last, covers and left-out ones not at all', () => {
    expect(valuesOf(args, '-map')).toEqual(['0:1', '0:4', '0:5', '0:6', '0:8', '0:9', '0:10', '0:2', '0:7']);
    expect(resultStreams(mixed).map((s) => s.source)).toEqual([1, 4, 5, 6, 8, 9, 10, 2, 7, 0, 11]);
    expect(mixed.streams.map((s) => s.source)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('are copied unless their own number says otherwise', () => {
    const codecs = args.flatMap((arg, i) => (/^-c(:|$)/.test(arg) ? `${arg} ${args[i + 1]}` : []));
    const own = ['-c:v:0 libsvtav1', '-c:a:0 libopus', '-c:v:1 libsvtav1', '-c:s:1 srt', '-c:a:2 libopus'];
    expect(codecs).toEqual(['-c copy', ...own]);
    expect([valuesOf(args, '-crf:v:0'), valuesOf(args, '-crf:v:1')]).toEqual([['35'], ['20']]);
    expect([valuesOf(args, '-b:a:0'), valuesOf(args, '-b:a:2')]).toEqual([['96k'], ['320k']]);
    expect(args.filter((arg) => arg.startsWith('-mapping_family'))).toEqual(['-mapping_family:a:2']);
    expect(args.filter((arg) => arg.startsWith('-filter'))).toEqual([]);
  });

  it('have explicit flags, 0 where none is set, attachments none', () => {
    const flags = args.flatMap((arg, i) => (arg.startsWith('-disposition') ? `${arg.slice(13)} ${args[i + 1]}` : []));
    expect(flags).toEqual(['v:0 0', 'a:0 0', 's:0 0', 'v:1 0', 's:1 0', 'a:1 comment+default', 'a:2 0']);
  });

  it('number attachments first and covers after them', () => {
    expect(valuesOf(args, '-attach')).toEqual(['file:/tmp/a.jpg', 'file:/tmp/b.png']);
    const tags = args.flatMap((arg, i) => (arg.startsWith('-metadata:s:t') ? `${arg.slice(13)} ${args[i + 1]}` : []));
    expect(tags).toEqual(
      [
        '1 filename=attachment-7',
        '1 mimetype=application/octet-stream',
        '2 filename=cover.jpg',
        '2 mimetype=image/jpeg',
        '3 filename=back.png',
        '3 mimetype=image/png',
      ].map((tag) => `:${tag}`),
    );
    expect(valuesOf(encode(plan(video(), cover(1, 'c.jpg', 'image/jpeg'))), '-metadata:s:t:0')).toHaveLength(2);
  });

  it('lose the statistics of the source', () => {
    expect(valuesOf(args, '-metadata:s')).toEqual(STALE.map((tag) => `${tag}=`));
  });
});

describe('picture', () => {
  it.each<[Partial<VideoEncode>, string[]]>([
    [{}, []],
    [
      { colour: { range: 'tv', matrix: 'bt2020nc', transfer: 'smpte2084', primaries: 'bt2020' } },
      ['setparams=range=tv:color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc'],
    ],
    [{ colour: { transfer: 'vlog' } }, []],
    [{ hideMatrix: true, colour: { range: 'tv' } }, ['setparams=range=tv:colorspace=unknown']],
    [{ deinterlace: 'flagged' }, ['bwdif=mode=send_frame:deint=interlaced']],
    [{ deinterlace: 'flagged', fieldRate: true }, ['bwdif=mode=send_field:deint=all']],
    [{ deinterlace: 'bff' }, ['bwdif=mode=send_frame:parity=bff:deint=all']],
    [{ limitRange: true }, ['setparams=range=pc,scale=out_range=tv']],
    [{ pad: true }, ['pad=ceil(iw/2)*2:ceil(ih/2)*2']],
    [{ fromRgb: true }, ['scale=out_color_matrix=bt709:out_range=tv']],
    [
      { deinterlace: 'flagged', pad: true, fromRgb: true },
      [
        'bwdif=mode=send_frame:deint=interlaced,scale=out_color_matrix=bt709:out_range=tv,pad=ceil(iw/2)*2:ceil(ih/2)*2',
      ],
    ],
  ])('filters for %j', (over, filters) => {
    const args = encode(plan(video(over)));
    expect(valuesOf(args, '-filter:v:0')).toEqual(filters);
    expect(valuesOf(args, '-colorspace:v:0')).toEqual(over.fromRgb ? ['bt709'] : []);
    expect(valuesOf(args, '-color_range:v:0')).toEqual(over.fromRgb || over.limitRange ? ['tv'] : []);
  });

  const mastering = {
    green: [0.265, 0.69] as [number, number],
    blue: [0.15, 0.06] as [number, number],
    red: [0.68, 0.32] as [number, number],
    white: [0.3127, 0.329] as [number, number],
    maxLuminance: 1000,
    minLuminance: 0.005,
  };
  const display = 'mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005)';
  const contentLight = { maxCll: 1000, maxFall: 400 };
  it.each<[string, Partial<VideoEncode>, string[]]>([
    ['both', { mastering, contentLight }, [`${display}:content-light=1000,400`]],
    ['the display', { mastering }, [display]],
    ['the light level', { contentLight }, ['content-light=1000,400']],
    ['nothing', {}, []],
    // The smallest steps of SMPTE ST 2086 stay plain decimals.
    [
      'fine steps',
      { mastering: { ...mastering, red: [0.00002, 0.70798], maxLuminance: 4000.5, minLuminance: 0.0001 } },
      ['mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.00002,0.70798)WP(0.3127,0.329)L(4000.5,0.0001)'],
    ],
  ])('HDR parameters for %s, errors in them fatal', (_, over, params) => {
    const args = encode(plan(video(over)));
    expect(valuesOf(args, '-svtav1-params:v:0')).toEqual(params);
    expect(valuesOf(args, '-err_detect:v:0')).toEqual(params.map(() => 'explode'));
    // Said again where a newer ffmpeg carries the values over by itself.
    expect(encode(plan(video(over)), { version: '8.0' })).toEqual(args);
    const why = whyUnable(video(over), { ...CAPS, version: '5.0', svtav1Params: false });
    expect(why ?? '').toMatch(params.length > 0 ? /HDR10.* ffmpeg 5\.0 .*install ffmpeg 5\.1/ : /^$/);
    expect(whyUnable(video(over), CAPS)).toBeUndefined();
  });
});

describe('file names', () => {
  const odd = [
    '-i.mkv',
    '-y',
    '/videos/12:30 show.mkv',
    '/videos/100% %d.mkv',
    '/videos/a\n-map 0.mkv',
    'concat:a|b',
    "/a'b c",
  ];
  const made = plan(video(), copy(1, 'subtitle'), cover(2, '-map', 'image/jpeg'));
  const commands = (path: string) => [
    inputArgs('matroska', path),
    encodeArgs(made, { input: path, output: '/o', covers: ['/c'] }, CAPS, new Map()),
    encodeArgs(made, { input: '/i', output: path, covers: ['/c'] }, CAPS, new Map()),
    encodeArgs(made, { input: '/i', output: '/o', covers: [path] }, CAPS, new Map()),
    preflightArgs(made, path, '/o') ?? [],
    preflightArgs(made, '/i', path) ?? [],
    coverArgs(made, 2, path, '/o'),
    coverArgs(made, 2, '/i', path),
  ];
  it.each(odd)('%j is one argument behind file: and changes no other', (name) => {
    const plain = commands('/plain');
    commands(name).forEach((args, i) => {
      expect(args.filter((arg) => arg === `file:${name}`)).toHaveLength(1);
      expect(args.map((arg) => (arg === `file:${name}` ? 'file:/plain' : arg))).toEqual(plain[i]);
    });
  });

  it.each(odd)('%j as an attachment stays a value', (name) => {
    const named = (filename: string) =>
      encode(plan(video(), copy(1, 'attachment', { filename }), cover(2, filename, 'image/jpeg')));
    const args = named(name);
    expect(args.filter((arg) => arg === `filename=${name}`)).toHaveLength(2);
    expect(args.map((arg) => (arg === `filename=${name}` ? 'filename=plain' : arg))).toEqual(named('plain'));
  });

  it.each([
    ['mpegts', true],
    ['mpegtsraw', true],
    ['mpeg', true],
    ['matroska', false],
    ['mov', false],
  ])('%s is forced, from local files only, and read far ahead: %s', (demuxer, deep) => {
    const far = deep ? ['-analyzeduration', '200M', '-probesize', '200M'] : [];
    expect(inputArgs(demuxer, '/a')).toEqual(['-protocol_whitelist', 'file', ...far, '-f', demuxer, '-i', 'file:/a']);
  });
});

describe('preflight', () => {
  const head =
    '-nostdin -hide_banner -y -loglevel level+verbose -re -protocol_whitelist file -f matroska -i file:/in.mkv';
  it.each<[string, StreamPlan[], string]>([
    ['a subtitle', [video(), opus(1), copy(2, 'subtitle')], '-map 0:2'],
    ['copied audio', [copy(1, 'audio'), video({ source: 0 })], '-map 0:1'],
    [
      'nothing but what is copied',
      [video(), copy(1, 'audio'), copy(2, 'subtitle'), text(3), drop(4), copy(5, 'subtitle')],
      '-map 0:1 -map 0:2 -map 0:5',
    ],
  ])('tries %s, at the pace of the pictures', (_, streams, maps) => {
    expect(preflightArgs(plan(...streams), '/in.mkv', '/o')?.join(' ')).toBe(
      `${head} ${maps} -c copy -t 0 -f matroska file:/o -map 0:0 -c copy -f null -`,
    );
  });

  it('has nothing to try without such streams', () => {
    const made = plan(video(), opus(1), drop(2), copy(3, 'attachment'), text(5), cover(4, 'c.jpg', 'image/jpeg'));
    expect(preflightArgs(made, '/in.mkv', '/o')).toBeUndefined();
  });
});

it('takes a cover out byte for byte', () => {
  expect(coverArgs(plan(video()), 6, '/in.mkv', '/tmp/c.jpg').join(' ')).toBe(
    '-nostdin -hide_banner -y -loglevel level+verbose -re -protocol_whitelist file -f matroska -i file:/in.mkv -map 0:6 -c copy -frames:v 1 -f image2 -update 1 file:/tmp/c.jpg -map 0:0 -c copy -f null -',
  );
});

describe('Dolby Vision that is kept', () => {
  const able = { dolbyVisionCoding: true };

  it('is asked of the encoder by name, in the one command', () => {
    const made = plan(video({ dolbyVision: 4 }), opus(1));
    expect(valuesOf(encode(made, able), '-dolbyvision:v:0')).toEqual(['1']);
    expect(pictureArgs(made, '/in.mkv', '/tmp/p', { ...CAPS, ...able })).toBeUndefined();
    expect(encode(plan(video()), able).join(' ')).not.toContain('dolbyvision');
  });

  it('has its record written to MP4 too', () => {
    const into = (container: Plan['container'], over: Partial<VideoEncode>) =>
      valuesOf(encode({ ...plan(video(over)), container }, able), '-strict');
    expect(into('mp4', { dolbyVision: 1 })).toEqual(['unofficial']);
    expect([into('mkv', { dolbyVision: 1 }), into('mp4', {})]).toEqual([[], []]);
  });

  it('is refused where this ffmpeg could not write it', () => {
    expect(whyUnable(video({ dolbyVision: 1 }), CAPS)).toMatch(/Dolby Vision.*ffmpeg 7\.1 or newer/);
    expect(whyUnable(video({ dolbyVision: 1 }), { ...CAPS, ...able })).toBeUndefined();
    expect(whyUnable(video({ baseLayer: true }), CAPS)).toBeUndefined();
  });
});

describe('a base layer alone', () => {
  const made = plan(video({ source: 1, baseLayer: true }), opus(2), cover(3, 'c.png', 'image/png'));

  it('is encoded apart into MP4, where no Dolby Vision record follows it', () => {
    const args = pictureArgs(made, '/in.mkv', '/tmp/p', CAPS) ?? [];
    expect(valuesOf(args, '-map')).toEqual(['0:1']);
    expect(args.slice(-3)).toEqual(['-f', 'mp4', 'file:/tmp/p']);
    expect(valuesOf(args, '-c:v:0')).toEqual(['libsvtav1']);
    expect(pictureArgs(plan(video()), '/in.mkv', '/tmp/p', CAPS)).toBeUndefined();
  });

  it('tells the encoder not to write that metadata, where it could', () => {
    const option = (dolbyVisionCoding: boolean) =>
      valuesOf(pictureArgs(made, '/i', '/p', { ...CAPS, dolbyVisionCoding }) ?? [], '-dolbyvision:v:0');
    expect([option(true), option(false)]).toEqual([['0'], []]);
    expect(encode(plan(video()), { dolbyVisionCoding: true })).not.toContain('-dolbyvision:v:0');
  });

  it('is copied beside the rest, its clock set right and its names said', () => {
    const files = { ...FILES, covers: ['/tmp/c'], pictures: { path: '/tmp/p', offset: 0.5 } };
    const labels = new Map([[1, { language: 'eng', title: 'Main', dispositions: ['default'] }]]);
    const args = encodeArgs(made, files, CAPS, labels);
    expect(args.join(' ')).toContain(
      '-i file:/in.mkv -itsoffset 0.500000 -f mov -i file:/tmp/p -map 1:0 -map 0:2 -c copy',
    );
    expect(valuesOf(args, '-metadata:s:v:0')).toEqual(['language=eng', 'title=Main']);
    expect(valuesOf(args, '-disposition:v:0')).toEqual(['default']);
    expect(args).not.toContain('libsvtav1');
    const captions = { path: '/tmp/cc', offset: 0 };
    const streams = [...made.streams, { ...text(1), action: 'captions' as const }] as StreamPlan[];
    const both = encodeArgs(plan(...streams), { ...files, captions }, CAPS, labels);
    expect(valuesOf(both, '-map')).toEqual(['1:0', '0:2', '2:0']);
  });
});

describe('captions', () => {
  it.each([
    ['/videos/a.ts', '/videos/a.ts'],
    ["/it's [1]: a, b; 50 %.ts", String.raw`/it\\\'s \[1\]\\: a\, b\; 50 %.ts`],
    [String.raw`C:\videos\a.ts`, String.raw`C\\:\\\\videos\\\\a.ts`],
  ])('are read from %s by a filter', (input, escaped) => {
    const args = captionArgs(plan(video()), input, '/tmp/t', '/tmp/r');
    const [graph] = valuesOf(args, '-i');
    expect(graph).toBe(
      `movie=filename=${escaped}:format_name=matroska:format_opts=protocol_whitelist=file[out0+subcc]`,
    );
    expect(args).toEqual(expect.arrayContaining(['-copyts', '-data_field', 'first', 'file:/tmp/t', 'file:/tmp/r']));
  });

  it('become the last subtitles', () => {
    const streams: StreamPlan[] = [
      video(),
      { ...text(0, 'mov_text'), action: 'captions' } as StreamPlan,
      copy(1, 'subtitle'),
    ];
    const args = encodeArgs(plan(...streams), { ...FILES, captions: { path: '/c', offset: -1.4 } }, CAPS, new Map());
    expect(args.join(' ')).toContain('-itsoffset -1.400000 -f srt -i file:/c -map 0:0 -map 0:1 -map 1:0 -c copy');
    expect(valuesOf(args, '-c:s:1')).toEqual(['mov_text']);
    expect(valuesOf(args, '-metadata:s:s:1')).toEqual(['title=Closed captions']);
  });
});

describe('containers', () => {
  const streams = [video(), opus(1), text(2, 'mov_text'), cover(3, 'c.jpg', 'image/jpeg')];

  it('MP4 holds covers as pictures of their own, its index in front', () => {
    const args = encode({ ...plan(...streams), container: 'mp4' }, { cuesToFront: true });
    expect(valuesOf(args, '-map')).toEqual(['0:0', '0:1', '0:2', '0:3']);
    expect(valuesOf(args, '-c:s:0')).toEqual(['mov_text']);
    expect(valuesOf(args, '-disposition:v:1')).toEqual(['attached_pic']);
    expect(valuesOf(args, '-movflags')).toEqual(['+faststart']);
    expect(args.slice(-3)).toEqual(['-f', 'mp4', 'file:/tmp/out.part']);
    expect(args).not.toContain('-attach');
    expect(args).not.toContain('-cues_to_front');
  });

  it('WebM is written by its own muxer', () => {
    const args = encode({ ...plan(video(), opus(1)), container: 'webm' });
    expect(args.slice(-3)).toEqual(['-f', 'webm', 'file:/tmp/out.part']);
    expect(valuesOf(args, '-cues_to_front')).toEqual(['1']);
  });

  it('only Matroska has a place for languages of both kinds', () => {
    const labels = new Map([[1, { language: 'por', bcp47: 'pt-BR' }]]);
    const languages = (container: 'mkv' | 'mp4') =>
      valuesOf(encodeArgs({ ...plan(video(), opus(1)), container }, FILES, CAPS, labels), '-metadata:s:a:0');
    expect(languages('mkv')).toEqual(['language=por____pt-BR']);
    expect(languages('mp4')).toEqual([]);
  });
});

it('cuts hidden borders off itself, where ffmpeg would do it too', () => {
  const crop = { left: 2, top: 10, right: 4, bottom: 11, aspect: 4 / 3 };
  const args = encode(plan(video({ crop })), { applyCropping: true });
  expect(valuesOf(args, '-filter:v:0')).toEqual(['crop=iw-6:ih-21:2:10:exact=1,setsar=1.33333:max=10000']);
  expect(args.indexOf('-apply_cropping')).toBeLessThan(args.indexOf('-i'));
  expect(valuesOf(args, '-apply_cropping')).toEqual(['codec']);
  expect(encode(plan(video({ crop })), { applyCropping: false })).not.toContain('-apply_cropping');
});
