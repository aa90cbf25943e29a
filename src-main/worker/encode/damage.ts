/** How much of a source cannot be decoded, from what ffmpeg's log says of its streams. */
import type { Probe } from '../../../src-shared/media/probe.ts';
import type { Timeline } from '../../media/ffmpeg/timeline.ts';

/** Codecs whose decoders go by other names in the log. */
const DECODERS: Record<string, string> = {
  mp3float: 'mp3',
  mp2float: 'mp2',
  dca: 'dts',
  libdav1d: 'av1',
  libvpx: 'vp8',
  'libvpx-vp9': 'vp9',
  aac_latm: 'aac',
};

/** ffmpeg 5.1 names the stream in the sentence, 7 in the context. */
const OF_STREAM = /(?:while decoding stream #0:|[va]ist#0:)(\d+)/;
const CORRUPT = /(?:[va]ist#0:(\d+).*)?corrupt decoded frame(?: in stream (\d+))?/;
/** The filters of a stream are set up by its first frame. */
const FIRST_FRAME = /\[graph[ _]-?\d+(?: input from stream |_in_)0[:_](\d+) @/;
const CONTEXT = /^\[([\w-]+) @ /;

/** Loss that is tolerated: minimum and maximum, in s, and the share of the length in between. */
const [MIN_SECONDS, MAX_SECONDS, SHARE] = [0.25, 1, 0.01];
/** Pictures before the first key frame that H.264 and H.265 may reorder across it. */
const REORDERED = 16;

/** Errors before the first frame of a stream, and after. */
interface Errors {
  before: number;
  after: number;
}

/** Collects errors by stream, those before its first frame apart: a recording may begin in the middle of a group of pictures. */
export class Damage {
  readonly #begun = new Set<number>();
  /** Packets that gave no frame, and frames that were marked as damaged. */
  readonly #byStream = new Map<number, Errors>();
  /** Sentences of decoders, of which a damaged frame may have several. */
  readonly #byCodec = new Map<string, Errors>();
  /** Errors of no stream: a container that cannot be taken apart. */
  #others = 0;
  readonly #codecs = new Map<string, number[]>();

  /** @param probe attributes errors to streams; without it, errors belong to none */
  constructor(probe?: Probe) {
    for (const { codec, index } of probe?.streams ?? [])
      if (codec) this.#codecs.set(codec, [...(this.#codecs.get(codec) ?? []), index]);
  }

  /** Also called with lines that aren't errors. */
  look(line: string): void {
    const [, begun] = FIRST_FRAME.exec(line) ?? [];
    if (begun) this.#begun.add(Number(begun));
    const [corrupt, of, also] = CORRUPT.exec(line) ?? [];
    if (corrupt) this.#note(Number(of ?? also));
  }

  /** An error of reading or decoding. */
  add(line: string): void {
    const [, index] = OF_STREAM.exec(line) ?? [];
    if (index) {
      this.#note(Number(index));
      return;
    }
    const [, name = ''] = CONTEXT.exec(line) ?? [];
    const codec = DECODERS[name] ?? name;
    const streams = this.#codecs.get(codec);
    if (!streams) {
      this.#others += 1;
      return;
    }
    count(
      this.#byCodec,
      codec,
      streams.some((stream) => this.#begun.has(stream)),
    );
  }

  #note(index: number): void {
    count(this.#byStream, index, this.#begun.has(index));
  }

  /**
   * Returns the seconds of pictures or sound that are lost in all; Infinity if unknown. Pictures before the first decodable
   * one don't count: a cut has removed the frames that they refer to.
   * @param decoded number of decoded frames of a stream
   */
  lostSeconds(probe: Probe, timeline: Timeline, decoded: (index: number) => number | undefined): number {
    if (this.#others > 0) return Number.POSITIVE_INFINITY;
    let lost = 0;
    const counted = new Set<string>();
    for (const { index, codec = '', type } of probe.streams) {
      const line = timeline.get(index);
      const lines = counted.has(codec) ? undefined : this.#byCodec.get(codec);
      counted.add(codec);
      const [before, after] = (['before', 'after'] as const).map((when) =>
        Math.max(this.#byStream.get(index)?.[when] ?? 0, lines?.[when] ?? 0),
      ) as [number, number];
      if (before + after === 0) continue;
      if (!line || line.count === 0) return Number.POSITIVE_INFINITY;
      const packet = (line.end - line.first) / line.count;
      const lead = type === 'video' ? (line.times?.filter((time) => time < (line.keys?.[0] ?? time)).length ?? 0) : 0;
      lost += (after + (lead === 0 ? before : missing(line.count, lead, decoded(index) ?? 0))) * packet;
    }
    return lost;
  }
}

function count<K>(errors: Map<K, Errors>, key: K, begun: boolean): void {
  const known = errors.get(key) ?? { before: 0, after: 0 };
  known[begun ? 'after' : 'before'] += 1;
  errors.set(key, known);
}

/** Packets that gave no frame beside those before the first key frame; two of them may be the fields of one frame. */
function missing(count: number, lead: number, decoded: number): number {
  const expected = count - lead;
  const fields = Math.abs(2 * decoded - expected) <= 2 * REORDERED;
  return fields ? 0 : Math.max(0, expected - REORDERED - decoded);
}

/** Whether so little is lost, in s, of a video of this length that it need not be left alone. */
export function isNegligible(lost: number, length: number): boolean {
  return lost <= Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, length * SHARE));
}
