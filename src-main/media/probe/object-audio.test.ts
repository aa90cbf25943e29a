import { describe, expect, it } from 'vitest';
import { holdsObjects } from './object-audio.ts';

/** Bits as text, spaces and all, filled up to bytes. */
function packet(...parts: string[]): Buffer {
  const bits = parts.join('').replaceAll(' ', '');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

const SYNC = '0000101101110111';
/** Independent stream 0, 5.1, 48 kHz, six blocks, E-AC-3 (bsid 16), dialnorm, no compression word. */
const PLAIN = `${SYNC} 00 000 00111111111 00 11 111 1 10000 11011 0`;
/** Additional information of one byte, whose lowest bit is the flag for objects, and what follows it. */
const added = (flag: '0' | '1') => `1 000000 0000000${flag} 00010000`;

describe('E-AC-3', () => {
  it.each<[string, string, string]>([
    ['nothing before it', PLAIN, '0 0'],
    [
      'mixing levels before it',
      PLAIN,
      // dmixmod, centre and surround levels, LFE level, no scales, mixdef 1 with five bits, no frame mixing.
      '1 00 000 000 000 000 1 01010 0 0 01 11111 0 0',
    ],
    ['a long mixing definition before it', PLAIN, `1 00 000000 000000 0 0 0 11 00000 ${'01'.repeat(8)} 0 0`],
    ['block mixing before it', PLAIN, '1 00 000000 000000 0 0 0 00 1 1 00001 0 0 0 1 11111 0 0'],
    ['information before it', PLAIN, '0 1 000 0 0 00 1 00000 00 0 0'],
    ['a channel map before it, in a dependent stream', PLAIN.replace('00 000 ', '01 000 '), `1 ${'01'.repeat(8)} 0 0`],
    ['two single channels', `${SYNC} 00 000 00111111111 00 11 000 0 10000 11011 1 01010101 11011 0`, '0 0'],
    ['two blocks, and the flag of the converter', `${SYNC} 00 000 00111111111 00 01 111 1 10000 11011 0`, '0 0 1'],
    ['a reduced sample rate', `${SYNC} 00 000 00111111111 11 00 111 1 10000 11011 0`, '0 0'],
    ['a converted stream', `${SYNC} 10 000 00111111111 00 11 111 1 10000 11011 0`, '0 0 000000'],
  ])('is told apart with %s', (_, head, middle) => {
    expect(holdsObjects('eac3', packet(head, middle, added('1')))).toBe(true);
    expect(holdsObjects('eac3', packet(head, middle, added('0')))).toBe(false);
    expect(holdsObjects('eac3', packet(head, middle, '0', '1'.repeat(16)))).toBe(false);
  });

  it('is nothing where it is AC-3, cut, or something else', () => {
    expect(holdsObjects('eac3', packet(PLAIN.replace('10000 11011', '01000 11011'), '0 0', added('1')))).toBe(false);
    expect(holdsObjects('eac3', packet(PLAIN, '0 0', added('1')).subarray(0, 8))).toBe(false);
    expect(holdsObjects('eac3', Buffer.from('not a frame'))).toBe(false);
    expect(holdsObjects('eac3', Buffer.alloc(0))).toBe(false);
  });
});

describe('TrueHD', () => {
  const sync = (substreams: number, info: number) =>
    Buffer.concat([Buffer.from('00000000f8726fba', 'hex'), Buffer.alloc(12), Buffer.from([substreams << 4, info])]);
  it.each([
    ['four substreams and a presentation of 16 channels', sync(4, 0x83), true],
    ['four substreams without it', sync(4, 0x03), false],
    ['three substreams', sync(3, 0x83), false],
    ['no description', Buffer.alloc(40), false],
    ['one that is cut', sync(4, 0x83).subarray(0, 20), false],
  ])('with %s', (_, data, objects) => expect(holdsObjects('truehd', data)).toBe(objects));
});

it('DTS has its own word for it', () => {
  expect(holdsObjects('dts', Buffer.from('7ffe8001aabb02000850cc', 'hex'))).toBe(true);
  expect(holdsObjects('dts', Buffer.from('7ffe8001aabb02000851cc', 'hex'))).toBe(false);
});
