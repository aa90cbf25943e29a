import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { languageCarrier } from '../../../src-shared/media/language-carrier.ts';
import { SHARED } from '../../test/support/clips.ts';
import { sha256 } from '../../test/support/files.ts';
import { type ProbedStream, probe } from '../../test/support/media-probe.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { type MatroskaTrack, readTracks, writeLanguages } from './matroska.ts';

const ZOO = path.join(SHARED, 'zoo');
const mkvtoolnix = (program: 'mkvmerge' | 'mkvinfo' | 'mkvpropedit', ...args: string[]) =>
  execaSync(program, args, { all: true, reject: false });
const HAS_MKVTOOLNIX = (['mkvmerge', 'mkvinfo', 'mkvpropedit'] as const).every(
  (program) => mkvtoolnix(program, '--version').exitCode === 0,
);
const NO_MKVTOOLNIX = 'needs MKVToolNix';

const [EBML, SEGMENT, SEEK_HEAD, INFO] = ['1a45dfa3', '18538067', '114d9b74', '1549a966'];
const [TRACKS, CLUSTER, LANGUAGE, BCP47, VIDEO, VOID] = ['1654ae6b', '1f43b675', '22b59c', '22b59d', 'e0', 'ec'];
const [SEEK, SEEK_ID, SEEK_POSITION, ENTRY, TYPE, CODEC] = ['4dbb', '53ab', '53ac', 'ae', '83', '86'];

let folder: string;
let video: string;
let names = 0;

beforeAll(() => {
  folder = tempFolder();
  video = makeVideo();
});

/** A video of one picture, three sounds and two texts, whose titles and comment look like carriers of languages. */
function makeVideo(...options: string[]): string {
  const file = path.join(folder, `video${names++}.mkv`);
  const srt = path.join(folder, 'text.srt');
  writeFileSync(srt, '1\n00:00:00,000 --> 00:00:00,500\nolá\n');
  const tone = ['-f', 'lavfi', '-i', 'sine=d=1'];
  const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=24:d=1', ...tone, '-i', srt];
  args.push('-map', '0', '-map', '1', '-map', '1', '-map', '1', '-map', '2', '-map', '2');
  args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-b:a', '32k', '-c:s', 'srt');
  const languages = {
    'a:0': languageCarrier('por', 'pt-BR'),
    'a:1': 'jpn',
    'a:2': languageCarrier('und', 'zh-Hant-TW'),
    's:0': languageCarrier('fre', 'fr-CA'),
  };
  for (const [stream, language] of Object.entries(languages))
    args.push(`-metadata:s:${stream}`, `language=${language}`, `-metadata:s:${stream}`, 'title=por____pt-BR');
  args.push('-metadata', 'title=por____pt-BR', '-metadata', 'comment=por____pt-BR', '-cues_to_front', '1');
  execaSync('ffmpeg', [...args, ...options, '-f', 'matroska', file]);
  return file;
}

/** A file of its own with this content. */
function put(content: Buffer): string {
  const file = path.join(folder, `put${names++}.mkv`);
  writeFileSync(file, content);
  return file;
}

function copyOf(original: string): string {
  const file = path.join(folder, `copy${names++}.mkv`);
  copyFileSync(original, file);
  return file;
}

/** An element of a Matroska file whose size takes `width` bytes. */
function element(id: string, data: Buffer | string, width = 1): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(data.length) | (1n << BigInt(7 * width)));
  return Buffer.concat([Buffer.from(id, 'hex'), size.subarray(8 - width), Buffer.from(data)]);
}

const join = (id: string, ...parts: Buffer[]) => element(id, Buffer.concat(parts), 4);
const track = (type: number, codec: string, ...more: Buffer[]) =>
  join(ENTRY, element(TYPE, Buffer.of(type)), element(CODEC, codec), ...more);
const matroska = (...parts: Buffer[]) => Buffer.concat([element(EBML, ''), join(SEGMENT, ...parts)]);

/** Where an element of an ffmpeg file begins, which the index of the file's parts names before. */
function placeOf(content: Buffer, id: string): number {
  const first = content.indexOf(id, 0, 'hex');
  return content.readUInt16BE(first - 3) === 0x53ab ? content.indexOf(id, first + 4, 'hex') : first;
}

