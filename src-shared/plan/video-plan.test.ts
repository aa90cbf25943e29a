import { describe, expect, it } from 'vitest';
import type { VideoStream } from '../media/probe.ts';
import { DEFAULT_TABLES } from '../media/quality.ts';
import { Settings } from '../settings/settings.ts';
import type { VideoEncode } from './stream-plan.ts';
import { ALPHA, planVideo } from './video-plan.ts';

const settings = Settings.parse({});
const VIDEO: VideoStream = {
  index: 0,
  type: 'video',
  codec: 'h264',
  width: 1920,
  height: 1080,
  pixelFormat: 'yuv420p',
};
const plan = (over: Partial<VideoStream> = {}, set: Partial<Settings> = {}) =>
  planVideo({ ...VIDEO, ...over }, { ...settings, ...set }, DEFAULT_TABLES);

it('plans a plain video without any change to explain', () => {
  expect(plan({ frameRate: 24 })).toEqual({
    action: 'encode',
    type: 'video',
    source: 0,
    from: '1920x1080 H.264 24 fps',
    to: 'AV1 1920x1080, CRF 24, preset 8',
    preset: 8,
    crf: 24,
    keyint: 240,
    width: 1920,
    height: 1080,
    colour: {},
  });
});

it.each<[Partial<VideoStream>, Partial<Settings>, { preset: number; crf: number }]>([
  [{}, { preset: 0 }, { preset: 0, crf: 24 }],
  [{}, { crf: 63, preset: 13 }, { preset: 13, crf: 63 }],
  [{}, { crf: 1 }, { preset: 8, crf: 1 }],
  [{ codec: 'hevc' }, {}, { preset: 8, crf: 26 }],
  [{ codec: 'av1' }, {}, { preset: 8, crf: 31 }],
  [{ width: 720, height: 576, codec: 'mpeg2video' }, {}, { preset: 8, crf: 28 }],
  [{ width: 1080, height: 1920, rotation: 90 }, {}, { preset: 8, crf: 24 }],
])('quality of %j with %j', (over, set, quality) => expect(plan(over, set)).toMatchObject(quality));

it.each([
  [undefined, undefined, 240, undefined],
  [24000 / 1001, undefined, 240, undefined],
  [25, 50, 250, undefined],
  [29.97, 59.94, 300, undefined],
  [0.02, undefined, 1, undefined],
  [240, 240, 2400, undefined],
  [30, 1000, 300, 60],
  [30, 240.5, 300, 60],
  [500, undefined, 2400, 60],
])(
  '%d fps, at most %d: a key frame every %i frames, nominal rate %d',
  (frameRate, maxFrameRate, keyint, nominalRate) => {
    const made = plan({ ...(frameRate && { frameRate }), ...(maxFrameRate && { maxFrameRate }) });
    expect([made.keyint, made.nominalRate]).toEqual([keyint, nominalRate]);
  },
);

it.each([
  [1920, 1080, 0, 1920, 1080, undefined],
  [321, 181, 0, 322, 182, 'its odd size is padded by one line'],
  [321, 180, 0, 322, 180, 'its odd size is padded by one line'],
  [320, 181, 0, 320, 182, 'its odd size is padded by one line'],
  [320, 180, 90, 180, 320, 'it is stored upright'],
  [320, 180, -90, 180, 320, 'it is stored upright'],
  [320, 180, 270, 180, 320, 'it is stored upright'],
  [320, 180, 180, 320, 180, 'it is stored upright'],
  // ffprobe's number for -89.5°, which ffmpeg takes for -90°.
  [320, 180, -89, 180, 320, 'it is stored upright'],
  [321, 180, -90, 180, 322, 'it is stored upright; its odd size is padded by one line'],
])('%ix%i turned by %i becomes %ix%i', (width, height, rotation, toWidth, toHeight, why) => {
  const made = plan({ width, height, rotation });
  expect([made.width, made.height, made.why]).toEqual([toWidth, toHeight, why]);
  expect(made.to).toContain(`${toWidth}x${toHeight}`);
  expect(made.pad).toBe(why?.includes('padded') ? true : undefined);
});

it.each<[string, Partial<VideoStream>, VideoEncode['deinterlace']]>([
  ['neither flagged nor measured', {}, undefined],
  ['flagged in part', { interlaced: 0.05 }, 'flagged'],
  ['flagged and measured', { interlaced: 1, fields: 'bff' }, 'flagged'],
  ['flagged, but measured progressive', { interlaced: 1, fields: 'progressive' }, undefined],
  ['measured, but not flagged', { fields: 'bff' }, 'bff'],
])('interlaced pictures: %s', (_, over, deinterlace) => {
  const made = plan(over);
  expect(made.deinterlace).toBe(deinterlace);
  expect(made.why).toBe(deinterlace && 'its interlaced fields become whole pictures, one for each frame');
});

it('makes a frame of each field on request', () => {
  const set = { deinterlace: 'field' } as const;
  expect(plan({ interlaced: 1 }, set)).toMatchObject({
    fieldRate: true,
    why: 'its interlaced fields become whole pictures, one for each field',
  });
  expect(plan({}, set).fieldRate).toBeUndefined();
  expect(plan({ interlaced: 0.6 }, set).fieldRate).toBeUndefined();
  expect(plan({ fields: 'tff' }, set).fieldRate).toBe(true);
});

