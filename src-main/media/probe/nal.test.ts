import { expect, it } from 'vitest';
import { findExtras } from './nal.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** A packet as MP4 and Matroska have it, and as transport streams do. */
const long = (...units: string[]) =>
  Buffer.concat(units.flatMap((unit) => [Buffer.of(0, 0, 0, hex(unit).length), hex(unit)]));
const coded = (...units: string[]) => Buffer.concat(units.flatMap((unit) => [hex('000001'), hex(unit)]));

const HEVC_SLICE = '2601 af08';
const H264_SLICE = '65 8884 00';

it.each([
  ['h264', [H264_SLICE], {}],
  ['h264', [H264_SLICE, '74 8884 00'], { secondView: true }],
  ['h264', ['6f 8000 20', H264_SLICE], { secondView: true }],
  ['hevc', [HEVC_SLICE], {}],
  // Layer 1, as of another eye or of transparency.
  ['hevc', [HEVC_SLICE, '2609 af08'], { layers: true }],
  ['hevc', ['4e01 04 08 26 0004 0005 01 02 03 80', HEVC_SLICE], { dynamicHdr: 'HDR Vivid' }],
  ['hevc', ['4e01 04 08 b5 0031 47413934 09 80', HEVC_SLICE], { dynamicHdr: 'SMPTE ST 2094-10' }],
  ['hevc', ['4e01 04 06 b5 0090 0001 03 80', HEVC_SLICE], { dynamicHdr: 'SMPTE ST 2094-50' }],
  // Captions, and HDR10+, which decoders tell of.
  ['hevc', ['4e01 04 08 b5 0031 47413934 03 80', HEVC_SLICE], {}],
  ['hevc', ['4e01 04 06 b5 003c 0001 04 80', HEVC_SLICE], {}],
  // Frame packing: side by side, the right eye's view first below the other, one frame each in turn, and its end.
  ['h264', ['06 2d 07 81 81 0080 0000 20 80', H264_SLICE], { stereo: 'left_right' }],
  ['hevc', ['4e01 2d 07 82 02 0080 0000 20 80', HEVC_SLICE], { stereo: 'bottom_top' }],
  ['hevc', ['4e01 2d 07 82 81 0080 0000 20 80', HEVC_SLICE], { stereo: 'unknown' }],
  ['hevc', ['4e01 2d 01 c0 80', HEVC_SLICE], {}],
  // Behind another message, with bytes that keep zeros from looking like a start code.
  ['hevc', ['4e01 01 01 00 94 08 0000 03 0000 03 0001 0101 80', HEVC_SLICE], { ambient: true }],
] as const)('%s %j holds %j', (codec, units, extras) => {
  expect(findExtras(codec, [long(...units)])).toEqual(extras);
  expect(findExtras(codec, [coded(...units)])).toEqual(extras);
});

it('a unit whose length looks like a start code is one unit', () => {
  const slice = Buffer.concat([hex(HEVC_SLICE), Buffer.alloc(0x1a0 - 4, 0x5a)]);
  const second = Buffer.concat([hex('2609 af08'), Buffer.alloc(0x1a0 - 4, 0x5a)]);
  const packet = (...units: Buffer[]) => Buffer.concat(units.flatMap((unit) => [hex('000001a0'), unit]));
  expect(findExtras('hevc', [packet(slice, slice)])).toEqual({});
  expect(findExtras('hevc', [packet(slice, second)])).toEqual({ layers: true });
});

it('damaged packets hold nothing', () => {
  for (const packet of ['', '00', '000001', '00000005 26', 'ffffffff ffff', '00000003 4e01ff'])
    expect(findExtras('hevc', [hex(packet)])).toEqual({});
});