/** Where the Tracks element of an ffmpeg file begins, and its data begins and ends. */
function tracksOf(content: Buffer): { head: number; start: number; end: number } {
  const head = placeOf(content, TRACKS);
  const width = Math.clz32(content.readUInt8(head + 4)) - 23;
  const size = content.readUIntBE(head + 4, width) - 2 ** (7 * width);
  return { head, start: head + 4 + width, end: head + 4 + width + size };
}

/** The checksum of RFC 8794 bit by bit. */
function crcOf(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const checksums = (file: string) => {
  const content = readFileSync(file);
  const { start, end } = tracksOf(content);
  expect(content.subarray(start, start + 2).toString('hex')).toBe('bf84');
  return { told: content.readUInt32LE(start + 2), true: crcOf(content.subarray(start + 6, end)) };
};

const languages = (tracks: MatroskaTrack[] | undefined) => tracks?.map((t) => t.language);

/** Hashes of all packets, and of all decoded pictures and sounds; fails when anything is wrong with the file. */
function hashes(file: string): string[] {
  const hash = (...args: string[]) =>
    execaSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, ...args, '-f', 'streamhash', '-hash', 'md5', '-']);
  const runs = [hash('-map', '0', '-c', 'copy'), hash('-map', '0:v', '-map', '0:a')];
  expect(runs.map((run) => run.stderr).join('')).toBe('');
  return runs.map((run) => run.stdout);
}

interface Identified {
  warnings: string[];
  errors: string[];
  tracks: { type: string; properties: { language: string; language_ietf?: string; track_name?: string } }[];
}

const identify = (file: string) => JSON.parse(mkvtoolnix('mkvmerge', '-J', file).stdout) as Identified;

/** Moves the tracks of an ffmpeg file behind its clusters, where only the index of the file's parts leads to them. */
function moveTracksToEnd(original: string): string {
  const content = readFileSync(original);
  const tracks = tracksOf(content);
  const moved = Buffer.from(content.subarray(tracks.head, tracks.end));
  const nothing = (length: number) => element(VOID, Buffer.alloc(length - 9), 8);
  nothing(moved.length).copy(content, tracks.head);
  // ffmpeg leaves room behind the index of the file's parts.
  const [index, info] = [placeOf(content, SEEK_HEAD), placeOf(content, INFO)];
  const position = Buffer.alloc(8);
  position.writeBigUInt64BE(BigInt(content.length - index));
  const seek = join(
    SEEK_HEAD,
    join(SEEK, element(SEEK_ID, Buffer.from(TRACKS, 'hex')), element(SEEK_POSITION, position)),
  );
  Buffer.concat([seek, nothing(info - index - seek.length)]).copy(content, index);
  content.writeUIntBE(content.length - index + moved.length, index - 6, 6);
  return put(Buffer.concat([content, moved]));
}

