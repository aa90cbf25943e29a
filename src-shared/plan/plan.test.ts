import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../fleet/worker-info.ts';
import type { AudioStream, CoverStream, OtherStream, Probe, Stream, VideoStream } from '../media/probe.ts';
import { DEFAULT_TABLES } from '../media/quality.ts';
import { Settings } from '../settings/settings.ts';
import { fitPlan, withoutEmptyTexts } from './fit-plan.ts';
import { baseLayerOf, makePlan, Plan } from './plan.ts';
import { SKIP_CODES, Skip } from './skip.ts';
import type { StreamPlan } from './stream-plan.ts';

const settings = Settings.parse({ dataStreams: 'drop', quality: 'table' });
const video = (over: Partial<VideoStream> = {}): VideoStream => ({
  index: 0,
  type: 'video',
  codec: 'h264',
  width: 1280,
  height: 720,
  pixelFormat: 'yuv420p',
  ...over,
});
const audio = (over: Partial<AudioStream> = {}): AudioStream => ({
  index: 1,
  type: 'audio',
  codec: 'aac',
  channels: 2,
  layout: 'stereo',
  ...over,
});
const other = (type: OtherStream['type'], codec?: string, over: Partial<OtherStream> = {}): OtherStream => ({
  index: 2,
  type,
  ...(codec && { codec }),
  ...over,
});
const cover = (codec?: string, over: Partial<CoverStream> = {}): CoverStream => ({
  index: 2,
  type: 'cover',
  ...(codec && { codec }),
  ...over,
});
const probe = (...streams: Stream[]): Probe => ({ format: 'matroska,webm', streams, chapters: 0 });

