/** Short HEVC videos with Dolby Vision metadata of our own, as no encoder at hand writes it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execaSync } from 'execa';

/** Frames of each video. */
export const FRAMES = 12;
/** What each picture begins with: an access unit delimiter. */
const DELIMITER = '\0\0\0\x01\x46';

interface Vision {
  profile?: number;
  compatibility?: number;
  /** Of the base layer, with ffmpeg's name. */
  transfer?: 'smpte2084' | 'arib-std-b67';
  /** Frames from this number on carry no metadata. */
  until?: number;
  /** Lines at the top and at the bottom that are no part of the video. */
  borders?: number;
  /** Of the first frame; each one after it is brighter by 2. */
  brightness?: number;
  /** It is shown turned by a quarter. */
  turned?: boolean;
  /** A second layer is announced. */
  enhanced?: boolean;
  /** No configuration record tells of the metadata. */
  unrecorded?: boolean;
}

/** Bits as text. */
const u = (value: number, count: number) => (value >>> 0).toString(2).padStart(count, '0').slice(-count);
const ue = (value: number) => {
  const bits = (value + 1).toString(2);
  return '0'.repeat(bits.length - 1) + bits;
};
const aligned = (bits: string) => bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
const bytesOf = (bits: string) =>
  Buffer.from(
    aligned(bits)
      .match(/.{8}/g)
      ?.map((byte) => Number.parseInt(byte, 2)) ?? [],
  );

/** CRC-32 of MPEG-2, as an RPU ends with it. */
export function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  }
  return sum >>> 0;
}

/**
 * Metadata of one frame in profile 8, without its prefix byte, and blocks of levels 1, 5 and 6.
 * @param values `curve` is the slope of the reshaping, 1 for none; `residual` says that an enhancement layer completes it
 */
export function makeRpu({
  brightness = 2000,
  borders = 0,
  light = 400,
  matrix = 9574,
  curve = 1,
  residual = false,
} = {}): Buffer {
  const head = `${u(2, 6) + u(18, 11) + u(1, 4) + u(0, 4)}10${u(0, 2)}${ue(23)}${u(1, 2)}0`;
  const depths = `${ue(2) + ue(2) + ue(4)}0${u(0, 3)}0${residual ? 0 : 1}10`;
  const pivots = (ue(0) + u(0, 10) + u(1023, 10)).repeat(3);
  const mapping =
    ue(0).repeat(3) +
    pivots +
    ue(0).repeat(2) +
    `${ue(0).repeat(2)}0${ue(0)}${u(0, 23)}${ue(2 * curve - 1)}${u(0, 23)}`.repeat(3);
  const toRgb = [matrix, 0, 13802, 9574, -1540, -5348, 9574, 17610, 0].map((n) => u(n, 16)).join('');
  const offsets = [16777216, 134217728, 134217728].map((n) => u(n, 32)).join('');
  const toLms = [7222, 8771, 390, 2654, 12430, 1300, 0, 422, 15962].map((n) => u(n, 16)).join('');
  const signal = u(65535, 16) + u(0, 64) + u(12, 5) + u(0, 2) + u(0, 2) + u(1, 2) + u(62, 12) + u(3696, 12) + u(42, 10);
  const level = (number: number, length: number, ...fields: string[]) =>
    ue(length) + u(number, 8) + fields.join('').padEnd(length * 8, '0');
  const blocks = [
    level(1, 5, u(0, 12), u(brightness, 12), u(brightness / 2, 12)),
    level(5, 7, u(0, 26), u(borders, 13), u(borders, 13)),
    level(6, 8, u(1000, 16), u(1, 16), u(1000, 16), u(light, 16)),
  ];
  const before = head + depths + mapping + ue(0) + ue(0) + ue(1) + toRgb + offsets + toLms + signal + ue(blocks.length);
  const body = bytesOf(aligned(before) + blocks.join(''));
  const sum = Buffer.alloc(5, 0x80);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([body, sum]);
}

