/**
 * EBML, the coding of Matroska files, as RFC 8794 has it. A RangeError from any of these functions means that the bytes
 * are no sound EBML, or more than is sensible.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { writeAll } from '../../fs/write-all.ts';

const CRC32 = 0xbf;

/** Four bytes of ID and eight of size. */
const MAX_HEAD_BYTES = 12;

/** Bytes of an element that is read into memory; descriptions of tracks have a few thousand. */
const MAX_ELEMENT_BYTES = 4 * 2 ** 20;

/** Elements of one parent; real ones have a few dozen. */
export const MAX_CHILDREN = 1000;

/** An element in memory: all of it, and its data. Both share their bytes with its parent. */
export interface Element {
  id: number;
  whole: Buffer;
  data: Buffer;
}

/** Where an element's data lies in a file; `end` is Infinity when its size is unknown. */
export interface Extent {
  id: number;
  start: number;
  end: number;
}

/** A number of variable size, with the bits that encode its size or without them. */
function vint(data: Buffer, at: number, longest: number, marked: boolean): { value: number; length: number } {
  const first = data.readUInt8(at);
  const length = Math.clz32(first) - 23;
  if (length > longest) throw new RangeError('A number is too long.');
  let value = marked ? first : first & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + data.readUInt8(at + i);
  return { value, length };
}

/** The element whose head is at `at` of `data`; its extent is counted from there. */
function parseHead(data: Buffer, at: number): Extent {
  const id = vint(data, at, 4, true);
  const size = vint(data, at + id.length, 8, false);
  const start = id.length + size.length;
  const unknown = size.value >= 2 ** (7 * size.length) - 1;
  return { id: id.value, start, end: unknown ? Number.POSITIVE_INFINITY : start + size.value };
}

/** The elements that an element's data consists of. @param most elements that are sensible */
export function children(data: Buffer, most = MAX_CHILDREN): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < data.length; ) {
    const { id, start, end } = parseHead(data, at);
    if (at + end > data.length) throw new RangeError('An element reaches beyond its parent.');
    if (found.length === most) throw new RangeError('There are too many elements.');
    const whole = data.subarray(at, at + end);
    found.push({ id, whole, data: whole.subarray(start) });
    at += end;
  }
  return found;
}

/** The data of an element's children by their ID, of which there is one each. */
export function fieldsOf(data: Buffer): Map<number, Buffer> {
  return new Map(children(data).map((child) => [child.id, child.data]));
}

/** The value of an unsigned integer element, if there is one; inexact beyond 2 ** 53. */
export function uint(data: Buffer | undefined): number | undefined {
  if (data && data.length > 8) throw new RangeError('A number is too long.');
  return data?.reduce((value, byte) => value * 256 + byte, 0);
}

/** The value of a string element without the zeros that may pad it; empty when there is none. */
export function text(data: Buffer | undefined): string {
  return data?.toString('latin1').replace(/\0.*$/s, '') ?? '';
}

/** A string element of up to 126 characters. */
export function encodeText(id: number, value: string): Buffer {
  const head = Buffer.from(id.toString(16), 'hex');
  return Buffer.concat([head, Buffer.of(0x80 | value.length), Buffer.from(value, 'latin1')]);
}

/** Makes the checksum true again, if there is one, that stands at the head of an element's data and covers the rest. */
export function renewCrc(data: Buffer): void {
  const [first] = children(data);
  if (first?.id === CRC32) first.data.writeUInt32LE(crc32(data.subarray(first.whole.length)));
}

/** Reads from a file, less than `length` at its end. */
async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(position)) throw new RangeError('No file is as long as that.');
  const data = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(data, done, length - done, position + done);
    if (bytesRead === 0) return data.subarray(0, done);
    done += bytesRead;
  }
  return data;
}

/** The element that begins at `position` of a file. */
export async function extentAt(handle: FileHandle, position: number): Promise<Extent> {
  const { id, start, end } = parseHead(await read(handle, position, MAX_HEAD_BYTES), 0);
  return { id, start: position + start, end: position + end };
}

/** Reads an element's data. */
export async function load(handle: FileHandle, { start, end }: Extent): Promise<Buffer> {
  if (end - start > MAX_ELEMENT_BYTES) throw new RangeError('An element is too large.');
  const data = await read(handle, start, end - start);
  if (data.length < end - start) throw new RangeError('The file ends within an element.');
  return data;
}

/** Writes an element's data back to where {@link load} read it. */
export async function store(handle: FileHandle, { start }: Extent, data: Buffer): Promise<void> {
  await writeAll(handle, data, start);
  await handle.sync();
}
