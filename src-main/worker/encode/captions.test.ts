import { describe, expect, it } from 'vitest';
import { findCaptionFields } from './captions.ts';

describe('captions beside those of the first field', () => {
  const padding = [0xfc, 0x80, 0x80, 0xf9, 0x80, 0x80];
  it.each<[string, number[], ReturnType<typeof findCaptionFields>]>([
    ['nothing', [], { second: false, digital: false }],
    ['padding of the first field', padding, { second: false, digital: false }],
    ['words of the first field', [0xfc, 0x94, 0x20, 0xfc, 0xc8, 0x45], { second: false, digital: false }],
    ['padding of the second field', [0xfd, 0x80, 0x80], { second: false, digital: false }],
    ['words of the second field', [...padding, 0xfd, 0x15, 0x20, 0xfd, 0xc8, 0x45], { second: true, digital: false }],
    ['programme data', [0xfd, 0x01, 0x03, 0xfd, 0xc8, 0x45, 0xfd, 0x8f, 0x1d], { second: false, digital: false }],
    [
      'programme data, then words',
      [0xfd, 0x01, 0x03, 0xfd, 0x15, 0x2c, 0xfd, 0xc8, 0x45],
      { second: true, digital: false },
    ],
    ['invalid triplets', [0xf9, 0xc8, 0x45, 0xfa, 0x02, 0x21], { second: false, digital: false }],
    ['a packet of a service', [0xff, 0x02, 0x21, 0xfe, 0x41, 0x00], { second: false, digital: true }],
    ['a packet without one', [0xff, 0x01, 0x00], { second: false, digital: false }],
    ['half a triplet', [0xff, 0x02], { second: false, digital: false }],
  ])('of %s are told apart', (_, triplets, found) => {
    expect(findCaptionFields(Uint8Array.from(triplets))).toEqual(found);
  });
});
