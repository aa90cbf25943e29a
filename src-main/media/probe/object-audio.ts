/**
 * Detects sound objects (Dolby Atmos, DTS:X) in the first packets of a track: ffmpeg reports them only from 6.1 on, and
 * without a report they would be lost silently.
 */

/** Codecs that may hold objects beside their channels. */
export const OBJECT_CODECS: ReadonlySet<string> = new Set(['eac3', 'truehd', 'dts']);

/**
 * @param codec ffmpeg's name, one of {@link OBJECT_CODECS}
 * @param packet of a track of that codec
 */
export function holdsObjects(codec: string, packet: Buffer): boolean {
  try {
    if (codec === 'eac3') return isJointObjectCoded(packet);
    return codec === 'truehd' ? hasPresentationOfObjects(packet) : packet.includes(DTS_X);
  } catch (error) {
    // A packet that ends early reports nothing.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Begins the part of a DTS-HD Master Audio frame that holds objects (FFmpeg, libavcodec/dca_syncwords.h: XLL_X). */
const DTS_X = Buffer.from([0x02, 0x00, 0x08, 0x50]);

/** Begins a description of the stream in TrueHD ("Meridian Lossless Packing, Technical Reference for FBA and FBB streams"). */
const MAJOR_SYNC = Buffer.from([0xf8, 0x72, 0x6f, 0xba]);

/** Four substreams, of which the last is a presentation of 16 channels: objects. */
function hasPresentationOfObjects(packet: Buffer): boolean {
  const at = packet.indexOf(MAJOR_SYNC);
  return at >= 0 && packet.readUInt8(at + 16) >> 4 === 4 && packet.readUInt8(at + 17) >> 7 === 1;
}

/** Bits from the highest of the first byte on. */
class Bits {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++)
      value = value * 2 + ((this.#data.readUInt8(this.#at >> 3) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** A flag, and where it is set, what follows it. */
  skipIf(count: number): void {
    if (this.read(1)) this.skip(count);
  }
}

/** Fields of the header of an E-AC-3 frame on which the rest of the header depends. */
interface Frame {
  type: number;
  /** Code of the number of blocks: 3 is six. */
  blocks: number;
  /** Code of the sample rate: 3 is a reduced one. */
  rate: number;
  /** Audio coding mode, 0 to 7: 0 is two single channels. */
  mode: number;
  lfe: boolean;
}

/** Reads the head of a frame up to its additional information (ETSI TS 102 366, E.1.2.2), which says it (ETSI TS 103 420, 8.3.1). */
function isJointObjectCoded(packet: Buffer): boolean {
  const bits = new Bits(packet);
  if (bits.read(16) !== 0x0b77) return false;
  const type = bits.read(2);
  bits.skip(3 + 11);
  const rate = bits.read(2);
  const code = bits.read(2);
  const frame: Frame = { type, rate, blocks: rate === 3 ? 3 : code, mode: bits.read(3), lfe: bits.read(1) === 1 };
  // Up to 10 it is AC-3, which has no objects.
  if (bits.read(5) <= 10) return false;
  const twice = frame.mode === 0 ? 2 : 1;
  for (let i = 0; i < twice; i++) {
    bits.skip(5);
    bits.skipIf(8);
  }
  if (type === 1) bits.skipIf(16);
  if (bits.read(1)) skipMixing(bits, frame);
  if (bits.read(1)) skipInformation(bits, frame);
  if (type === 0 && frame.blocks !== 3) bits.skip(1);
  if (type === 2 && (frame.blocks === 3 || bits.read(1))) bits.skip(6);
  if (!bits.read(1)) return false;
  bits.skip(6 + 7);
  return bits.read(1) === 1;
}

function skipMixing(bits: Bits, { type, blocks, mode, lfe }: Frame): void {
  if (mode > 2) bits.skip(2);
  if (mode > 2 && mode & 1) bits.skip(6);
  if (mode & 4) bits.skip(6);
  if (lfe) bits.skipIf(5);
  if (type !== 0) return;
  bits.skipIf(6);
  if (mode === 0) bits.skipIf(6);
  bits.skipIf(6);
  const definition = bits.read(2);
  if (definition === 1) bits.skip(5);
  if (definition === 2) bits.skip(12);
  if (definition === 3) bits.skip((bits.read(5) + 2) * 8);
  if (mode < 2) bits.skipIf(14);
  if (mode === 0) bits.skipIf(14);
  if (!bits.read(1)) return;
  if (blocks === 0) bits.skip(5);
  else for (let i = 0; i < ([1, 2, 3, 6][blocks] ?? 0); i++) bits.skipIf(5);
}

function skipInformation(bits: Bits, { mode, rate }: Frame): void {
  bits.skip(3 + 1 + 1);
  if (mode === 2) bits.skip(4);
  if (mode >= 6) bits.skip(2);
  bits.skipIf(8);
  if (mode === 0) bits.skipIf(8);
  if (rate < 3) bits.skip(1);
}
