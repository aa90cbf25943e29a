import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { keepSegmentNumber, readChapterFeatures } from './segments.ts';

type Part = [id: string, data: Part[] | string];

/** Elements by their identifiers in RFC 9559; text is in hexadecimal digits. */
function bytes(parts: Part[]): Buffer {
  return Buffer.concat(
    parts.map(([id, data]) => {
      const content = typeof data === 'string' ? Buffer.from(data, 'hex') : bytes(data);
      const size = Buffer.alloc(4);
      size.writeUInt32BE(0x10000000 + content.length);
      return Buffer.concat([Buffer.from(id, 'hex'), size, content]);
    }),
  );
}

const folder = tempFolder();
let names = 0;

/** A Matroska file of these parts before its first cluster. */
function put(...parts: Part[]): string {
  const file = path.join(folder, `${names++}.mkv`);
  writeFileSync(
    file,
    bytes([
      ['1a45dfa3', ''],
      ['18538067', [...parts, ['1f43b675', '']]],
    ]),
  );
  return file;
}

const name: Part = ['80', [['85', '41']]];
const atom = (...parts: Part[]): Part => ['b6', [['73c4', '01'], ['91', '00'], name, ...parts]];
const edition = (...parts: Part[]): Part => ['45b9', parts];
const chapters = (...editions: Part[]): Part => ['1043a770', editions];

describe('chapters', () => {
  it.each<[string, Part[], string[]]>([
    ['a plain list', [chapters(edition(['45dd', '00'], ['45db', '01'], atom(), atom(['4598', '01'])))], []],
    ['no chapters', [], []],
    ['an order of its own', [chapters(edition(['45dd', '01'], atom()))], ['ordered']],
    ['several editions', [chapters(edition(atom()), edition(atom()))], ['editions']],
    ['chapters within chapters', [chapters(edition(atom(atom(), atom())))], ['nested']],
    ['names in two languages', [chapters(edition(atom(name)))], ['languages']],
    ['a hidden chapter', [chapters(edition(atom(['98', '01'])))], ['flags']],
    ['one that is switched off', [chapters(edition(atom(['4598', '00'])))], ['flags']],
    ['a hidden edition', [chapters(edition(['45bd', '01'], atom()))], ['flags']],
    ['commands of a DVD', [chapters(edition(atom(['6944', ''])))], ['commands']],
    ['a piece of another file', [chapters(edition(['45dd', '01'], atom(['6e67', '00'])))], ['ordered', 'linked']],
    ['a file that goes on in another', [['1549a966', [['3eb923', '00']]]], ['linked']],
  ])('with %s', async (_, parts, features) => {
    // As many as ffmpeg lists: it ignores those within others.
    const editions = parts.flatMap(([id, data]) => (id === '1043a770' ? (data as Part[]) : []));
    const atoms = editions.flatMap(([, data]) => data as Part[]).filter(([id]) => id === 'b6');
    expect(await readChapterFeatures(put(...parts), atoms.length)).toEqual(features);
  });

  it('of which ffmpeg drops some are named', async () => {
    const file = put(chapters(edition(atom(), atom(), atom())));
    expect(await readChapterFeatures(file, 3)).toEqual([]);
    expect(await readChapterFeatures(file, 2)).toEqual(['unlisted']);
  });

  it('of a file that is no Matroska are none', async () => {
    const file = path.join(folder, 'no.mkv');
    writeFileSync(file, 'no Matroska at all');
    expect(await readChapterFeatures(file, 0)).toEqual([]);
    rmSync(file);
  });
});

describe('the number of a segment', () => {
  const info = (number: string): Part => [
    '1549a966',
    [
      ['73a4', number],
      ['2ad7b1', '0f4240'],
    ],
  ];
  const [old, made] = ['0123456789abcdef0123456789abcdef', 'ffffffffffffffffffffffffffffffff'];

  it('is the same in the result, so that files that refer to it still find it', async () => {
    const [original, result] = [put(info(old)), put(info(made))];
    expect(await keepSegmentNumber(original, result)).toBe(true);
    const again = put(info(made));
    expect(await keepSegmentNumber(result, again)).toBe(true);
    expect(await keepSegmentNumber(put(), again)).toBe(false);
    expect(await keepSegmentNumber(original, put())).toBe(false);
    expect(readFileSync(again)).toEqual(readFileSync(original));
  });
});
