/** What the check of a result finds in sound, subtitles, chapters, attachments and further pictures: results that are right in every number. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { SHARED } from './support/clips.ts';
import { FFMPEGS, turnsOf } from './support/ffmpegs.ts';
import { type Check, makeCheck } from './support/proof.ts';
import { tempFolder } from './support/temp.ts';

const FRAMES = [48, 48];
/** What a result is made of, unless it is spoiled. */
const RIGHT = {
  pictures: 'right.mkv',
  stereo: 'anull',
  surround: 'anull',
  kept: 'anull',
  text: 'text.srt',
  styled: 'text.ass',
  chapters: 'chapters.txt',
  font: 'font.ttf',
  mimetype: 'font/ttf',
};

let folder = '';
let source = '';

const ffmpeg = (...args: string[]) => execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { cwd: folder });

const subrip = (second: string, start = '01,000') =>
  `1\n00:00:00,200 --> 00:00:00,800\nHello <i>there</i>\n\n2\n00:00:${start} --> 00:00:01,900\n${second}\n\n`;

/** The same in two lines of ASS. */
const ass = (size: number, second: string) =>
  [
    '[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]',
    'Format: Name, Fontname, Fontsize, PrimaryColour',
    `Style: Default,Arial,${size},&H00FFFFFF\n\n[Events]`,
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
    'Dialogue: 0,0:00:00.20,0:00:00.80,Default,,0,0,0,,Hello there',
    `Dialogue: 0,0:00:01.00,0:00:01.90,Default,,0,0,0,,${second}\n`,
  ].join('\n');

function chapters(middle: number, ...titles: string[]): string {
  const all = titles.map((title, i) => {
    const [start, end] = i === 0 ? [0, middle] : [middle, 2000];
    return ['[CHAPTER]', 'TIMEBASE=1/1000', `START=${start}`, `END=${end}`, `title=${title}`].join('\n');
  });
  return [';FFMETADATA1', ...all].join('\n');
}

/** Sound of another kind in each channel, whose loudness changes as that of speech. */
function sound(layout: string, channels: number): string[] {
  const exprs = Array.from(
    { length: channels },
    (_, i) => `0.2*(random(${i})-0.5)*(1+sin(${3 + i}*t))+0.1*sin(${((400 + 170 * i) * 2 * Math.PI).toFixed(1)}*t)`,
  );
  return ['-f', 'lavfi', '-i', `aevalsrc=exprs=${exprs.join('|')}:c=${layout}:s=48000:d=2`];
}

const AV1 = ['-c:v', 'libsvtav1', '-preset', '13', '-crf', '40', '-pix_fmt', 'yuv420p10le'];
/** Frames keep the times that they have. */
const TIMING = ['-fps_mode', 'passthrough', '-enc_time_base:v', '1/1000'];

beforeAll(() => {
  folder = tempFolder();
  const files = {
    'text.srt': subrip('How are you?'),
    'words.srt': subrip('How are they?'),
    'late.srt': subrip('How are you?', '01,100'),
    'few.srt': subrip('How are you?').split('\n\n')[0] ?? '',
    'text.ass': ass(16, '{\\i1}How{\\i0} are you?'),
    'style.ass': ass(32, '{\\i1}How{\\i0} are you?'),
    'tag.ass': ass(16, '{\\pos(4,4)}How are you?'),
    'chapters.txt': chapters(1000, 'One', 'Two'),
    'moved.txt': chapters(1200, 'One', 'Two'),
    'named.txt': chapters(1000, 'One', 'Too'),
    'turned.txt': chapters(1000, 'Two', 'One'),
    'font.ttf': 'the bytes of a font',
    'broken.ttf': 'the bytes of a fond',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  source = path.join(folder, 'source.mkv');
  const video = (name: string) => ['-f', 'lavfi', '-i', `${name}=s=160x96:r=24:d=2,gblur=2,format=yuv420p`];
  ffmpeg(
    ...[...video('testsrc2'), ...video('testsrc'), ...sound('stereo', 2), ...sound('5.1(side)', 6)],
    ...['-i', 'text.srt', '-i', 'text.ass', '-i', 'chapters.txt'],
    ...[0, 1, 2, 3, 2, 4, 5].flatMap((n) => ['-map', String(n)]),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '4'],
    ...['-c:a:0', 'flac', '-c:a:1', 'ac3', '-b:a:1', '448k', '-c:a:2', 'libopus', '-b:a:2', '96k'],
    ...['-c:s', 'copy', '-attach', 'font.ttf', '-metadata:s:t', 'mimetype=font/ttf', source],
  );
  const encode = (second: string, name: string) =>
    ffmpeg('-i', source, '-map', '0:v', ...AV1, ...TIMING, '-filter:v:1', second, name);
  encode('null', 'right.mkv');
  encode('lutyuv=y=16:u=128:v=128', 'black.mkv');
});

