/** What MP4 and QuickTime files say of their pictures and ffmpeg does not report, or not in all versions (ISO/IEC 14496-12). */
import { type FileHandle, open } from 'node:fs/promises';
import type { Colour, Crop } from '../../../src-shared/media/probe.ts';
import { colourOf } from './code-points.ts';

/** Bytes of a description that are read into memory; real ones have some hundred. */
const MAX_BOX_BYTES = 2 ** 20;
/** Boxes of one parent; a fragmented file has one or two for each fragment. */
const MAX_BOXES = 100_000;
/** A sample entry's own fields before its boxes (12.1.3.2), the head of the box included. */
const VISUAL_ENTRY = 86;

/** Clean aperture: the part of the pictures that is to be shown (12.1.4.1), its center in pixels off theirs. */
export interface CleanAperture {
  width: number;
  height: number;
  right: number;
  down: number;
}

/** Where a box's content lies. */
interface Box {
  type: string;
  start: number;
  end: number;
}

/** One video track; fields that the file lacks are undefined. */
export interface Mp4Track {
  colour: Colour;
  /** Apple's box of spatial video describes two eyes' views. */
  spatial?: true;
  aperture?: CleanAperture;
}

async function bytes(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** The boxes between two places of a file; ends early where they are not sound. */
async function* boxes(handle: FileHandle, from: number, to: number): AsyncGenerator<Box> {
  for (let at = from, count = 0; at + 8 <= to && count < MAX_BOXES; count++) {
    const head = await bytes(handle, at, 16);
    if (head.length < 8) return;
    const [small, type] = [head.readUInt32BE(0), head.toString('latin1', 4, 8)];
    const long = small === 1 && head.length === 16;
    const size = long ? Number(head.readBigUInt64BE(8)) : small || to - at;
    const start = at + (long ? 16 : 8);
    if (at + size < start || at + size > to) return;
    yield { type, start, end: at + size };
    at += size;
  }
}

/** The first box at the end of a path of types. */
async function find(handle: FileHandle, { start, end }: Omit<Box, 'type'>, path: string[]): Promise<Box | undefined> {
  const [type, ...rest] = path;
  for await (const box of boxes(handle, start, end)) {
    if (box.type === type) return rest.length > 0 ? find(handle, box, rest) : box;
  }
  return undefined;
}

/** The boxes in memory of a sample entry. */
function* boxesIn(data: Buffer): Generator<{ type: string; data: Buffer }> {
  for (let at = 0; at + 8 <= data.length; ) {
    const size = data.readUInt32BE(at);
    if (size < 8 || at + size > data.length) return;
    yield { type: data.toString('latin1', at + 4, at + 8), data: data.subarray(at + 8, at + size) };
    at += size;
  }
}

function parseEntry(entry: Buffer): Mp4Track {
  const track: Mp4Track = { colour: {} };
  for (const { type, data } of boxesIn(entry.subarray(VISUAL_ENTRY))) {
    if (type === 'vexu') track.spatial = true;
    if (type === 'clap' && data.length >= 32) {
      // Four fractions of 32 bits; only offsets may be negative.
      const [width, height, right, down] = [0, 8, 16, 24].map((at) => data.readInt32BE(at) / data.readUInt32BE(at + 4));
      track.aperture = { width, height, right, down } as CleanAperture;
    }
    const kind = type === 'colr' ? data.toString('latin1', 0, 4) : '';
    if ((kind !== 'nclx' && kind !== 'nclc') || data.length < 10) continue;
    const [primaries, transfer, matrix] = [data.readUInt16BE(4), data.readUInt16BE(6), data.readUInt16BE(8)];
    // QuickTime's kind has no range.
    const full = kind === 'nclx' && data.length > 10 ? (data.readUInt8(10) & 0x80) !== 0 : undefined;
    track.colour = colourOf({
      primaries,
      transfer,
      matrix,
      range: full === undefined ? undefined : full ? 'pc' : 'tv',
    });
  }
  return track;
}

/** Lines and columns of a picture around its clean aperture; undefined where there are none, or it isn't inside the picture. */
export function hiddenBorders(
  { width, height }: { width: number; height: number },
  aperture: CleanAperture | undefined,
): Crop | undefined {
  if (!aperture) return undefined;
  const [shownWidth, shownHeight] = [Math.round(aperture.width), Math.round(aperture.height)];
  const left = Math.round((width - shownWidth) / 2 + aperture.right);
  const top = Math.round((height - shownHeight) / 2 + aperture.down);
  const crop = { left, top, right: width - shownWidth - left, bottom: height - shownHeight - top };
  const isInside = shownWidth > 0 && shownHeight > 0 && Object.values(crop).every((lines) => lines >= 0);
  return isInside && (shownWidth < width || shownHeight < height) ? crop : undefined;
}

/**
 * The video tracks of an MP4 or QuickTime file by their track ID, each by its first sample entry.
 * @throws the operating system's error when the file cannot be read
 */
export async function readMp4Tracks(file: string): Promise<Map<number, Mp4Track>> {
  const handle = await open(file, 'r');
  try {
    const tracks = new Map<number, Mp4Track>();
    const moov = await find(handle, { start: 0, end: (await handle.stat()).size }, ['moov']);
    if (!moov) return tracks;
    for await (const trak of boxes(handle, moov.start, moov.end)) {
      if (trak.type !== 'trak') continue;
      const [header, handler, table] = [
        await find(handle, trak, ['tkhd']),
        await find(handle, trak, ['mdia', 'hdlr']),
        await find(handle, trak, ['mdia', 'minf', 'stbl', 'stsd']),
      ];
      if (!header || !handler || !table || table.end - table.start > MAX_BOX_BYTES) continue;
      if ((await bytes(handle, handler.start + 8, 4)).toString('latin1') !== 'vide') continue;
      const head = await bytes(handle, header.start, 24);
      // Times of 64 bits stand before it in version 1.
      const id = head.length === 24 ? head.readUInt32BE(head[0] === 1 ? 20 : 12) : 0;
      const entries = await bytes(handle, table.start + 8, table.end - table.start - 8);
      const size = entries.length >= 4 ? entries.readUInt32BE(0) : 0;
      tracks.set(id, parseEntry(entries.subarray(0, size)));
    }
    return tracks;
  } finally {
    await handle.close();
  }
}

/**
 * Whether a file's samples are described where they lie, fragment by fragment, instead of once for all of them.
 * @throws the operating system's error when the file cannot be read
 */
export async function isFragmented(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    return (await find(handle, { start: 0, end: (await handle.stat()).size }, ['moov', 'mvex'])) !== undefined;
  } finally {
    await handle.close();
  }
}
