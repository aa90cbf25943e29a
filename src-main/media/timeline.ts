import { Fault } from '../../src-shared/errors.ts';
import { DEEP_PROBE_ARGS, needsDeepProbe } from '../../src-shared/ffmpeg-args.ts';
import { mainVideo, type Probe } from '../../src-shared/media.ts';
import type { Tools } from './capabilities.ts';
import { type ProcessManager, STALL_MS } from './process.ts';

/** When a packet is shown: start and duration in s, 0 where that is not known; and its size in bytes. */
export type Span = readonly [start: number, duration: number, size: number];

/** When the packets of one stream are shown, in seconds as the file counts. */
export interface StreamTimeline {
  /** Packets that are shown; those an edit list hides do not count. */
  count: number;
  /** Of the first packet that is shown; for sound, of the first one that sounds: encoders' priming is silent. */
  first: number;
  /** Start of the last one. */
  last: number;
  /** End of the last one, where its duration is known. */
  end: number;
  /** Sum of the packets' durations, in s: less than the span where there are holes. */
  covered: number;
  /** Every presentation time in ascending order; video only. */
  times?: Float64Array;
  /** Those of them that decoding can begin at. */
  keys?: Float64Array;
  /** Of each packet, in the file's order; subtitles only. */
  spans?: readonly Span[];
  /** The decoding time, in s, after which the next packet's lies before it, as where two films were joined by force. */
  jumpsBackAt?: number;
  /** False when packets come without times of their own (AVI), so that only their number and order are known. */
  timed: boolean;
}

export type Timeline = ReadonlyMap<number, StreamTimeline>;

/** When the pictures of a video end, in s of its file's clock. */
export function picturesEnd(probe: Probe, timeline: Timeline): number {
  return timeline.get(mainVideo(probe)?.index ?? -1)?.end ?? Number.POSITIVE_INFINITY;
}

/** A header may promise so much more than is there: seconds, and share of the whole. */
const SLACK_SECONDS = 2;
const SLACK_SHARE = 0.02;

/** Pictures may come out of their order by so many (H.264 and H.265, greatest max_num_reorder). */
const REORDERED = 16;

/** Packets in which a decoder is through with the encoder's priming. */
const FIRST_PACKETS = 12;

/** How many timelines are remembered: the worker's and the master's look at the same file fall together. */
const REMEMBERED = 4;

/** Reads when every packet of a file is shown: the truth about its length, which headers are not. */
export class Timelines {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #remembered = new Map<string, Promise<Timeline>>();

  constructor(processes: ProcessManager, tools: Tools) {
    this.#processes = processes;
    this.#tools = tools;
  }

  /**
   * @param version what tells this content of the file from another; the same one is read once
   * @throws Fault `conflict` when the packets cannot be read
   */
  read(file: string, version: string, probe: Probe, signal?: AbortSignal): Promise<Timeline> {
    const key = `${file}|${version}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const reading = this.#read(file, probe, signal);
    this.#remembered.set(key, reading);
    reading.catch(() => this.#remembered.delete(key));
    for (const old of [...this.#remembered.keys()].slice(0, -REMEMBERED)) this.#remembered.delete(old);
    return reading;
  }

  /** The next {@link read} looks again. */
  forget(file: string, version: string): void {
    this.#remembered.delete(`${file}|${version}`);
  }

  async #read(file: string, probe: Probe, signal?: AbortSignal): Promise<Timeline> {
    const demuxer = probe.format.split(',')[0] ?? '';
    const video = new Set(probe.streams.filter((s) => s.type === 'video').map((s) => s.index));
    const timeline = new Map<number, StreamTimeline>();
    const times = new Map([...video].map((index) => [index, { all: [] as number[], keys: [] as number[] }]));
    const subtitles = probe.streams.filter((s) => s.type === 'subtitle');
    const spans = new Map(subtitles.map(({ index }) => [index, [] as Span[]]));
    const errors: string[] = [];
    const deep = needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : [];
    const input = ['-hide_banner', '-v', 'error', '-protocol_whitelist', 'file', ...deep, '-f', demuxer];
    const entries = 'packet=stream_index,pts_time,dts_time,duration_time,size,flags';
    const args = [...input, '-show_entries', entries, '-of', 'csv=p=0', '-i', `file:${file}`];
    const end = await this.#processes.run(this.#tools.ffprobe, args, {
      stallMs: STALL_MS,
      ...(signal && { signal }),
      onStderr: (line) => errors.push(line),
      onStdout: (line) => {
        // A packet with side data is followed by an empty line.
        if (line === '') return;
        const packet = parsePacket(line);
        if (packet.hidden || !Number.isFinite(packet.time)) return;
        // Matroska stores no decoding times: ffprobe makes them up, and they may go back as far as pictures do.
        note(timeline, packet, demuxer === 'matroska' ? REORDERED * packet.duration : 0);
        const lists = times.get(packet.index);
        lists?.all.push(packet.time);
        if (packet.key) lists?.keys.push(packet.time);
        spans.get(packet.index)?.push([packet.time, packet.duration, packet.size]);
      },
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind === 'killed') throw new Fault('node', `ffprobe was killed (${end.signal}).`);
    if (end.kind !== 'exit') throw new Fault('conflict', 'its packets could not be read to the end in time.');
    if (timeline.size === 0)
      throw new Fault('conflict', `it holds no packets (${errors.at(-1) ?? 'no reason given'}).`);
    for (const [index, { all, keys }] of times) {
      const stream = timeline.get(index);
      if (stream) Object.assign(stream, { times: Float64Array.from(all).sort(), keys: Float64Array.from(keys).sort() });
    }
    for (const [index, list] of spans) {
      const stream = timeline.get(index);
      if (stream) stream.spans = list;
    }
    for (const { type, index } of probe.streams) {
      const stream = timeline.get(index);
      if (type === 'audio' && stream)
        stream.first = (await this.#firstSound(file, input, index, signal)) ?? stream.first;
    }
    return timeline;
  }

  /** When the first decoded samples of a track are heard; undefined when its first packets give none. */
  async #firstSound(file: string, input: string[], index: number, signal?: AbortSignal): Promise<number | undefined> {
    const args = [...input, '-select_streams', String(index), '-read_intervals', `%+#${FIRST_PACKETS}`];
    args.push('-show_entries', 'frame=pts_time', '-of', 'csv=p=0', '-i', `file:${file}`);
    const options = { stallMs: STALL_MS, ...(signal && { signal }) };
    const { stdout } = await this.#processes.capture(this.#tools.ffprobe, args, options);
    const line = stdout.split('\n').find((text) => /^-?\d/.test(text));
    return line === undefined ? undefined : Number.parseFloat(line);
  }
}