function planned(source: Probe, set: Partial<Settings> = {}): Plan {
  const plan = makePlan(source, { ...settings, ...set }, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  return plan;
}

describe('skips', () => {
  it.each<[Skip['code'], string, Probe]>([
    ['no-film', 'no video', probe(audio())],
    ['no-film', 'no video', probe(audio(), cover('mjpeg'))],
    ['no-film', 'no video', probe()],
    ['no-film', '"jpeg_pipe"', { ...probe(video({ codec: 'mjpeg' })), format: 'jpeg_pipe' }],
    ['no-film', '"srt"', { ...probe(other('subtitle', 'subrip')), format: 'srt' }],
    ['no-film', '"concat"', { ...probe(video()), format: 'concat' }],
    ['no-film', '"hls"', { ...probe(video()), format: 'hls,applehttp' }],
    ['no-film', '""', { ...probe(video()), format: '' }],
    ['av1', 'AV1 already', probe(video({ codec: 'av1' }), audio())],
    ['unknown-codec', 'video is in a codec', probe(video({ codec: undefined }))],
    ['unknown-codec', 'Audio track 1', probe(video(), audio({ codec: undefined }))],
    ['unknown-codec', 'Audio track 4', probe(video(), audio(), audio({ index: 4, channels: 0 }))],
    ['unreadable', 'no picture size', probe(video({ width: 0, height: 0 }))],
    ['unreadable', 'no picture size', probe(video({ height: 0 }))],
    ['size', '48x36', probe(video({ width: 48, height: 36 }))],
    ['size', 'at least 64x64', probe(video({ height: 63 }))],
    ['size', 'at most 16384x8704', probe(video({ width: 16386 }))],
    ['size', 'at most 16384x8704', probe(video({ height: 8706 }))],
    ['alpha', 'transparency', probe(video({ codec: 'vp9', alpha: true }))],
    ['alpha', 'transparency', probe(video({ codec: 'prores', pixelFormat: 'yuva444p10le' }))],
    ['dolby-vision', 'Vision profile 5,', probe(video({ dolbyVision: { profile: 5, compatibility: 0 } }))],
    [
      'dolby-vision',
      'Vision profile 8,',
      probe(video({ hdr10Plus: true, dolbyVision: { profile: 8, compatibility: 1 } })),
    ],
    ['dolby-vision', 'Dolby Vision,', probe(video({ dolbyVision: { profile: 0, compatibility: 0 } }))],
    ['hdr10-plus', 'HDR10+', probe(video({ hdr10Plus: true }))],
    ['dynamic-hdr', 'HDR Vivid', probe(video({ dynamicHdr: 'HDR Vivid' }))],
    ['changes', 'the picture size from', probe(video({ changes: 'the picture size from 160x90 to 320x180' }))],
    ['fields', 'single fields', probe(video({ singleFields: true }))],
    ['layers', 'another view', probe(video({ layers: true }))],
    ['stereo', '(block_lr)', probe(video({ stereo: 'block_lr' }))],
    ['stereo', 'turned', probe(video({ stereo: 'left_right', rotation: 90 }))],
    [
      'colors',
      'PQ, but the container says standard',
      probe(video({ colour: { transfer: 'smpte2084' }, containerColour: { transfer: 'bt709' } })),
    ],
    [
      'colors',
      'standard dynamic range, but the container says HLG',
      probe(video({ colour: { transfer: 'bt2020-10' }, containerColour: { transfer: 'arib-std-b67' } })),
    ],
    [
      'size',
      'cut at its borders and turned',
      probe(video({ rotation: 90, crop: { left: 0, top: 8, right: 0, bottom: 8 } })),
    ],
    ['size', 'turned by 45°', probe(video({ rotation: -45 }))],
    ['size', 'turned by 91°', probe(video({ rotation: 91 }))],
    ['size', 'The picture is 1280x60;', probe(video({ crop: { left: 0, top: 330, right: 0, bottom: 330 } }))],
    ['hdr10-plus', 'HDR10+', probe(video(), audio(), video({ index: 2, hdr10Plus: true }))],
    ['chapters', 'play in an order of their own', { ...probe(video()), chapterFeatures: ['ordered', 'linked'] }],
    ['chapters', 'refer to other files', { ...probe(video()), chapterFeatures: ['linked'] }],
    ['chapters', 'come in several editions', { ...probe(video()), chapterFeatures: ['editions'] }],
    ['chapters', 'later than the one before', { ...probe(video()), chapterFeatures: ['unlisted'] }],
    ['chapters', 'names in several languages', { ...probe(video()), chapterFeatures: ['languages'] }],
  ])('%s: %s', (code, words, source) => {
    const skip = makePlan(source, settings, DEFAULT_TABLES);
    expect(skip).toMatchObject({ kind: 'skip', code });
    const { reason } = Skip.parse(skip);
    expect(reason).toContain(words);
    expect(reason).toMatch(/^[A-Z][^\n]*\.$/);
  });

  it.each([
    [64, 64],
    [16384, 8704],
  ])('not for %ix%i', (width, height) => expect(planned(probe(video({ width, height }))).streams).toHaveLength(1));

  it('converts AV1 again only when the settings ask for it', () => {
    const { streams } = planned(probe(video({ codec: 'av1' })), { skipAv1Files: false });
    expect(streams).toMatchObject([{ action: 'encode', crf: 33 }]);
  });

  it.each(['matroska,webm', 'mov,mp4,m4a,3gp,3g2,mj2', 'avi', 'mpegts', 'mpeg', 'asf', 'flv', 'ogg', 'rm'])(
    'takes %s and remembers the demuxer to force',
    (format) => expect(planned({ ...probe(video()), format }).demuxer).toBe(format.split(',')[0]),
  );

  it('knows every code once', () => expect(new Set(SKIP_CODES).size).toBe(SKIP_CODES.length));
});

describe('what becomes of a stream', () => {
  const dropped = 'Matroska cannot hold it and it cannot be converted';
  const data = 'Matroska holds only video, audio and subtitles';
  const copies = 'subrip ass ssa webvtt hdmv_pgs_subtitle dvb_subtitle dvd_subtitle hdmv_text_subtitle';
  const texts = 'text mov_text eia_608 microdvd subviewer subviewer1 sami realtext stl jacosub mpl2 pjs vplayer';
  it.each<[Stream, Partial<StreamPlan>]>([
    [video({ index: 2 }), { action: 'encode', type: 'video' }],
    [audio({ index: 2 }), { action: 'opus', type: 'audio' }],
    [audio({ index: 2, codec: 'opus' }), { action: 'copy', type: 'audio' }],
    ...copies
      .split(' ')
      .map((codec): [Stream, Partial<StreamPlan>] => [other('subtitle', codec), { action: 'copy', type: 'subtitle' }]),
    ...texts.split(' ').map((codec): [Stream, Partial<StreamPlan>] => [
      other('subtitle', codec),
      {
        action: 'text',
        codec: 'subrip',
        type: 'subtitle',
        to: 'SubRip',
        why: 'Matroska does not hold this text format',
      },
    ]),
    ...['dvb_teletext', 'xsub', 'ttml'].map((codec): [Stream, Partial<StreamPlan>] => [
      other('subtitle', codec),
      { action: 'drop', type: 'subtitle', why: dropped },
    ]),
    [
      other('subtitle', undefined, { tag: 'S_TEXT/WEBVTT' }),
      { action: 'drop', type: 'subtitle', from: 'WebVTT subtitles', why: 'ffmpeg cannot read it' },
    ],
    [
      other('subtitle', 'dvd_subtitle', { noPalette: true }),
      { action: 'copy', why: 'its palette is in another file (the IFO of its DVD), so players choose the colors' },
    ],
    [
      other('data', undefined, { tag: 'tmcd' }),
      { action: 'drop', type: 'data', from: 'Timecode track (tmcd)', why: 'its timecode is kept as a tag' },
    ],
    [other('data', 'scte_35'), { action: 'drop', why: 'it steers the receiver of a broadcast' }],
    [other('data', undefined, { tag: 'gpmd' }), { action: 'drop', why: data }],
    [other('data', 'bin_data'), { action: 'drop', type: 'data', from: 'Binary data track', why: data }],
    [other('data', 'klv'), { action: 'drop', type: 'data', from: 'KLV metadata track', why: data }],
    [other('attachment', 'ttf', { filename: 'a.ttf', mimetype: 'font/ttf' }), { action: 'copy', type: 'attachment' }],
    [
      other('attachment'),
      { action: 'copy', filename: 'attachment-2', mimetype: 'application/octet-stream', from: 'Attachment' },
    ],
    [cover('mjpeg'), { action: 'cover', filename: 'cover.jpg', mimetype: 'image/jpeg' }],
    [cover('png'), { action: 'cover', filename: 'cover.png', mimetype: 'image/png' }],
    [cover('webp'), { action: 'cover', filename: 'cover.webp', mimetype: 'image/webp' }],
    [cover('gif'), { action: 'cover', filename: 'cover.gif', mimetype: 'image/gif' }],
    [cover('bmp'), { action: 'cover', filename: 'cover.bmp', mimetype: 'image/bmp' }],
    [cover('tiff'), { action: 'cover', filename: 'cover.tif', mimetype: 'image/tiff' }],
    [
      cover('mjpeg', { filename: 'small cover.jpeg', mimetype: 'image/jpg' }),
      { action: 'cover', filename: 'small cover.jpeg', mimetype: 'image/jpg' },
    ],
    [cover('hevc'), { action: 'drop', type: 'cover', why: 'Matroska has no cover type for HEVC' }],
    [cover(), { action: 'drop', type: 'cover', why: 'Matroska has no cover type for unknown codec' }],
  ])('%j', (stream, expected) => {
    const made = planned(probe(video(), audio(), stream)).streams[2];
    expect(made).toMatchObject({ source: 2, ...expected });
  });

  it('leaves an attachment its own name and type', () => {
    const [, made] = planned(
      probe(video(), other('attachment', 'ttf', { filename: 'a.ttf', mimetype: 'font/ttf' })),
    ).streams;
    expect(made).not.toHaveProperty('filename');
    expect(made).not.toHaveProperty('mimetype');
  });

  it('names covers apart, so that each is found', () => {
    const { streams } = planned(probe(video(), cover('mjpeg', { index: 1 }), cover('png', { index: 3 })));
    expect(streams.slice(1)).toMatchObject([{ filename: 'cover.jpg' }, { filename: 'cover-3.png' }]);
  });

  it.each([
    ['teletext', other('subtitle', 'dvb_teletext')],
    ['WebVTT', other('subtitle', undefined, { tag: 'S_TEXT/WEBVTT' })],
    ['GoPro telemetry', other('data', undefined, { tag: 'gpmd' })],
    ['KLV', other('data', 'klv')],
  ])('%s that would be lost keeps the video as it is, unless the settings let it go', (name, stream) => {
    const skip = makePlan(probe(video(), stream), Settings.parse({}), DEFAULT_TABLES);
    expect(skip).toMatchObject({ kind: 'skip', code: 'data', reason: expect.stringContaining(name) });
    expect(planned(probe(video(), stream)).streams[1]).toMatchObject({ action: 'drop' });
  });

  it.each([other('data', undefined, { tag: 'tmcd' }), other('data', undefined, { tag: 'fdsc' }), other('data', 'epg')])(
    '%j is left out without a loss',
    (stream) => {
      expect(makePlan(probe(video(), stream), Settings.parse({}), DEFAULT_TABLES)).toMatchObject({ kind: 'convert' });
    },
  );

  it('copies audio when the settings say so', () => {
    expect(planned(probe(video(), audio()), { skipAudioTranscode: true }).streams[1]).toMatchObject({ action: 'copy' });
  });
});

/** Like the test video with everything: three sounds, two texts, a cover and three attachments. */
const EVERYTHING = probe(
  video(),
  audio({ channels: 6, layout: '5.1(side)' }),
  audio({ index: 2, channels: 1, layout: 'mono' }),
  other('subtitle', 'subrip', { index: 3 }),
  other('subtitle', 'dvb_teletext', { index: 4 }),
  cover('mjpeg', { index: 5 }),
  other('attachment', 'ttf', { index: 6, filename: 'mono.ttf', mimetype: 'font/ttf' }),
  other('attachment', undefined, { index: 7 }),
  other('data', 'bin_data', { index: 8 }),
);

/** Probes with any mix of streams, the same in every run. */
function mixedProbes(howMany: number): Probe[] {
  let seed = 1;
  const pick = <T>(from: readonly T[]): T => {
    seed = (seed * 48_271) % 2_147_483_647;
    return from[seed % from.length] as T;
  };
  const codecs = ['subrip', 'mov_text', 'dvb_teletext', 'mjpeg', 'hevc', 'opus', 'dts', 'bin_data', 'ttf'] as const;
  const layouts = ['mono', 'stereo', '5.1(side)', '7.1(wide)', 'hexadecagonal', '2.1'] as const;
  const kinds = ['video', 'audio', 'subtitle', 'attachment', 'data', 'cover'] as const;
  const any = (index: number): Stream => {
    const type = pick(kinds);
    const codec = pick(codecs);
    if (type === 'video') return video({ index, codec, width: pick([64, 1921]) });
    if (type === 'audio') return audio({ index, codec, layout: pick(layouts), channels: pick([1, 2, 3, 6, 8, 16]) });
    return type === 'cover' ? cover(codec, { index }) : other(type, pick([codec, undefined]), { index });
  };
  return Array.from({ length: howMany }, (_, n) =>
    probe(video(), ...Array.from({ length: n % 12 }, (__, i) => any(i + 1))),
  );
}

describe('tags', () => {
  it('are named where their values and levels are lost, and the title is the one of the file', () => {
    const source = { ...probe(video(), audio()), title: 'Film', mergedTags: ['TITLE', 'PART_NUMBER'] };
    expect(planned(source)).toMatchObject({
      title: 'Film',
      tagsLost: expect.stringMatching(/: TITLE, PART_NUMBER\.$/),
    });
    expect(planned({ ...source, mergedTags: ['ACTOR'] })).not.toHaveProperty('title');
  });

  it('are kept without a word otherwise, and where a video was analyzed before this was looked at', () => {
    const plans = [planned({ ...probe(video(), audio()), title: 'Film' }), planned(probe(video(), audio()))];
    for (const plan of plans) expect(plan.title ?? plan.tagsLost).toBeUndefined();
  });
});

describe('every plan', () => {
  const probes = [EVERYTHING, ...mixedProbes(300)];
  const deepFreeze = <T extends object>(value: T): T => {
    for (const inner of Object.values(value)) if (typeof inner === 'object' && inner) deepFreeze(inner);
    return Object.freeze(value);
  };

  it('names every source stream exactly once, in order, and as what it is', () => {
    const seen = new Set<string>();
    for (const source of probes) {
      const { streams } = planned(source);
      expect(streams.map((s) => s.source)).toEqual(source.streams.map((s) => s.index));
      expect(streams.map((s) => s.type)).toEqual(source.streams.map((s) => s.type));
      for (const s of streams) seen.add(`${s.action} ${s.type}`);
    }
    // The mix reaches every action for every kind of stream.
    expect([...seen].sort()).toEqual(
      [
        'copy attachment',
        'copy audio',
        'copy subtitle',
        'cover cover',
        'drop cover',
        'drop data',
        'drop subtitle',
        'encode video',
        'opus audio',
        'text subtitle',
      ].sort(),
    );
  });

  it('says what each stream is and becomes, and why it is left out or converted otherwise', () => {
    for (const source of probes) {
      for (const s of planned(source).streams) {
        expect(s.from && s.to).toBeTruthy();
        if (s.action === 'drop' || s.action === 'text') expect(s.why).toBeTruthy();
        if (s.action === 'drop') expect(s.to).toBe('left out');
        if (s.action === 'copy' || s.action === 'cover') expect(s.to).toMatch(/^(copied|kept as it is)$/);
        if (s.action === 'copy' && s.type === 'audio') expect(s.why).toBeTruthy();
      }
    }
  });

  it('is pure data that survives the wire, and the same for the same input', () => {
    for (const source of probes) {
      const plan = planned(deepFreeze(structuredClone(source)));
      expect(Plan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
      expect(planned(source)).toEqual(plan);
    }
  });
});

it.each(['mono,ametadata=print:file=x', 'mono[a];amovie=x', 'a|b', ''])('refuses %j for a layout', (layout) => {
  const made = { action: 'opus', type: 'audio', source: 1, from: '', to: '', kbps: 96, channels: 2 };
  const parses = (stream: object) =>
    Plan.safeParse({ kind: 'convert', demuxer: 'avi', container: 'mkv', streams: [stream] }).success;
  expect(parses({ ...made, layout: '5.1' })).toBe(true);
  expect(parses({ ...made, layout })).toBe(false);
});

it.each(['mov:format_opts=x', 'a[b]', ''])('refuses %j for a demuxer', (demuxer) => {
  const made = planned(probe(video()));
  expect(Plan.safeParse(made).success).toBe(true);
  expect(Plan.safeParse({ ...made, demuxer }).success).toBe(false);
});

describe('the compatible base layer', () => {
  const PQ = { transfer: 'smpte2084', primaries: 'bt2020', matrix: 'bt2020nc' };
  const HLG = { ...PQ, transfer: 'arib-std-b67' };
  const vision = (profile: number, compatibility: number, over: Partial<VideoStream> = {}) =>
    video({ colour: PQ, dolbyVision: { profile, compatibility }, ...over });
  const keep = { ...settings, dynamicHdr: 'base-layer' as const };
  const light = { maxCll: 1000, maxFall: 400 };

  it.each<[string, VideoStream, string]>([
    [
      '8.1',
      vision(8, 1, { contentLight: light }),
      'its Dolby Vision 8.1 metadata is dropped, its HDR10 base layer is kept',
    ],
    ['8.2', vision(8, 2, { colour: {} }), 'its Dolby Vision 8.2 metadata is dropped, its SDR base layer is kept'],
    ['8.4', vision(8, 4, { colour: HLG }), 'its Dolby Vision 8.4 metadata is dropped, its HLG base layer is kept'],
    ['7', vision(7, 6), 'its Dolby Vision 7.6 metadata is dropped, its PQ base layer is kept'],
    ['8.1 with HDR10+', vision(8, 1, { hdr10Plus: true }), 'its Dolby Vision 8.1 and HDR10+ metadata is dropped'],
    [
      'HDR10+',
      video({ colour: PQ, hdr10Plus: true, contentLight: light }),
      'its HDR10+ metadata is dropped, its HDR10 base',
    ],
  ])('of %s is kept where the settings say so', (_, stream, why) => {
    const { streams } = planned(probe(stream), { dynamicHdr: 'base-layer' });
    expect(streams[0]?.why).toContain(why);
    expect(streams[0]).toMatchObject({ action: 'encode', ...(stream.dolbyVision && { baseLayer: true }) });
    expect(makePlan(probe(stream), { ...settings, dynamicHdr: 'skip' }, DEFAULT_TABLES).kind).toBe('skip');
    expect(baseLayerOf(planned(probe(stream), { dynamicHdr: 'base-layer' })) !== undefined).toBe(
      stream.dolbyVision !== undefined,
    );
  });

  it.each<[string, Stream[], RegExp]>([
    ['profile 5', [vision(5, 0)], /profile 5, which has no base layer/],
    ['an unknown profile', [vision(0, 0)], /Dolby Vision, which has no base layer/],
    ['profile 8 without compatibility', [vision(8, 0)], /no base layer/],
    ['8.1 whose colours are not said', [vision(8, 1, { colour: {} })], /does not say that it is HDR10/],
    ['8.1 that says HLG', [vision(8, 1, { colour: HLG })], /does not say that it is HDR10/],
    ['7 with its enhancement in a second track', [vision(7, 6), video({ index: 1 })], /several video tracks/],
  ])('of %s is never taken for the whole', (_, streams, reason) => {
    expect(makePlan(probe(...streams), keep, DEFAULT_TABLES)).toMatchObject({
      kind: 'skip',
      code: 'dolby-vision',
      reason: expect.stringMatching(reason),
    });
  });
});

describe('Dolby Vision', () => {
  const PQ = { range: 'tv', transfer: 'smpte2084', primaries: 'bt2020', matrix: 'bt2020nc' };
  const HLG = { ...PQ, transfer: 'arib-std-b67' };
  const vision = (profile: number, compatibility: number, over: Partial<VideoStream> = {}) =>
    video({ colour: PQ, dolbyVision: { profile, compatibility }, ...over });

  it.each<[string, VideoStream, 1 | 4]>([
    ['8.1', vision(8, 1), 1],
    ['8.4', vision(8, 4, { colour: HLG }), 4],
    ['8.4 of a phone held upright', vision(8, 4, { colour: HLG, rotation: -90 }), 4],
  ])('%s becomes profile 10 by default', (_, stream, id) => {
    const [made] = planned(probe(stream)).streams;
    expect(made).toMatchObject({ action: 'encode', dolbyVision: id });
    expect(made).not.toHaveProperty('baseLayer');
    expect(made?.why).toContain(`its Dolby Vision 8.${id} metadata is kept as profile 10.${id}`);
    expect(baseLayerOf(planned(probe(stream)))).toBeUndefined();
    expect(makePlan(probe(stream), { ...settings, dynamicHdr: 'skip' }, DEFAULT_TABLES)).toMatchObject({
      ...{ kind: 'skip', code: 'dolby-vision' },
    });
  });

  it.each<[string, Stream[], RegExp]>([
    ['profile 5', [vision(5, 0, { colour: {} })], /profile 5, whose dynamic metadata/],
    ['profile 7', [vision(7, 6)], /profile 7, whose dynamic metadata/],
    ['profile 9', [vision(9, 2, { codec: 'h264', colour: {} })], /profile 9, whose dynamic metadata/],
    ['8.2', [vision(8, 2, { colour: {} })], /whose dynamic metadata/],
    ['no record', [vision(0, 0)], /whose dynamic metadata/],
    [
      'an enhancement layer',
      [vision(8, 1, { dolbyVision: { profile: 8, compatibility: 1, enhanced: true } })],
      /whose dynamic metadata/,
    ],
    ['a second video track', [vision(8, 1), video({ index: 1 })], /whose dynamic metadata/],
    ['colours of another id', [vision(8, 1, { colour: HLG })], /whose dynamic metadata/],
    ['colours that are not said', [vision(8, 4, { colour: { transfer: 'arib-std-b67' } })], /whose dynamic metadata/],
    ['HDR10+ beside it', [vision(8, 1, { hdr10Plus: true })], /and also HDR10\+/],
    ['hidden borders', [vision(8, 1, { crop: { left: 0, top: 8, right: 0, bottom: 8 } })], /borders .* cut off/],
    ['an odd size', [vision(8, 1, { height: 719 })], /odd size/],
    ['fields', [vision(8, 1, { fields: 'tff' })], /fields/],
  ])('with %s is left alone', (_, streams, reason) => {
    expect(makePlan(probe(...streams), settings, DEFAULT_TABLES)).toMatchObject({
      ...{ kind: 'skip', code: 'dolby-vision', reason: expect.stringMatching(reason) },
    });
  });
});

describe('teletext', () => {
  const pages = [
    { page: '888', language: 'eng' },
    { page: '889', language: 'eng', impaired: true as const },
  ];
  const clip = probe(video(), audio(), other('subtitle', 'dvb_teletext', { index: 2, teletext: pages }));
  const able = { caps: { teletext: true } as Capabilities };
  const unable = { caps: { teletext: false } as Capabilities };

  it('becomes a track of text for each page of subtitles, where a page has one', () => {
    const made = planned(clip);
    const told = { action: 'teletext', source: 2, codec: 'subrip', why: expect.stringContaining('words') };
    expect(made.streams.slice(2)).toMatchObject([
      { ...told, page: '888', language: 'eng', to: 'SubRip, from page 888' },
      { ...told, page: '889', impaired: true, to: 'SubRip, from page 889' },
    ]);
    expect(fitPlan(made, clip, able, { ...settings, dataStreams: 'skip' })).toEqual(made);
    const { streams } = withoutEmptyTexts(made, { captionLines: 0, teletextLines: [0, 3] });
    expect(streams.slice(2)).toMatchObject([{ page: '889' }]);
  });

  it('is left out by the name of the stream, or keeps the video as it is, where ffmpeg cannot read it', () => {
    const made = planned(clip);
    const fitted = fitPlan(made, clip, unable, { ...settings, dataStreams: 'drop' });
    expect(fitted.kind === 'convert' && fitted.streams.slice(2)).toMatchObject([
      { action: 'drop', source: 2, from: expect.stringMatching(/teletext/i), why: expect.stringMatching(/libzvbi/) },
    ]);
    expect(fitPlan(made, clip, unable, { ...settings, dataStreams: 'skip' })).toMatchObject({
      kind: 'skip',
      code: 'old-ffmpeg',
      reason: expect.stringContaining('teletext'),
    });
  });
});

describe('a quality target', () => {
  const able = { caps: { teletext: true, xpsnr: true } as Capabilities };
  const fitted = (source: Probe, over: Partial<Settings> = {}, ffmpeg = able) => {
    const plan = fitPlan(planned(source), source, ffmpeg, { ...settings, ...over });
    if (plan.kind === 'skip') throw new Error(plan.reason);
    return plan.streams[0];
  };

  it.each([
    ['transparent', 40],
    ['balanced', 38],
    ['small', 36],
  ] as const)('%s stands for %i dB, with the CRF of the table to begin with', (quality, value) => {
    expect(fitted(probe(video()), { quality, minCrf: 20, maxCrf: 50 })).toMatchObject({
      crf: 26,
      target: { metric: 'xpsnr', value, minCrf: 20, maxCrf: 50 },
      to: `AV1 1280x720, ${value} dB XPSNR (about CRF 26), preset 8`,
    });
  });

  it('is none where the user names a CRF or asks for the table', () => {
    expect(fitted(probe(video()), { quality: 'table' })).toEqual(planned(probe(video())).streams[0]);
    expect(fitted(probe(video()), { quality: 'balanced', crf: 30 })).not.toHaveProperty('target');
  });

  it('is replaced by the table, with the reason, where quality cannot be measured', () => {
    const old = { caps: { version: '5.1.9', teletext: true, xpsnr: false } as Capabilities };
    const [to, why] = [
      'AV1 1280x720, CRF 26, preset 8',
      "its CRF is from the quality table, because ffmpeg 5.1.9 can't measure quality",
    ];
    expect(fitted(probe(video()), { quality: 'balanced' }, old)).toMatchObject({ to, why });
    const hdr = fitted(probe(video({ colour: { transfer: 'arib-std-b67' } })), { quality: 'balanced' });
    expect(hdr).toMatchObject({ why: expect.stringContaining("XPSNR doesn't measure HDR") });
    expect(hdr).not.toHaveProperty('target');
  });
});

describe('captions inside the pictures', () => {
  it('become a track of their own, behind the pictures that carry them', () => {
    const { streams } = planned(probe(video({ captions: true }), audio()));
    expect(streams.map((s) => [s.source, s.action])).toEqual([
      [0, 'encode'],
      [0, 'captions'],
      [1, 'opus'],
    ]);
    expect(withoutEmptyTexts(planned(probe(video({ captions: true }), audio())), { captionLines: 0 })).toEqual(
      planned(probe(video(), audio())),
    );
  });
});

describe('the container', () => {
  const mp4 = (...streams: Stream[]): Probe => ({
    format: 'mov,mp4,m4a,3gp,3g2,mj2',
    container: 'mp4',
    streams: streams.map((s) => ({ dispositions: ['default'], ...s })),
    chapters: 0,
  });
  const webm = (...streams: Stream[]): Probe => ({ ...probe(...streams), container: 'webm' });
  const asked = (source: Probe) => planned(source, { container: 'source' });

  it("is Matroska unless the source's is asked for", () => {
    expect(planned(mp4(video(), audio()))).toMatchObject({ container: 'mkv' });
    expect(asked(mp4(video(), audio()))).toMatchObject({ container: 'mp4' });
    expect(asked(webm(video(), audio()))).toMatchObject({ container: 'webm' });
    expect(asked(probe(video(), audio()))).not.toHaveProperty('containerWhy');
  });

  it('MP4 holds texts as its own, and covers', () => {
    const made = asked(
      mp4(video(), other('subtitle', 'eia_608', { index: 1 }), cover('png'), other('data', 'bin_data')),
    );
    expect(made).toMatchObject({
      container: 'mp4',
      streams: [{}, { action: 'text', codec: 'mov_text', to: 'MP4 text' }, { action: 'cover' }, { action: 'drop' }],
    });
    expect(asked(mp4(video({ captions: true }))).streams[1]).toMatchObject({ action: 'captions', codec: 'mov_text' });
  });

  it('MP4 is asked to hold the tags of a phone, which Matroska holds anyway', () => {
    const phone = { ...mp4(video()), customTags: ['com.android.version'] };
    expect(asked(phone)).toMatchObject({ container: 'mp4', customTags: true });
    expect(planned(phone)).not.toHaveProperty('customTags');
  });

  it.each<[string, Probe]>([
    ['MP4 cannot hold the name of a track ("Comments")', mp4(video(), audio({ title: 'Comments' }))],
    ['MP4 cannot hold PCM sound', mp4(video(), audio({ codec: 'pcm_s16le', channels: 16, layout: undefined }))],
    ['MP4 cannot hold VobSub', mp4(video(), other('subtitle', 'dvd_subtitle'))],
    [
      'MP4 cannot hold all flags of a track (default, original)',
      mp4(video(), audio({ dispositions: ['default', 'original'] })),
    ],
    ['MP4 cannot hold its cover picture', mp4(video(), cover('bmp'))],
    ['MP4 cannot hold its timecode', mp4(video(), other('data', undefined, { tag: 'tmcd' }))],
    ['MP4 cannot hold the tag lens of a track', mp4(video({ customTags: ['lens'] }))],
    [
      'MP4 cannot hold both tags like com.android.version and its title or others',
      { ...mp4(video()), customTags: ['com.android.version'], playerTags: true },
    ],
    [
      'MP4 cannot hold both tags like com.android.version and its cover',
      { ...mp4(video(), cover('png')), customTags: ['com.android.version'] },
    ],
    ['MP4 always has a default audio track, and this video has none', mp4(video(), audio({ dispositions: [] }))],
    ['WebM cannot hold the attachment a.ttf', webm(video(), other('attachment', 'ttf', { filename: 'a.ttf' }))],
    ['WebM cannot hold its cover picture', webm(video(), cover('mjpeg'))],
    ['WebM cannot hold SubRip', webm(video(), other('subtitle', 'subrip'))],
    [
      'WebM cannot hold all flags of a track (default, comment)',
      webm(video(), audio({ dispositions: ['default', 'comment'] })),
    ],
    ['results are written as Matroska, MP4 or WebM only', { ...probe(video()), format: 'avi' }],
  ])('is Matroska after all, because %s', (why, source) => {
    expect(asked(source)).toEqual({ ...planned(source), containerWhy: why });
  });
});
