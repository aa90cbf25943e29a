import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { readTags } from './tags.ts';

/** An element whose data is in hexadecimal digits. */
const element = (id: string, data: string) => `${id}${(0x10000000 + data.length / 2).toString(16)}${data}`;
const text = (id: string, value: string) => element(id, Buffer.from(value).toString('hex'));
const simple = (name: string, value: string, ...more: string[]) =>
  element('67c8', text('45a3', name) + text('4487', value) + more.join(''));
const tag = (targets: string, ...tags: string[]) => element('7373', element('63c0', targets) + tags.join(''));
const level = (value: string) => element('68ca', value);
const [EPISODE, SEASON, SHOW] = [level('32'), level('3c'), level('46')];
const ofTrack = (uid: string) => element('63c5', uid);
const GERMAN = text('447a', 'ger');
const folder = tempFolder();
let names = 0;

function put(title: string, ...tags: string[]): string {
  const file = path.join(folder, `${names++}.mkv`);
  const info = element('1549a966', title ? text('7ba9', title) : '');
  const segment = element('18538067', info + element('1254c367', tags.join('')) + element('1f43b675', ''));
  writeFileSync(file, Buffer.from(element('1a45dfa3', '') + segment, 'hex'));
  return file;
}

describe('tags that ffmpeg would merge', () => {
  it.each<[string, string[], string[] | undefined]>([
    ['one of each name', [tag('', simple('ARTIST', 'A'), simple('GENRE', 'B'))], undefined],
    ['the title again', [tag(EPISODE, simple('TITLE', 'Film'))], undefined],
    ['another title', [tag('', simple('TITLE', 'Other'))], ['TITLE']],
    ['a title of the show', [tag(SHOW, simple('TITLE', 'Show'))], ['TITLE']],
    [
      'numbers of episode and season',
      [tag(EPISODE, simple('PART_NUMBER', '7')), tag(SEASON, simple('PART_NUMBER', '2'))],
      ['PART_NUMBER'],
    ],
    ['two actors', [tag('', simple('ACTOR', 'A'), simple('Actor', 'B'))], ['ACTOR']],
    ['one actor twice', [tag('', simple('ACTOR', 'A'), simple('ACTOR', 'A'))], undefined],
    ['one in two languages', [tag('', simple('ACTOR', 'A'), simple('ACTOR', 'B', GERMAN))], ['ACTOR']],
    ['a title in another language', [tag('', simple('TITLE', 'Titel', GERMAN))], ['TITLE']],
    ['those of two tracks', [tag(ofTrack('01'), simple('A', '1')), tag(ofTrack('02'), simple('A', '2'))], undefined],
    ['statistics, which are not kept', [tag(ofTrack('01'), simple('BPS', '1'), simple('BPS', '2'))], undefined],
    ['binary data', [tag('', element('67c8', text('45a3', 'DATA') + element('4485', '00')))], ['DATA']],
  ])('are named: %s', async (_, tags, mergedTags) =>
    expect(await readTags(put('Film', ...tags))).toEqual({ title: 'Film', ...(mergedTags && { mergedTags }) }),
  );

  it('are found where one index leads to another behind the clusters, as mkvpropedit leaves them', async () => {
    const seek = (id: string, at: number) =>
      element('4dbb', element('53ab', id) + element('53ac', at.toString(16).padStart(8, '0')));
    const tags = element('1254c367', tag(SHOW, simple('TITLE', 'Show')));
    const cluster = element('1f43b675', '');
    const index = (...seeks: string[]) => element('114d9b74', seeks.join(''));
    // Bytes before a part, of which the first index is as long with any number in it.
    const first = (index(seek('114d9b74', 0)) + cluster).length / 2;
    const parts = [index(seek('114d9b74', first + tags.length / 2)), cluster, tags, index(seek('1254c367', first))];
    const file = path.join(folder, 'indexes.mkv');
    writeFileSync(file, Buffer.from(element('1a45dfa3', '') + element('18538067', parts.join('')), 'hex'));
    expect(await readTags(file)).toEqual({ mergedTags: ['TITLE'] });
  });

  it('are none in a file without a title or tags, or that is no Matroska', async () => {
    expect(await readTags(put('', tag('', simple('TITLE', 'A'))))).toEqual({});
    const other = path.join(folder, 'other.mkv');
    writeFileSync(other, 'no Matroska');
    expect(await readTags(other)).toEqual({});
    expect(await readTags(put('Übergröße 🎬'))).toEqual({ title: 'Übergröße 🎬' });
  });
});
