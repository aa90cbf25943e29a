/** Videos with teletext subtitles of our own, as no encoder at hand writes them (ETS 300 706, EN 300 472). */
import { rmSync, writeFileSync } from 'node:fs';
import { execaSync } from 'execa';
import { crc } from './dolby-vision.ts';

/** A page of teletext. */
export interface Page {
  /** 100 to 899. */
  number: number;
  language: string;
  /** 1 the first page of the service, 2 subtitles, 5 those for the hard of hearing (EN 300 468, table 94). */
  kind: 1 | 2 | 5;
  /** Lines, by the second at which they appear; an empty one takes the one before away. */
  lines: [seconds: number, text: string][];
}

/** Data by Hamming 8/4 (ETS 300 706, 8.2). */
const HAMMING = Buffer.from('1502495e6473382fd0c78c9ba1b6fdea', 'hex');
/** A page number that no page has: it ends the one before. */
const TIME_FILLING = 0xff;

const bits = (byte: number) => byte.toString(2).padStart(8, '0').split('');
/** Teletext is sent with the lowest bit first. */
const turned = (byte: number) => Number.parseInt(bits(byte).reverse().join(''), 2);
/** A character with odd parity. */
const character = (code: number) => code | (bits(code).filter((b) => b === '1').length % 2 === 0 ? 0x80 : 0);
const hamming = (value: number) => HAMMING[value] ?? 0;

/** A data unit of subtitles: one row of a page. */
function unit(magazine: number, row: number, data: number[]): Buffer {
  const address = [hamming((magazine & 7) | ((row & 1) << 3)), hamming(row >> 1)];
  return Buffer.from([0x03, 44, 0xea, 0xe4, ...[...address, ...data].map(turned)]);
}

/** The head of a page: it erases what was shown, is a subtitle, and the only page on its way. */
function head(magazine: number, page: number): Buffer {
  const digits = [page & 15, page >> 4, 0, 8, 0, 8, 1, 1].map(hamming);
  return unit(magazine, 0, [...digits, ...Array<number>(32).fill(character(0x20))]);
}

/** A line in a box. */
function boxed(magazine: number, text: string): Buffer {
  const codes = [0x0b, 0x0b, ...Buffer.from(text, 'latin1'), 0x0a, 0x0a];
  return unit(
    magazine,
    20,
    Array.from({ length: 40 }, (_, n) => character(codes[n] ?? 0x20)),
  );
}

/** What is shown of a page from a time on, as one PES packet. */
function pes(number: number, seconds: number, text: string): Buffer {
  const [magazine, page] = [Math.floor(number / 100), Number.parseInt(String(number % 100), 16)];
  const ticks = Math.round(seconds * 90_000);
  const head45 = Buffer.alloc(46, 0xff);
  head45.set([0, 0, 1, 0xbd, 0, 178, 0x84, 0x80, 36]);
  head45.set(
    [0x21 | ((ticks >> 29) & 0xe), ticks >> 22, ((ticks >> 14) & 0xfe) | 1, ticks >> 7, ((ticks << 1) & 0xfe) | 1].map(
      (byte) => byte & 0xff,
    ),
    9,
  );
  head45[45] = 0x10;
  return Buffer.concat([head45, head(magazine, page), boxed(magazine, text), head(magazine, TIME_FILLING)]);
}

/** A packet of the transport stream, filled up. */
function packet(pid: number, count: number, payload: Buffer): Buffer {
  const made = Buffer.alloc(188, 0xff);
  made.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10 | (count & 15)]);
  made.set(payload, 4);
  return made;
}

/** A section of a table, behind its pointer. */
function section(table: number, id: number, body: number[]): Buffer {
  const bytes = Buffer.from([table, 0xb0, body.length + 9, id >> 8, id & 0xff, 0xc1, 0, 0, ...body]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc(bytes));
  return Buffer.concat([Buffer.of(0), bytes, sum]);
}

/**
 * Adds teletext to a video.
 * @param file MPEG-TS
 */
export function makeTeletext(file: string, video: string, pages: Page[]): string {
  const [map, pid] = [0x100, 0x102];
  const entries = pages.flatMap(({ number, language, kind }) => [
    ...Buffer.from(language),
    (kind << 3) | (Math.floor(number / 100) & 7),
    Number.parseInt(String(number % 100), 16),
  ]);
  const streams = [6, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, entries.length + 2, 0x56, entries.length, ...entries];
  const shown = pages.flatMap(({ number, lines }) => lines.map(([at, text]) => ({ number, at, text })));
  shown.sort((a, b) => a.at - b.at);
  const raw = `${file}.teletext`;
  writeFileSync(
    raw,
    Buffer.concat([
      packet(0, 0, section(0, 1, [0, 1, 0xe0 | (map >> 8), map & 0xff])),
      packet(map, 0, section(2, 1, [0xff, 0xff, 0xf0, 0, ...streams])),
      ...shown.map(({ number, at, text }, n) => packet(pid, n, pes(number, at, text))),
    ]),
  );
  // Their clock begins where the video's does.
  const inputs = [
    '-i',
    video,
    '-itsoffset',
    String(shown[0]?.at ?? 0),
    '-fix_teletext_pts',
    '0',
    '-f',
    'mpegts',
    '-i',
    raw,
  ];
  execaSync('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-y',
    ...inputs,
    '-map',
    '0',
    '-map',
    '1',
    '-c',
    'copy',
    '-muxdelay',
    '0',
    '-muxpreload',
    '0',
    '-f',
    'mpegts',
    file,
  ]);
  rmSync(raw);
  return file;
}