function make(name: string, change: Partial<typeof RIGHT>): string {
  const result = path.join(folder, `result ${name}.mkv`);
  if (existsSync(result)) return result;
  const made = { ...RIGHT, ...change };
  const kept = made.kept === 'anull' ? ['-c:a:2', 'copy'] : ['-c:a:2', 'libopus', '-filter:a:2', made.kept];
  ffmpeg(
    // The Opus of the source makes its clock begin before its pictures.
    ...['-i', source, '-itsoffset', '0.014', '-i', made.pictures, '-itsoffset', '0.014', '-i', made.text],
    ...['-f', 'ffmetadata', '-i', made.chapters, '-itsoffset', '0.014', '-i', made.styled],
    ...['-map', '1:v', '-map', '0:a', ...(made.text === RIGHT.text ? ['-map', '0:s:0'] : ['-map', '2'])],
    ...(made.styled === RIGHT.styled ? ['-map', '0:s:1'] : ['-map', '4']),
    ...['-map_chapters', '3', '-map_metadata', '0', '-c', 'copy', '-c:a:0', 'libopus', '-c:a:1', 'libopus'],
    ...['-b:a:0', '128k', '-b:a:1', '256k', '-mapping_family:a:1', '1', '-filter:a:0', made.stereo],
    ...['-filter:a:1', `aformat=channel_layouts=5.1,${made.surround}`, ...kept, '-attach', made.font],
    ...['-metadata:s:t', `mimetype=${made.mimetype}`, '-metadata:s:t', 'filename=font.ttf', result],
  );
  return result;
}

const SPOILED: [name: string, change: Partial<typeof RIGHT>, reason: RegExp][] = [
  ['a second video that is black', { pictures: 'black.mkv' }, /another picture/],
  ['silent sound', { stereo: 'volume=0' }, /channel 1 of .* is silent at/],
  ['soft sound', { stereo: 'volume=0.5' }, /is 6 dB softer/],
  ['swapped sides', { stereo: 'pan=stereo|c0=c1|c1=c0' }, /channel \d of .* (holds other sound|softer|louder)/],
  ['noise for sound', { stereo: 'aeval=0.2*random(5)-0.1|0.2*random(6)-0.1:c=same' }, /channel 1 of .* at/],
  ['late sound', { stereo: 'adelay=200|200,atrim=end=2' }, /channel \d of .* at \d|ends/],
  ['silence at the end', { stereo: "volume=0:enable='gte(t,1.3)'" }, /softer|other sound|silent/],
  [
    'a silent surround channel',
    { surround: 'pan=5.1|c0=c0|c1=c1|c2=c2|c3=c3|c4=c4|c5=0*c5' },
    /channel 6 of .* is (silent|\d+ dB softer)/,
  ],
  ['a kept track with other sound', { kept: 'volume=0.4' }, /has other bytes/],
  ['other words', { text: 'words.srt' }, /says something else \("How are you\?" at 1\.0/],
  ['words at another time', { text: 'late.srt' }, /is shown \d+ ms away/],
  ['a lost line', { text: 'few.srt' }, /has 1 (lines|packets) instead of 2/],
  ['words in another place', { styled: 'tag.ass' }, /is styled in another way/],
  ['words in another size', { styled: 'style.ass' }, /has other styles/],
  ['chapters at other times', { chapters: 'moved.txt' }, /chapter 1 \("One"\) ends at 1\.2\d\d s instead of 1\.0/],
  ['chapters with other names', { chapters: 'named.txt' }, /chapter 2 \("Two"\) is called "Too"/],
  ['chapters in another order', { chapters: 'turned.txt' }, /chapter 1 \("One"\) is called "Two"/],
  ['an attachment with other bytes', { font: 'broken.ttf' }, /has other bytes/],
  ['an attachment of another type', { mimetype: 'text/plain' }, /has the mimetype "text\/plain" instead of/],
];

describe.each(FFMPEGS)('the check of all streams with $name', (tested) => {
  let check: Check;
  beforeAll(async () => {
    check = await makeCheck(tested.tools);
  });

  it('lets a right result pass', async () => {
    const { ssim } = await check.verify(source, make('right', {}), FRAMES);
    expect(ssim).toBeGreaterThan(0.95);
  });

  const captioned = path.join(SHARED, 'zoo/cc608_sei.mp4');
  /** A result of it, with these words for its captions. */
  const captionedResult = (words?: string) => {
    const result = path.join(folder, `result with ${words}.mkv`);
    if (existsSync(result)) return result;
    writeFileSync(path.join(folder, 'captions.srt'), `1\n00:00:01,000 --> 00:00:02,900\n${words}\n\n`);
    const captions = words === undefined ? [] : ['-i', 'captions.srt'];
    const maps = ['-map', '0:v', '-map', '0:a', ...(words === undefined ? [] : ['-map', '1'])];
    ffmpeg('-i', captioned, ...captions, ...maps, ...AV1, ...TIMING, '-c:a', 'libopus', '-c:s', 'srt', result);
    return result;
  };

  it.skipIf(!existsSync(captioned))(
    'refuses a result without the captions that its worker says there are none of',
    async () => {
      expect(await check.refusal(captioned, captionedResult(), [75])).toMatch(/lacks the captions .*"HELLO CAPTION"/);
    },
  );

  it.skipIf(!existsSync(captioned))('refuses captions with other words', async () => {
    const asked = async (words: string) => ({
      ...(await check.request(captioned, captionedResult(words), [75])),
      captionLines: 1,
    });
    await check.verifier.verify(await asked('Hello, caption!'));
    await expect(check.verifier.verify(await asked('Nothing is said'))).rejects.toThrow(/lack 2 of 2 words/);
  });

  it.each(turnsOf(tested, SPOILED))('refuses %s', async (name, change, reason) => {
    expect(await check.refusal(source, make(name, change), FRAMES)).toMatch(reason);
  });
});
