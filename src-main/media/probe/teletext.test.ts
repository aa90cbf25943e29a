import { describe, expect, it } from 'vitest';
import { subripOf, teletextPages } from './teletext.ts';

describe('the pages that a stream is said to have', () => {
  it.each<[string, number[], string | undefined, ReturnType<typeof teletextPages>]>([
    ['one', [0x10, 0x88], 'eng', [{ page: '888', language: 'eng' }]],
    ['one without a language', [0x11, 0x50], undefined, [{ page: '150' }]],
    [
      'several, of which the first is the index',
      [0x09, 0x00, 0x11, 0x50, 0x29, 0x51],
      'fre,fre,ger',
      [
        { page: '150', language: 'fre' },
        { page: '151', language: 'ger', impaired: true },
      ],
    ],
    ['one twice', [0x10, 0x88, 0x28, 0x88], 'eng,eng', [{ page: '888', language: 'eng' }]],
    ['one for machines, and half of one', [0x10, 0x8a, 0x10], 'eng', []],
    ['nothing', [], undefined, []],
  ])('%s', (_, descriptor, languages, pages) => {
    expect(teletextPages(Uint8Array.from(descriptor), languages)).toEqual(pages);
  });
});

it('lines are written with their rows', () => {
  const cues = [
    { start: 1, end: 2.5, text: 'One\ntwo' },
    { start: 3600, end: 3601, text: 'Three' },
  ];
  const written = '1\n00:00:01,000 --> 00:00:02,500\nOne\ntwo\n\n2\n01:00:00,000 --> 01:00:01,000\nThree\n\n';
  expect(subripOf(cues)).toBe(written);
});