describe('writeLanguages', () => {
  it('gives ffmpeg files their BCP 47 languages and changes nothing else', async () => {
    const file = copyOf(video);
    const [before, hashed] = [readFileSync(file), hashes(file)];
    expect(checksums(file).told).toBe(checksums(file).true);

    expect(await writeLanguages(file)).toBe(3);

    expect(languages(await readTracks(file))).toEqual([
      undefined,
      'pt-BR',
      undefined,
      'zh-Hant-TW',
      'fr-CA',
      undefined,
    ]);
    const { streams, format } = probe(file);
    expect(streams.map((s) => s.tags?.language)).toEqual([undefined, 'por', 'jpn', undefined, 'fre', undefined]);
    expect(streams.map((s) => s.tags?.title).filter(Boolean)).toEqual(Array(4).fill('por____pt-BR'));
    expect(format.tags).toMatchObject({ title: 'por____pt-BR', COMMENT: 'por____pt-BR' });

    const after = readFileSync(file);
    const { start, end } = tracksOf(before);
    expect(after.length).toBe(before.length);
    expect(after.subarray(0, start)).toEqual(before.subarray(0, start));
    expect(after.subarray(end)).toEqual(before.subarray(end));
    expect(checksums(file).told).toBe(checksums(file).true);
    expect(checksums(file).told).not.toBe(before.readUInt32LE(start + 2));
    expect(hashes(file)).toEqual(hashed);

    expect(await writeLanguages(file)).toBe(0);
    expect(readFileSync(file)).toEqual(after);
  });

  it.skipIf(!HAS_MKVTOOLNIX)(`is understood by MKVToolNix without a warning (${NO_MKVTOOLNIX})`, async () => {
    const file = copyOf(video);
    await writeLanguages(file);
    const { tracks, warnings, errors } = identify(file);
    expect({ warnings, errors }).toEqual({ warnings: [], errors: [] });
    expect(tracks.map(({ properties: p }) => [p.language, p.language_ietf])).toEqual([
      ['und', undefined],
      ['por', 'pt-BR'],
      ['jpn', undefined],
      ['und', 'zh-Hant-TW'],
      ['fre', 'fr-CA'],
      ['und', undefined],
    ]);
    const told = mkvtoolnix('mkvinfo', '--all', file);
    expect(told.all).toContain('Language (IETF BCP 47): pt-BR');
    expect(told.all).not.toMatch(/warning|error|unknown element/i);
    const copied = path.join(folder, 'remuxed.mkv');
    const remux = mkvtoolnix('mkvmerge', '-o', copied, file);
    expect(remux.exitCode).toBe(0);
    expect(remux.all).not.toMatch(/warning|error/i);
    expect(languages(await readTracks(copied))?.filter((tag) => tag !== 'und')).toEqual(
      expect.arrayContaining(['pt-BR', 'zh-Hant-TW', 'fr-CA']),
    );
  });

  it('works where tracks have no checksum, and where they have one each', async () => {
    const bare = makeVideo('-write_crc32', '0');
    expect(await writeLanguages(bare)).toBe(3);
    expect(languages(await readTracks(bare))).toContain('pt-BR');
    hashes(bare);

    const fields = Buffer.concat([
      element(TYPE, Buffer.of(2)),
      element(CODEC, 'A_AAC'),
      element(LANGUAGE, 'por____pt-BR'),
    ]);
    const file = put(matroska(join(TRACKS, join(ENTRY, element('bf', Buffer.alloc(4)), fields))));
    expect(await writeLanguages(file)).toBe(1);
    const after = readFileSync(file);
    const crc = after.indexOf('bf84', 0, 'hex');
    expect(after.readUInt32LE(crc + 2)).toBe(crcOf(after.subarray(crc + 6)));
  });

  it('carries the longest tag and leaves alone what is no carrier', async () => {
    const longest = `${'abcdefgh-'.repeat(11)}abcdefgh`;
    const others = ['x____', '____pt-BR', 'por____pt_BR', `por____${longest}-x`, `${'a'.repeat(60)}____pt-BR`];
    const [first, ...rest] = [languageCarrier('por', longest), ...others];
    const more = rest.slice(0, 4).map((value, i) => [`-metadata:s:${i}`, `language=${value}`]);
    const file = makeVideo(...more.flat(), '-metadata:s:5', `language=${first}`);
    expect(await writeLanguages(file)).toBe(2);
    expect(languages(await readTracks(file))).toEqual([undefined, undefined, undefined, undefined, 'fr-CA', longest]);
    const tags = probe(file).streams.map((s) => s.tags?.language);
    expect(tags).toEqual([...others.slice(0, 4), 'fre', 'por']);
    expect(checksums(file).told).toBe(checksums(file).true);

    const plain = makeVideo(...['0', '1', '3', '4'].flatMap((n) => [`-metadata:s:${n}`, `language=${others[4]}`]));
    const before = { sum: sha256(plain), time: statSync(plain).mtimeMs };
    expect(await writeLanguages(plain)).toBe(0);
    expect({ sum: sha256(plain), time: statSync(plain).mtimeMs }).toEqual(before);
  });

  it('works in a file whose tracks come after its clusters', async () => {
    const file = moveTracksToEnd(video);
    // A reader of its own agrees that the file is sound.
    expect(hashes(file)).toEqual(hashes(video));
    expect(await writeLanguages(file)).toBe(3);
    expect(languages(await readTracks(file))).toEqual([
      undefined,
      'pt-BR',
      undefined,
      'zh-Hant-TW',
      'fr-CA',
      undefined,
    ]);
    expect(hashes(file)).toEqual(hashes(video));
  });
});