/** An RPU as a unit of HEVC. */
function unitOf(rpu: Buffer): Buffer {
  const escaped: number[] = [];
  let zeros = 0;
  for (const byte of rpu) {
    if (zeros >= 2 && byte <= 3) {
      escaped.push(3);
      zeros = 0;
    }
    escaped.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from([0, 0, 0, 1, 62 << 1, 1, 0x19, ...escaped]);
}

/** Puts a configuration record into the description of the video of an MP4 file whose index is at its end. */
function record(mp4: Buffer, { profile = 8, compatibility = 1, enhanced = false }: Vision): Buffer {
  const made = Buffer.alloc(32);
  made.writeUInt32BE(made.length);
  made.write(profile <= 7 ? 'dvcC' : 'dvvC', 4);
  made[8] = 1;
  made.writeUInt16BE((profile << 9) | (1 << 3) | 0b101 | (enhanced ? 0b10 : 0), 10);
  made[12] = compatibility << 4;
  const outer: number[] = [];
  let from = 0;
  for (const name of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'hvc1']) {
    while (mp4.toString('latin1', from + 4, from + 8) !== name) from += mp4.readUInt32BE(from);
    outer.push(from);
    // A list of descriptions begins with its version and their number.
    from += name === 'stsd' ? 16 : 8;
  }
  const last = outer.at(-1) ?? 0;
  const end = last + mp4.readUInt32BE(last);
  for (const at of outer) mp4.writeUInt32BE(mp4.readUInt32BE(at) + made.length, at);
  return Buffer.concat([mp4.subarray(0, end), made, mp4.subarray(end)]);
}

/** Has an MP4 file shown turned by 90 degrees: the matrix of its track header, behind 40 bytes of times, is another. */
function turn(mp4: Buffer): Buffer {
  const matrix = mp4.indexOf('tkhd') + 4 + 40;
  for (const [i, value] of [0, 1, 0, -1, 0].entries()) mp4.writeInt32BE(value * 65_536, matrix + 4 * i);
  return mp4;
}

const ffmpeg = (...args: string[]) => execaSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);

const COLOURS = 'aud=1:bframes=0:keyint=6:colorprim=bt2020:colormatrix=bt2020nc:range=limited:log-level=error';
const LIGHT =
  'hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400';
const plain = new Map<string, string[]>();

/** The pictures of a plain video as HEVC, by its transfer function: each without its first bytes, which are the same. */
function picturesOf(transfer: string, raw: string): string[] {
  const known = plain.get(transfer);
  if (known) return known;
  const input = ['-f', 'lavfi', '-i', `testsrc2=s=160x96:r=24:d=${FRAMES / 24},gblur=2`, '-pix_fmt', 'yuv420p10le'];
  const params = `transfer=${transfer}:${COLOURS}${transfer === 'smpte2084' ? `:${LIGHT}` : ''}`;
  ffmpeg(...input, ...'-c:v libx265 -preset ultrafast -crf 8 -f hevc -x265-params'.split(' '), params, raw);
  const made = readFileSync(raw).toString('latin1').split(DELIMITER).slice(1);
  plain.set(transfer, made);
  return made;
}

/** Makes an MP4 video of half a second with Dolby Vision 8.1 metadata, which differs from frame to frame. */
export function makeDolbyVision(file: string, vision: Vision = {}): string {
  const { transfer = 'smpte2084', until = FRAMES, borders = 0, brightness = 2000 } = vision;
  const raw = `${file}.hevc`;
  const units = picturesOf(transfer, raw).flatMap((picture, n) => [
    Buffer.from(`${DELIMITER}${picture}`, 'latin1'),
    ...(n < until ? [unitOf(makeRpu({ brightness: brightness + 2 * n, borders }))] : []),
  ]);
  writeFileSync(raw, Buffer.concat(units));
  ffmpeg('-r', '24', '-f', 'hevc', '-i', raw, '-c', 'copy', '-tag:v', 'hvc1', '-f', 'mp4', file);
  rmSync(raw);
  if (vision.turned) writeFileSync(file, turn(readFileSync(file)));
  if (!vision.unrecorded) writeFileSync(file, record(readFileSync(file), vision));
  return file;
}