describe('pixel formats', () => {
  const full = '4:4:4 chroma becomes 4:2:0';
  const other = 'its chroma becomes 4:2:0';
  const rgb = 'RGB becomes BT.709 with 4:2:0 chroma';
  const depth = 'more than 10 bits become 10 bits';
  it.each<[string | undefined, string]>([
    ...[undefined, 'yuv420p', 'yuvj420p', 'yuv420p10le', 'nv12', 'nv21', 'p010le', 'gray', 'gray10le'].map(
      (format): [string | undefined, string] => [format, ''],
    ),
    ...['yuv444p', 'yuvj444p', 'yuv444p10le', 'nv24', 'nv42', 'p410le'].map((f): [string, string] => [f, full]),
    ...['yuv422p', 'yuvj422p', 'yuv422p10le', 'yuv440p', 'yuv411p', 'yuv410p'].map((f): [string, string] => [f, other]),
    ...['yuyv422', 'uyvy422', 'yvyu422', 'uyyvyy411', 'nv16', 'nv20le', 'y210le', 'p210le'].map(
      (f): [string, string] => [f, other],
    ),
    ...['gbrp', 'gbrp10le', 'rgb24', 'bgr24', 'bgr0', '0rgb', 'x2rgb10le', 'pal8'].map((f): [string, string] => [
      f,
      rgb,
    ]),
    ...['yuv420p12le', 'yuv420p14le', 'gray12le', 'gray16be', 'p016le'].map((f): [string, string] => [f, depth]),
    ['yuv444p12le', `${full}; ${depth}`],
    ['yuv422p12be', `${other}; ${depth}`],
    ['gbrp12le', `${rgb}; ${depth}`],
    ['rgb48le', `${rgb}; ${depth}`],
    ['gbrpf32le', `${rgb}; ${depth}`],
  ])('%s: %s', (pixelFormat, why) => {
    const { pixelFormat: _, ...bare } = VIDEO;
    const made = planVideo(pixelFormat ? { ...bare, pixelFormat } : bare, settings, DEFAULT_TABLES);
    expect(made.why ?? '').toBe(why);
    expect(made.fromRgb).toBe(why.startsWith('RGB') ? true : undefined);
    expect(ALPHA.test(pixelFormat ?? '')).toBe(false);
  });

  it.each('yuva420p yuva444p12le ayuv64le vuya gbrap gbrap16le rgba bgra rgba64le argb abgr ya8 ya16le'.split(' '))(
    '%s has transparency',
    (format) => expect(ALPHA.test(format)).toBe(true),
  );
});

describe('colour', () => {
  const hdr = { range: 'tv', matrix: 'bt2020nc', transfer: 'smpte2084', primaries: 'bt2020' };
  it.each<[Partial<VideoStream>, VideoStream['colour']]>([
    [{}, {}],
    [{ colour: hdr }, hdr],
    [{ colour: { range: 'pc', matrix: 'bt709' } }, { range: 'tv', matrix: 'bt709' }],
    [{ pixelFormat: 'yuv420p10le', colour: { range: 'pc' } }, { range: 'pc' }],
    [{ pixelFormat: 'yuvj420p', colour: { range: 'pc' } }, { range: 'tv' }],
    [
      { pixelFormat: 'gbrp', colour: { range: 'pc', matrix: 'gbr' } },
      { range: 'tv', matrix: 'bt709' },
    ],
    [{ pixelFormat: 'bgr24' }, { range: 'tv', matrix: 'bt709' }],
    [
      { pixelFormat: 'rgb24', colour: { transfer: 'iec61966-2-1', primaries: 'bt709' } },
      {
        range: 'tv',
        matrix: 'bt709',
        transfer: 'iec61966-2-1',
        primaries: 'bt709',
      },
    ],
  ])('of %j', (over, colour) => expect(plan(over).colour).toEqual(colour));

  it('carries mastering data and light level over, and invents none', () => {
    const mastering = {
      red: [0.68, 0.32] as [number, number],
      green: [0.265, 0.69] as [number, number],
      blue: [0.15, 0.06] as [number, number],
      white: [0.3127, 0.329] as [number, number],
      maxLuminance: 1000,
      minLuminance: 0.005,
    };
    const contentLight = { maxCll: 1000, maxFall: 400 };
    expect(plan({ colour: hdr, mastering, contentLight })).toMatchObject({ mastering, contentLight });
    const hlg = plan({ colour: { ...hdr, transfer: 'arib-std-b67' } });
    expect([hlg.mastering, hlg.contentLight]).toEqual([undefined, undefined]);
  });
});

it('drops the matrix of RGB where the chroma has fewer samples', () => {
  const colour = { matrix: 'gbr', primaries: 'bt709' };
  const made = plan({ colour });
  expect(made).toMatchObject({ hideMatrix: true, colour: { primaries: 'bt709' } });
  expect(made.colour).not.toHaveProperty('matrix');
  expect(made.why).toContain('its color matrix');
  expect(plan({ colour, pixelFormat: 'gbrp' })).not.toHaveProperty('hideMatrix');
});