interface Packet {
  index: number;
  time: number;
  /** Decoding time, which never goes back in a sound stream; NaN when the file does not say. */
  order: number;
  duration: number;
  /** In bytes. */
  size: number;
  timed: boolean;
  /** An edit list keeps it from being shown. */
  hidden: boolean;
  key: boolean;
}

function parsePacket(line: string): Packet {
  const [index = '', pts = '', dts = '', duration = '', size = '', flags = ''] = line.split(',');
  const timed = pts !== 'N/A';
  return {
    index: Number(index),
    time: Number(timed ? pts : dts),
    order: Number(dts),
    duration: Number(duration) || 0,
    size: Number(size),
    timed,
    hidden: flags.includes('D'),
    key: flags.includes('K'),
  };
}

/** @param stray how far decoding times may go back for no harm, in s */
function note(
  timeline: Map<number, StreamTimeline & { order?: number | undefined }>,
  packet: Packet,
  stray: number,
): void {
  const { index, time, order, duration, timed } = packet;
  const end = time + duration;
  const stream = timeline.get(index);
  if (!stream) {
    timeline.set(index, {
      count: 1,
      first: time,
      last: time,
      end,
      covered: duration,
      timed,
      ...(!Number.isNaN(order) && { order }),
    });
    return;
  }
  if (stream.order !== undefined && order < stream.order - stray) stream.jumpsBackAt ??= stream.order;
  if (!Number.isNaN(order)) stream.order = order;
  stream.count += 1;
  stream.covered += duration;
  stream.timed &&= timed;
  stream.first = Math.min(stream.first, time);
  stream.last = Math.max(stream.last, time);
  stream.end = Math.max(stream.end, end);
}

/** Damage that the times of a film show. */
export interface Flaw {
  /** A sentence for the user. */
  reason: string;
  /** What is left can be converted, if it is wished. */
  convertible: boolean;
}

/**
 * Whether a file is damaged so that its times show it: it ends before its own header says, as a cut download does, or its
 * clock jumps back. Undefined when all is well.
 */
export function timeFlaw(probe: Probe, timeline: Timeline): Flaw | undefined {
  const cut = (claimed: number | undefined, real: number): Flaw | undefined => {
    if (!claimed || claimed - real <= Math.max(SLACK_SECONDS, claimed * SLACK_SHARE)) return undefined;
    const reason = `The file is cut off: it says it is ${claimed.toFixed(1)} s long but ends after ${real.toFixed(1)} s.`;
    return { reason, convertible: true };
  };
  for (const stream of probe.streams) {
    const line = timeline.get(stream.index);
    if (stream.type !== 'video') continue;
    const at = line?.jumpsBackAt;
    if (at !== undefined) {
      const reason = `The film's clock jumps back after ${at.toFixed(1)} s, so its pictures cannot be kept in order.`;
      return { reason, convertible: false };
    }
    const flaw = cut(stream.duration, line ? line.end - Math.min(line.first, 0) : 0);
    if (flaw) return flaw;
  }
  const all = [...timeline.values()];
  return cut(probe.duration, Math.max(...all.map((t) => t.end)) - Math.min(0, ...all.map((t) => t.first)));
}
