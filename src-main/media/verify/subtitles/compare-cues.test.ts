import { describe, expect, it } from 'vitest';
import { checkCues, checkSpans, parseCues } from './compare-cues.ts';

const SUBRIP = [
  '1\n00:00:01,000 --> 00:00:02,000\n<i>Hello</i>\nthere, {\\an8}you\n',
  '2\n00:00:03,000 --> 00:00:03,500\n \n',
  '3\n01:00:00,250 --> 01:00:01,000\n1984\n',
].join('\n');
const [hello, year] = [
  { start: 1, end: 2, text: 'Hello there, you' },
  { start: 3600.25, end: 3601, text: '1984' },
];

it('reads what a text says, without tags and empty lines', () => {
  expect(parseCues(SUBRIP)).toEqual([hello, year]);
  expect(parseCues('')).toEqual([]);
});

it('forgives rounding, a moved clock and another order', () => {
  const moved = [year, hello].map((cue) => ({ ...cue, start: cue.start + 10.005, end: cue.end + 9.995 }));
  expect(() => checkCues('a text', [hello, year], moved, 10)).not.toThrow();
});

it.each([
  ['a lost line', [hello], /has 1 lines instead of 2/],
  ['other words', [hello, { ...year, text: '1985' }], /is missing or says something else \("1984" at 3600\.250 s\)/],
  ['another time', [{ ...hello, start: 0.9 }, year], /is shown at another time \("Hello there, you" at 1\.000 s\)/],
  ['another end', [hello, { ...year, end: 3602 }], /another time/],
])('refuses %s', (_, after, reason) => {
  expect(() => checkCues('a text', [hello, year], after, 0)).toThrow(reason);
});

describe('packets of a copied track', () => {
  // A PGS picture of three segments, and one of two that takes it away, as a transport stream has them.
  const segments = [
    [1.04, 0, 20],
    [1.03, 0, 10],
    [0.98, 0, 3000],
    [2, 0, 15],
    [2, 0, 3],
  ] as const;
  const pictures = [
    [0.04, 1, 3030],
    [1, 0, 18],
  ] as const;

  it('are the same where several make one', () => {
    expect(() => checkSpans('PGS', segments, pictures, -1)).not.toThrow();
  });

  it.each([
    ['a lost one', pictures.slice(0, 1), /has 1 packets instead of 5/],
    ['another time', [pictures[0], [1.2, 0, 18]] as const, /is shown 200 ms away at 2\.000 s/],
    ['other sizes', [pictures[0], [1, 0, 17]] as const, /has 2 packets instead of 5/],
  ])('are refused for %s', (_, result, reason) => {
    expect(() => checkSpans('PGS', segments, result, -1)).toThrow(reason);
  });
});
