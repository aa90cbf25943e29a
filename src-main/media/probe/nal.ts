/** NAL units of H.264 and H.265 streams that decoders ignore: additional layers, and unknown metadata. */

import { stereoOf } from './stereo.ts';

/** Content besides the pictures that every decoder shows. */
export interface Extras {
  /** A second view of H.264 (its annex on multiview coding). */
  secondView?: true;
  /** Layers of H.265 beyond the first: another view, transparency, or a finer picture. */
  layers?: true;
  /** Metadata that changes from scene to scene and no ffmpeg keeps, by its name. */
  dynamicHdr?: string;
  /** How two eyes share the pictures, with ffmpeg's names for Matroska's StereoMode. */
  stereo?: string;
  /** The light that the video was made for (H.265, D.3.39). */
  ambient?: true;
}

/** Units of H.264 that only another view has: its parameter set and its slices (H.264, table 7-1). */
const SECOND_VIEW = new Set([15, 20, 21]);
/** Supplemental information: its unit's type in H.264, and before the pictures of H.265. */
const [H264_SEI, HEVC_SEI] = [6, 39];
/** Types of supplemental messages (H.265, D.2.1). */
const [REGISTERED, FRAME_PACKING, AMBIENT] = [4, 45, 148];

/** Arrangements of two views by their number, with ffmpeg's names. */
const PACKINGS = ['checkerboard', 'interleaved columns', 'interleaved lines', 'side by side', 'top and bottom'];

/** How registered user data begins: country, provider, and the provider's code. */
const DYNAMIC: [start: string, name: string][] = [
  // CUVA 005.1.
  ['260004', 'HDR Vivid'],
  // ATSC A/341: "GA94", type 9.
  ['b500314741393409', 'SMPTE ST 2094-10'],
  ['b500900001', 'SMPTE ST 2094-50'],
];

/** The units of a packet behind their lengths, as in MP4 and Matroska; undefined when these do not fill the packet. */
function unitsByLength(packet: Buffer, lengthSize: number): Buffer[] | undefined {
  const found: Buffer[] = [];
  let at = 0;
  while (at + lengthSize <= packet.length) {
    const start = at + lengthSize;
    at = start + packet.readUIntBE(at, lengthSize);
    found.push(packet.subarray(start, at));
  }
  return at === packet.length ? found : undefined;
}

/** The units of a packet behind start codes, as in transport streams (H.264, annex B). */
function unitsByStartCode(packet: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const code = Buffer.of(0, 0, 1);
  for (let at = packet.indexOf(code); at >= 0; ) {
    const next = packet.indexOf(code, at + 3);
    found.push(packet.subarray(at + 3, next < 0 ? packet.length : next));
    at = next;
  }
  return found;
}

/**
 * The units of a packet. Lengths are tried first: one of 256 to 511 bytes looks like a start code, while start codes
 * read as lengths do not end where the packet does.
 */
function units(packet: Buffer): Buffer[] {
  return unitsByLength(packet, 4) ?? unitsByStartCode(packet);
}

/** The messages of a unit of supplemental information, without its head (H.265, 7.3.5). */
function* messages(unit: Buffer): Generator<{ type: number; data: Buffer }> {
  // A third byte after two zeros keeps data from looking like a start code.
  const data = Buffer.from(unit.toString('latin1').replaceAll('\0\0\x03', '\0\0'), 'latin1');
  let at = 0;
  const number = () => {
    let value = 0;
    while (data[at] === 0xff) {
      value += 0xff;
      at += 1;
    }
    value += data[at] ?? 0;
    at += 1;
    return value;
  };
  while (at + 2 < data.length) {
    const [type, size] = [number(), number()];
    yield { type, data: data.subarray(at, at + size) };
    at += size;
  }
}

/** How two views are packed into frames (H.265, D.3.16); undefined when that only ends. */
function framePacking(data: Buffer): string | undefined {
  const bits = [...data].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  // A number of its own stands first, as long again as the zeros before it.
  const at = 2 * Math.max(0, bits.indexOf('1')) + 1;
  if (bits[at] !== '0') return undefined;
  const [type, first] = [bits.slice(at + 1, at + 8), bits.slice(at + 9, at + 15)].map((text) =>
    Number.parseInt(text, 2),
  );
  return stereoOf({ type: PACKINGS[type ?? 0] ?? 'unknown', inverted: first === 2 });
}

/** Looks through packets of one H.264 or H.265 stream. */
export function findExtras(codec: string, packets: Buffer[]): Extras {
  const found: Extras = {};
  for (const unit of packets.flatMap(units)) {
    const [first = 0, second = 0] = unit;
    const type = codec === 'hevc' ? (first >> 1) & 0x3f : first & 0x1f;
    if (codec === 'h264' && SECOND_VIEW.has(type)) found.secondView = true;
    if (codec === 'hevc' && ((first & 1) << 5) + (second >> 3) > 0) found.layers = true;
    if (type !== (codec === 'hevc' ? HEVC_SEI : H264_SEI)) continue;
    for (const message of messages(unit.subarray(codec === 'hevc' ? 2 : 1))) {
      if (message.type === AMBIENT) found.ambient = true;
      const stereo = message.type === FRAME_PACKING ? framePacking(message.data) : undefined;
      if (stereo) found.stereo = stereo;
      const start = message.type === REGISTERED ? message.data.toString('hex', 0, 8) : '';
      const name = DYNAMIC.find(([prefix]) => start.startsWith(prefix))?.[1];
      if (name) found.dynamicHdr = name;
    }
  }
  return found;
}
