import { describe, expect, it } from 'vitest';
import type { AudioStream, CoverStream, OtherStream, Probe, Stream, VideoStream } from './media.ts';
import { makePlan, Plan, SKIP_CODES, Skip } from './plan.ts';
import { DEFAULT_TABLES } from './quality.ts';
import { Settings } from './settings.ts';
import type { StreamPlan } from './stream-plan.ts';

const settings = Settings.parse({});
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
    ['captions', 'closed captions', probe(video({ captions: true }))],
    ['hdr10-plus', 'HDR10+', probe(video(), audio(), video({ index: 2, hdr10Plus: true }))],
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
  const copies = 'subrip ass ssa webvtt hdmv_pgs_subtitle dvb_subtitle dvd_subtitle text hdmv_text_subtitle';
  const texts = 'mov_text eia_608 microdvd subviewer subviewer1 sami realtext stl jacosub mpl2 pjs vplayer';
  it.each<[Stream, Partial<StreamPlan>]>([
    [video({ index: 2 }), { action: 'encode', type: 'video' }],
    [audio({ index: 2 }), { action: 'opus', type: 'audio' }],
    [audio({ index: 2, codec: 'opus' }), { action: 'copy', type: 'audio' }],
    ...copies
      .split(' ')
      .map((codec): [Stream, Partial<StreamPlan>] => [other('subtitle', codec), { action: 'copy', type: 'subtitle' }]),
    ...texts
      .split(' ')
      .map((codec): [Stream, Partial<StreamPlan>] => [
        other('subtitle', codec),
        { action: 'subrip', type: 'subtitle', to: 'SubRip', why: 'Matroska does not hold this text format' },
      ]),
    ...['dvb_teletext', 'xsub', 'ttml', undefined].map((codec): [Stream, Partial<StreamPlan>] => [
      other('subtitle', codec),
      { action: 'drop', type: 'subtitle', why: dropped },
    ]),
    [
      other('data', undefined, { tag: 'tmcd' }),
      { action: 'drop', type: 'data', from: 'Timecode track (tmcd)', why: data },
    ],
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

  it('copies audio when the settings say so', () => {
    expect(planned(probe(video(), audio()), { skipAudioTranscode: true }).streams[1]).toMatchObject({ action: 'copy' });
  });
});

/** Like the test film with everything: three sounds, two texts, a cover and three attachments. */
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
        'subrip subtitle',
      ].sort(),
    );
  });

  it('says what each stream is and becomes, and why it is left out or converted otherwise', () => {
    for (const source of probes) {
      for (const s of planned(source).streams) {
        expect(s.from && s.to).toBeTruthy();
        if (s.action === 'drop' || s.action === 'subrip') expect(s.why).toBeTruthy();
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
  const parses = (stream: object) => Plan.safeParse({ kind: 'convert', demuxer: 'avi', streams: [stream] }).success;
  expect(parses({ ...made, layout: '5.1' })).toBe(true);
  expect(parses({ ...made, layout })).toBe(false);
});