describe('readTracks', () => {
  const isMatroska = (name: string) => readFileSync(path.join(ZOO, name)).indexOf(EBML, 0, 'hex') === 0;
  const zoo = existsSync(ZOO) ? readdirSync(ZOO).filter((name) => /\.(mkv|webm)$/.test(name) && isMatroska(name)) : [];

  it.skipIf(zoo.length === 0)(
    'numbers the tracks of all kinds of videos as ffprobe does (needs the shared zoo)',
    async () => {
      for (const name of zoo) {
        const file = path.join(ZOO, name);
        const streams = probe(file).streams.filter((s) => s.codec_type !== 'attachment' && !s.disposition.attached_pic);
        const tracks = (await readTracks(file))?.map((t) => [t.type, t.pixelWidth, t.pixelHeight]);
        const size = (s: ProbedStream) => (s.codec_type === 'video' ? [s.width, s.height] : [undefined, undefined]);
        expect([name, tracks]).toEqual([name, streams.map((s) => [s.codec_type, ...size(s)])]);
      }
    },
  );

  it.skipIf(zoo.length === 0 || !HAS_MKVTOOLNIX)(
    `finds the languages that mkvmerge finds (needs the shared zoo, ${NO_MKVTOOLNIX})`,
    async () => {
      for (const name of zoo) {
        const file = path.join(ZOO, name);
        const expected = identify(file).tracks.map((t) => t.properties.language_ietf);
        expect([name, languages(await readTracks(file))]).toEqual([name, expected]);
      }
      expect(languages(await readTracks(path.join(ZOO, 'multi.mkv')))).toEqual([
        'en',
        'pt-BR',
        'fr-CA',
        'ja',
        'en',
        'de',
      ]);
    },
  );

  it.skipIf(!HAS_MKVTOOLNIX)(`reads the crop and the size for display (${NO_MKVTOOLNIX})`, async () => {
    const file = copyOf(video);
    const set = (values: Record<string, number>) =>
      Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const crop = { 'pixel-crop-top': 8, 'pixel-crop-bottom': 6, 'pixel-crop-left': 4, 'pixel-crop-right': 300 };
    const display = { 'display-width': 320, 'display-height': 180, 'display-unit': 3 };
    const edit = (values: Record<string, number>) =>
      expect(mkvtoolnix('mkvpropedit', file, '--edit', 'track:v1', ...set(values)).exitCode).toBe(0);

    const size = { pixelWidth: 96, pixelHeight: 64 };
    expect((await readTracks(file))?.[0]).toEqual({ type: 'video', ...size });
    edit({ ...crop, ...display });
    const shown = { ...size, displayWidth: 320, displayHeight: 180, displayUnit: 3 };
    // A crop that hides everything is none.
    expect((await readTracks(file))?.[0]).toEqual({ type: 'video', ...shown });
    edit({ 'pixel-crop-right': 2 });
    const tracks = await readTracks(file);
    expect(tracks?.[0]).toEqual({ type: 'video', ...shown, crop: { top: 8, bottom: 6, left: 4, right: 2 } });
    expect(tracks?.slice(1).some((t) => t.crop || t.pixelWidth !== undefined)).toBe(false);
  });

  it('leaves out the tracks that ffmpeg makes no streams of', async () => {
    const size = [element('b0', Buffer.of(1, 64)), element('ba', Buffer.of(64)), element('54dd', Buffer.of(16))];
    const entries = [
      track(18, 'B_VOBBTN'),
      track(1, 'V_VP8', join(VIDEO, ...size)),
      track(2, 'V_VP8'),
      join(ENTRY, element(TYPE, Buffer.of(2))),
      element(VOID, 'nothing'),
      track(2, 'A_AC3', element(LANGUAGE, 'por'), element(BCP47, 'pt-BR\0\0')),
      track(33, 'S_TEXT/UTF8', element(BCP47, 'no tag at all')),
      track(17, 'D_WEBVTT/SUBTITLES'),
    ];
    const file = put(matroska(element(VOID, 'x', 8), join(TRACKS, ...entries), join(CLUSTER)));
    expect(await readTracks(file)).toEqual([
      { type: 'video', pixelWidth: 320, pixelHeight: 64, crop: { top: 0, bottom: 0, left: 0, right: 16 } },
      { type: 'audio', language: 'pt-BR' },
      { type: 'metadata' },
      { type: 'subtitle', codec: 'D_WEBVTT/SUBTITLES' },
    ]);
    expect(probe(file).streams).toHaveLength(4);
  });

  it('reads a file whose length was not known when it was begun', async () => {
    const streamed = path.join(folder, 'streamed.mkv');
    writeFileSync(
      streamed,
      execaSync('ffmpeg', ['-v', 'error', '-i', video, '-map', '0', '-c', 'copy', '-f', 'matroska', '-'], {
        encoding: 'buffer',
      }).stdout,
    );
    expect(readFileSync(streamed).indexOf(`${SEGMENT}01ffffffffffffff`, 0, 'hex')).toBeGreaterThan(0);
    expect((await readTracks(streamed))?.map((t) => t.type)).toEqual((await readTracks(video))?.map((t) => t.type));
  });

  it.skipIf(process.platform === 'win32')('skips elements of many gigabytes (needs files with holes)', async () => {
    const size = 5 * 2 ** 30;
    const [head, tail] = [Buffer.from(`${VOID}0100000140000000`, 'hex'), join(TRACKS, track(2, 'A_AAC'))];
    const file = put(Buffer.concat([element(EBML, ''), Buffer.from(`${SEGMENT}01ffffffffffffff`, 'hex'), head]));
    truncateSync(file, statSync(file).size + size);
    appendFileSync(file, tail);
    expect(await readTracks(file)).toEqual([{ type: 'audio' }]);
  });

  it('knows nothing of what is no sound Matroska file, and changes nothing in it', async () => {
    const tracks = join(TRACKS, track(2, 'A_AAC', element(LANGUAGE, 'por____pt-BR')));
    const seek = (place: Buffer) =>
      join(SEEK_HEAD, join(SEEK, element(SEEK_ID, Buffer.from(TRACKS, 'hex')), element(SEEK_POSITION, place)));
    const unknown = (id: string) => Buffer.from(`${id}01ffffffffffffff`, 'hex');
    const files: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      zeros: Buffer.alloc(4096),
      ones: Buffer.alloc(4096, 0xff),
      text: Buffer.from('no video '.repeat(1000)),
      'only a header': element(EBML, 'x'),
      'a header of unknown size': Buffer.concat([unknown(EBML), tracks]),
      'no tracks': matroska(element(VOID, 'x')),
      'tracks after clusters without an index': matroska(join(CLUSTER), tracks),
      'tracks of unknown size': matroska(unknown(TRACKS), tracks.subarray(8)),
      'an element of unknown size before': matroska(unknown(VOID), tracks),
      'an element larger than any file': matroska(Buffer.from(`${VOID}01fffffffffffff0`, 'hex'), tracks),
      'tracks that say they are large': matroska(Buffer.from(`${TRACKS}0100000fffffffff`, 'hex'), tracks),
      'an index that leads to another element': matroska(seek(Buffer.of(0)), join(CLUSTER), tracks),
      'an index that leads behind the end': matroska(seek(Buffer.alloc(8, 0x7f)), join(CLUSTER), tracks),
      'an index with a number of nine bytes': matroska(seek(Buffer.alloc(9, 1)), join(CLUSTER), tracks),
      'a track longer than the tracks': matroska(join(TRACKS, track(2, 'A_AAC').subarray(0, -1))),
      'more elements than is sensible': matroska(Buffer.concat(Array(5000).fill(element(VOID, ''))), tracks),
      'tracks larger than is sensible': matroska(join(TRACKS, track(2, 'A_AAC'), element(VOID, Buffer.alloc(5e6), 4))),
      'more tracks than is sensible': matroska(join(TRACKS, ...Array(5000).fill(tracks.subarray(8)))),
    };
    for (const [name, content] of Object.entries(files)) {
      const file = put(content);
      expect([name, await readTracks(file), await writeLanguages(file)]).toEqual([name, undefined, 0]);
      expect(readFileSync(file).equals(content)).toBe(true);
    }
    await expect(readTracks(path.join(folder, 'absent.mkv'))).rejects.toThrow('ENOENT');
    await expect(writeLanguages(path.join(folder, 'absent.mkv'))).rejects.toThrow('ENOENT');
  });

  it('reads all tracks or nothing of a file that is cut anywhere', async () => {
    const whole = await readTracks(video);
    const { end } = tracksOf(readFileSync(video));
    const file = copyOf(video);
    for (let length = end + 64; length >= 0; length--) {
      truncateSync(file, length);
      expect(await readTracks(file)).toEqual(length < end ? undefined : whole);
    }
  });

  it('survives any wrong byte', async () => {
    const content = readFileSync(video).subarray(0, tracksOf(readFileSync(video)).end + 64);
    const file = put(content);
    for (let at = 0; at < content.length; at++) {
      const damaged = Buffer.from(content);
      damaged.writeUInt8(content.readUInt8(at) ^ (at % 2 ? 0xff : 0x80), at);
      writeFileSync(file, damaged);
      const tracks = await readTracks(file);
      expect(tracks === undefined || Array.isArray(tracks)).toBe(true);
      await writeLanguages(file);
      expect(statSync(file).size).toBe(content.length);
    }
  });
});
