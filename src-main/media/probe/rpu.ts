/**
 * Dolby Vision metadata (the reference picture unit, RPU) as it lies in HEVC and AV1 packets. Read from the packets themselves,
 * because decoders before ffmpeg 7.1 do not report it for AV1, and no version prints its blocks of levels. Layout after ETSI GS CCM 001 and
 * ffmpeg's dovi_rpudec.c.
 */

/** A block of display metadata: level 1 is the brightness of a shot, 5 the active area, 6 the static HDR10 values. */
interface Block {
  level: number;
  /** Payload in hexadecimal. */
  payload: string;
}

/** The metadata of one frame. */
export interface Rpu {
  /** How the base layer is reshaped, as bits; undefined where a frame refers to an earlier one for that. */
  mapping?: string;
  /** Color matrices and the range of the source, as bits. */
  colour: string;
  blocks: Block[];
}

/** Bits, most significant first. */
class Bits {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length * 8 - this.at;
  }

  /** An unsigned number of up to 32 bits. @throws RangeError past the end */
  u(count: number): number {
    if (count > this.left) throw new RangeError('the metadata ends too early');
    let value = 0;
    for (let i = 0; i < count; i++, this.at++)
      value = value * 2 + (((this.#bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    return value;
  }

  /** An unsigned Exp-Golomb number; the signed ones have the same length. */
  ue(): number {
    let zeros = 0;
    while (this.u(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + this.u(zeros);
  }

  /** EMDF's variable_bits (ETSI TS 102 366, H.2.2.6). */
  variable(count: number): number {
    let value = this.u(count);
    while (this.u(1) === 1) value = (value + 1) * 2 ** count + this.u(count);
    return value;
  }

  align(): void {
    this.at = (this.at + 7) & ~7;
  }

  /** The bits from `start` to here. */
  since(start: number): string {
    const end = this.at;
    this.at = start;
    return Array.from({ length: end - start }, () => this.u(1)).join('');
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u(8));
  }
}

/** Coefficients of reshaping: an Exp-Golomb whole and `fraction` bits, or 32 bits as a float. */
function skipMapping(bits: Bits, depth: number, fraction: number, float: boolean): void {
  const coefficient = () => {
    if (!float) bits.ue();
    bits.u(float ? 32 : fraction);
  };
  const times = (count: number, what: () => void) => {
    for (let i = 0; i < count; i++) what();
  };
  // Ids, then for each of three components the points between which its pieces lie.
  times(3, () => bits.ue());
  const pieces = [0, 1, 2].map(() => {
    const points = bits.ue() + 2;
    times(points, () => bits.u(depth));
    return points - 1;
  });
  times(2, () => bits.ue());
  const piece = () => {
    if (bits.ue() === 0) {
      const order = bits.ue() + 1;
      if (order === 1 && bits.u(1) === 1) throw new RangeError('linear interpolation is not supported');
      times(order + 1, coefficient);
    } else {
      const order = bits.u(2) + 1;
      times(1 + 7 * order, coefficient);
    }
  };
  for (const count of pieces) times(count, piece);
}

/** Matrices, offsets and the description of the source. */
const COLOUR_BITS = 9 * 16 + 3 * 32 + 9 * 16 + 4 * 16 + 16 + 5 + 3 * 2 + 2 * 12 + 10;
/** What follows the last block: padding, checksum and end mark. */
const TAIL_BITS = 48;

function readBlocks(bits: Bits): Block[] {
  const count = bits.ue();
  bits.align();
  return Array.from({ length: count }, () => {
    const length = bits.ue();
    const level = bits.u(8);
    return { level, payload: Buffer.from(bits.bytes(length)).toString('hex') };
  });
}

/**
 * Parses an RPU without its prefix byte.
 * @returns undefined for anything else, and for one with an enhancement layer or an unsupported form
 */
export function parseRpu(payload: Uint8Array): Rpu | undefined {
  const bits = new Bits(payload);
  try {
    const [type, format] = [bits.u(6), bits.u(11)];
    bits.u(8);
    // Each frame of profile 8 describes its sequence itself.
    if (type !== 2 || (format & 0x700) !== 0 || bits.u(1) !== 1) return undefined;
    bits.u(1);
    const float = bits.u(2) === 1;
    const fraction = float ? 32 : bits.ue();
    bits.u(3);
    const depth = bits.ue() + 8;
    bits.ue();
    bits.ue();
    bits.u(1);
    const compressed = bits.u(3) !== 0;
    bits.u(1);
    const [noResidual, described, refers] = [bits.u(1), bits.u(1), bits.u(1)];
    if (compressed || !noResidual || !described) return undefined;
    let start = bits.at;
    if (refers) bits.ue();
    else skipMapping(bits, depth, fraction, float);
    const mapping = refers ? undefined : bits.since(start);
    bits.ue();
    bits.ue();
    bits.ue();
    start = bits.at;
    for (let i = 0; i < COLOUR_BITS; i++) bits.u(1);
    const colour = bits.since(start);
    const blocks = readBlocks(bits);
    if (bits.left > TAIL_BITS) blocks.push(...readBlocks(bits));
    return { ...(mapping && { mapping }), colour, blocks };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** NAL unit type of Dolby Vision metadata in HEVC. */
export const HEVC_RPU = 62;
/** Its first byte. */
const PREFIX = 0x19;

/** The units of a packet: each behind its length, as in MP4 and Matroska, or behind a start code, as in transport streams. */
function* nalUnits(packet: Buffer): Generator<Buffer> {
  const lengths: Buffer[] = [];
  let at = 0;
  while (at + 4 <= packet.length) {
    const end = at + 4 + packet.readUInt32BE(at);
    if (end > packet.length) break;
    lengths.push(packet.subarray(at + 4, end));
    at = end;
  }
  if (at === packet.length) return yield* lengths;
  const code = Buffer.from([0, 0, 1]);
  for (let from = packet.indexOf(code); from >= 0; ) {
    const next = packet.indexOf(code, from + 3);
    yield packet.subarray(from + 3, next < 0 ? packet.length : next);
    from = next;
  }
}

/** Bytes without those that keep start codes from appearing in them (ITU-T H.265, 7.4.2). */
function unescaped(unit: Buffer): Uint8Array {
  return unit.filter((byte, i) => !(byte === 3 && i > 1 && unit[i - 1] === 0 && unit[i - 2] === 0));
}

/** The metadata in an HEVC packet. */
export function rpuOfHevc(packet: Buffer): Rpu | undefined {
  for (const unit of nalUnits(packet)) {
    if ((unit[0] ?? 0) >> 1 !== HEVC_RPU) continue;
    const bytes = unescaped(unit);
    return bytes[2] === PREFIX ? parseRpu(withoutZeros(bytes.subarray(3))) : undefined;
  }
  return undefined;
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

/** OBU type of metadata, and the kind of it that others define (AV1 specification, 6.7.1). */
export const AV1_METADATA = 5;
const ITUT_T35 = 4;
/** Country, provider and code of Dolby's metadata. */
const DOLBY = Buffer.from('b5003b00000800', 'hex');
/** EMDF: version 0, key 6, payload 256, no options but the one that lets others discard it. */
const EMDF_FLAGS = 5;

/** A number of AV1 (specification, 4.10.5), and how many bytes it takes. */
function leb128(bytes: Buffer, at: number): [value: number, length: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, i + 1];
  }
  return [value, 8];
}

/** The metadata in an AV1 packet. */
export function rpuOfAv1(packet: Buffer): Rpu | undefined {
  for (let at = 0; at < packet.length; ) {
    const head = packet[at] ?? 0;
    const start = at + 1 + ((head >> 2) & 1);
    const [size, length] = (head & 2) === 0 ? [packet.length - start, 0] : leb128(packet, start);
    const unit = packet.subarray(start + length, start + length + size);
    at = start + length + size;
    if (((head >> 3) & 15) !== AV1_METADATA) continue;
    const [kind, skipped] = leb128(unit, 0);
    const body = unit.subarray(skipped);
    if (kind === ITUT_T35 && body.subarray(0, DOLBY.length).equals(DOLBY)) return fromEmdf(body.subarray(DOLBY.length));
  }
  return undefined;
}

function fromEmdf(container: Buffer): Rpu | undefined {
  const bits = new Bits(container);
  try {
    bits.u(2 + 3);
    if (bits.u(5) === 31) bits.variable(5);
    bits.u(EMDF_FLAGS);
    return parseRpu(bits.bytes(bits.variable(8)));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Levels with a payload of fixed length; the length of others depends on which fields have their default. */
const FIXED = new Set([1, 2, 4, 5, 6]);

const known = ({ level, payload }: Block) => `${level}:${FIXED.has(level) ? payload : payload.slice(0, 2)}`;

/** True when two units say the same; blocks may come in another order. */
export function sameRpu(a: Rpu, b: Rpu): boolean {
  const blocks = (rpu: Rpu) => rpu.blocks.map(known).sort().join();
  const mapped = a.mapping === undefined || b.mapping === undefined || a.mapping === b.mapping;
  return mapped && a.colour === b.colour && blocks(a) === blocks(b);
}

/** True when the metadata says that a part of the picture, as the borders of a letterbox, is no part of the video. */
export function hasBorders({ blocks }: Rpu): boolean {
  return blocks.some(({ level, payload }) => level === 5 && !/^0*$/.test(payload));
}
