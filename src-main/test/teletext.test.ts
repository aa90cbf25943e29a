/** Subtitles of teletext become text where ffmpeg can read them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { convert, outcomes } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { FFMPEGS } from './support/ffmpegs.ts';
import { probe } from './support/media-probe.ts';
import { makeCheck } from './support/proof.ts';
import { makeTeletext } from './support/teletext.ts';
import { makeHome, tempFolder } from './support/temp.ts';

let source = '';
beforeAll(() => {
  const folder = tempFolder();
  const clip = makeClip(path.join(folder, 'clip.ts'), { seconds: 4, sound: true });
  source = makeTeletext(path.join(folder, 'video.ts'), clip, [
    { number: 100, language: 'eng', kind: 1, lines: [[0.2, 'Today: rain']] },
    {
      number: 888,
      language: 'eng',
      kind: 2,
      lines: [
        [0.5, 'Hello there'],
        [1, ''],
        [1.5, 'Sent once,'],
        [2, 'sent again'],
        [2.2, 'sent again'],
        [3, 'To the end'],
      ],
    },
    {
      number: 777,
      language: 'ger',
      kind: 5,
      lines: [
        [1.2, 'Es klopft'],
        [2.6, ''],
      ],
    },
    { number: 889, language: 'fre', kind: 2, lines: [] },
  ]);
});

describe.each(FFMPEGS)('with $name', ({ tools, env }) => {
  it('each page of subtitles that shows any becomes a track, with its words, times, language and purpose; other words are refused', async () => {
    const { data, media } = makeHome();
    execaSync('cp', ['-p', source, path.join(media, 'video.ts')]);
    const run = await convert(data, [media], [], { env });
    const able = execaSync(tools.ffmpeg, ['-v', 'error', '-decoders']).stdout.includes('libzvbi_teletextdec');
    expect(outcomes(run)).toEqual([able ? 'video.mkv: done' : 'video.ts: skipped (old-ffmpeg)']);
    if (!able) return;
    const { streams } = probe(path.join(media, 'video.mkv'));
    const pages = streams.filter((s) => s.codec_type === 'subtitle');
    const told = pages.map((s) => [s.codec_name, s.tags?.language, s.disposition.hearing_impaired]);
    expect(told).toEqual([
      ['subrip', 'eng', 0],
      ['subrip', 'ger', 1],
    ]);
    const texts = pages.map(({ index }) => textsOf(path.join(media, 'video.mkv'), index));
    const lines = (...all: [from: number, to: number, text: string][]) => all;
    expect(texts).toEqual([
      lines([0.5, 1, 'Hello there'], [1.5, 2, 'Sent once,'], [2, 3, 'sent again'], [3, 4, 'To the end']),
      lines([1.2, 2.6, 'Es klopft']),
    ]);

    const [right, wrong] = [path.join(media, 'video.mkv'), path.join(media, 'wrong.mkv')];
    const said = execaSync('ffmpeg', ['-v', 'error', '-i', right, '-map', '0:s:0', '-f', 'srt', '-']).stdout;
    writeFileSync(path.join(media, 'wrong.srt'), said.replace('sent again', 'sent for'));
    const tracks = ['-map', '0:v', '-map', '0:a', '-map', '1', '-map', '0:s:1', '-metadata:s:s:0', 'language=eng'];
    const inputs = ['-i', right, '-i', path.join(media, 'wrong.srt')];
    execaSync('ffmpeg', ['-v', 'error', ...inputs, ...tracks, '-c', 'copy', '-disposition:s:0', '0', wrong]);
    const { verifier, request } = await makeCheck(tools);
    const check = async (result: string) =>
      verifier.verify({ ...(await request(source, result, [96])), teletextLines: [4, 1, 0] });
    await check(right);
    await expect(check(wrong)).rejects.toThrow(/page 888 of the teletext .*"sent again" at 2\.\d+ s/);
  });
});

/** Lines of a track with their times, in s to the tenth. */
function textsOf(file: string, index: number) {
  const { stdout } = execaSync('ffmpeg', ['-v', 'error', '-i', file, '-map', `0:${index}`, '-f', 'srt', '-']);
  const seconds = (time = '') =>
    Number((Number(time.slice(6).replace(',', '.')) + 60 * Number(time.slice(3, 5))).toFixed(1));
  return [...stdout.matchAll(/^(\S+) --> (\S+)\n(.*)$/gm)].map(([, from, to, text]) => [
    seconds(from),
    seconds(to),
    text,
  ]);
}
