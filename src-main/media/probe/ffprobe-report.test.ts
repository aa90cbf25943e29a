import { expect, it } from 'vitest';
import { Report, tagKinds, toStream } from './ffprobe-report.ts';

/** A stream as ffprobe prints it. */
const parse = (printed: object, still = false, shown: object[] = []) => {
  const { streams, frames } = Report.parse({ streams: [{ index: 1, ...printed }], frames: shown });
  if (!streams[0]) throw new Error('no stream');
  return toStream(streams[0], frames, still);
};

it.each([
  [{ language: 'fre', title: 'Commentaire', 'BPS-eng': '64000' }],
  [{ LANGUAGE: 'fre', TITLE: 'Commentaire', BPS: '64000' }],
  [{ Language: 'fre', Title: 'Commentaire', 'Bps-Eng': '64000' }],
  [{ LANGUAGE: 'fre', language: 'ger', Title: 'Commentaire', title: 'Kommentar', bps: '64000' }],
])('reads tags without regard to case: %j', (tags) => {
  const sound = { codec_type: 'audio', codec_name: 'ac3', channels: 2, channel_layout: 'stereo', tags };
  expect(parse(sound)).toMatchObject({ language: 'fre', title: 'Commentaire', bitRate: 64000 });
});

it.each([
  [{ ALPHA_MODE: '1', DURATION: '00:00:03.500000000' }],
  [{ Alpha_Mode: '1', 'DURATION-eng': '00:00:03.500000000' }],
])('reads the tags of pictures without regard to case: %j', (tags) => {
  const pictures = { codec_type: 'video', codec_name: 'vp9', width: 160, height: 90, tags };
  expect(parse(pictures)).toMatchObject({ alpha: true, duration: 3.5 });
});

it.each([
  [{ max_content: 0, max_average: 0 }, undefined],
  [
    { max_content: 1000, max_average: 0 },
    { maxCll: 1000, maxFall: 0 },
  ],
])('takes a light level of zero for one that is not known: %j', (light, contentLight) => {
  const side = { side_data_type: 'Content light level metadata', ...light };
  const pictures = { codec_type: 'video', codec_name: 'hevc', width: 160, height: 90, side_data_list: [side] };
  expect((parse(pictures) as { contentLight?: object }).contentLight).toEqual(contentLight);
});

it.each([
  ['the container', [{ side_data_type: 'Display Matrix', rotation: -90 }], [], -90],
  ['the pictures', [], [{ side_data_type: '3x3 displaymatrix', rotation: 90 }], 90],
  [
    'the pictures, against the container',
    [{ side_data_type: 'Display Matrix', rotation: -90 }],
    [{ side_data_type: '3x3 displaymatrix', rotation: 180 }],
    180,
  ],
])('reads a rotation of %s', (_, ofStream, ofFrame, rotation) => {
  const pictures = { codec_type: 'video', codec_name: 'h264', width: 160, height: 90, side_data_list: ofStream };
  expect(parse(pictures, false, [{ side_data_list: ofFrame }])).toMatchObject({ rotation });
});

it('knows pictures of which ffmpeg would turn some only', () => {
  const pictures = { codec_type: 'video', codec_name: 'h264', width: 160, height: 90 };
  const turned = { side_data_list: [{ side_data_type: '3x3 displaymatrix', rotation: 90 }] };
  expect(parse(pictures, false, [turned, turned])).not.toHaveProperty('changes');
  expect(parse(pictures, false, [turned, {}])).toMatchObject({ changes: 'the rotation from 90° to 0°' });
});

it('knows VobSub whose colors are elsewhere', () => {
  const vobsub = { codec_type: 'subtitle', codec_name: 'dvd_subtitle' };
  expect(parse(vobsub)).toMatchObject({ noPalette: true });
  expect(parse({ ...vobsub, extradata_size: 190 })).not.toHaveProperty('noPalette');
});

it('a single still picture counts as a cover, flagged or not', () => {
  const picture = { codec_type: 'video', codec_name: 'mjpeg', width: 160, height: 90 };
  expect(parse(picture)).toMatchObject({ type: 'video' });
  expect(parse(picture, true)).toMatchObject({ type: 'cover', codec: 'mjpeg' });
  expect(parse({ ...picture, disposition: { attached_pic: 1 } })).toMatchObject({ type: 'cover' });
});

it.each([
  [{ major_brand: 'isom', creation_time: '2024', encoder: 'x', 'location-eng': '+48+011/', title: 'A' }, {}],
  [{ 'com.android.version': '14' }, { customTags: ['com.android.version'] }],
  [
    { make: 'Maker', 'make-eng': 'Maker', artist: 'A' },
    { customTags: ['make'], playerTags: true },
  ],
])('tells tags of phones from those that every player knows: %j', (tags, kinds) => {
  expect(tagKinds(tags)).toEqual(kinds);
});
