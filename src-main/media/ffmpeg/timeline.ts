import { mainVideo, type Probe, type Stream } from '../../../src-shared/media/probe.ts';
import { DEEP_PROBE_ARGS, needsDeepProbe } from '../../../src-shared/plan/ffmpeg-args.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Tools } from './capabilities.ts';
import { type ProcessManager, STALL_MS } from './process-manager.ts';

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
  /** Bytes of each picture, in the order of the times; video only. */
  sizes?: Float64Array;
  /** Where each picture begins in the file, in bytes, in the order of the times; NaN where that isn't known. Video only. */
  positions?: Float64Array;
  /** In the file, in bytes: where its first packet ends, and where the last one begins. NaN where that isn't known. */
  firstEnd?: number;
  lastStart?: number;
  /** Of each packet, in the file's order; subtitles only. */
  spans?: readonly Span[];
  /** The decoding time, in s, after which the next packet's lies before it, as where two videos were joined by force. */
  jumpsBackAt?: number;
  /** False when packets come without times of their own (AVI), so that only their number and order are known. */
  timed: boolean;
}

/** The format of a file, and those of its streams whose times are of interest. */
export interface TimedStreams {
  format: string;
  streams: readonly Pick<Stream, 'type' | 'index'>[];
}

export type Timeline = ReadonlyMap<number, StreamTimeline>;

/** When the pictures of a video end, in s of its file's clock. */
export function picturesEnd(probe: Probe, timeline: Timeline): number {
  return timeline.get(mainVideo(probe)?.index ?? -1)?.end ?? Number.POSITIVE_INFINITY;
}

/** A header may promise so much more than is there: seconds, and share of the whole. */
const SLACK_SECONDS = 2;
const SLACK_SHARE = 0.02;

/** Number of pictures by which they may be out of order (H.264 and H.265, greatest max_num_reorder). */
const REORDERED = 16;

/** Packets in which a decoder is through with the encoder's priming. */
const FIRST_PACKETS = 12;

/** What ffprobe is asked of packets. */
export const PACKET_ENTRIES = 'packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags';

/** How many timelines are remembered: the worker's and the master's look at the same file fall together, with several checks between them. */
const REMEMBERED = 12;

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
   * @param version what distinguishes this content of the file from another; the same one is read once
   * @throws Fault `conflict` when the packets cannot be read
   */
  read(file: string, version: string, probe: TimedStreams, signal?: AbortSignal): Promise<Timeline> {
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

  async #read(file: string, probe: TimedStreams, signal?: AbortSignal): Promise<Timeline> {
    const demuxer = probe.format.split(',')[0] ?? '';
    const video = new Set(probe.streams.filter((s) => s.type === 'video').map((s) => s.index));
    const timeline = new Map<number, StreamTimeline>();
    const times = new Map(
      [...video].map((index) => {
        const lists = { all: [] as number[], keys: [] as number[], sizes: [] as number[], positions: [] as number[] };
        return [index, lists] as const;
      }),
    );
    const subtitles = probe.streams.filter((s) => s.type === 'subtitle');
    const spans = new Map(subtitles.map(({ index }) => [index, [] as Span[]]));
    const errors: string[] = [];
    const deep = needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : [];
    const input = ['-hide_banner', '-v', 'error', '-protocol_whitelist', 'file', ...deep, '-f', demuxer];
    const args = [...input, '-show_entries', PACKET_ENTRIES, '-of', 'csv=p=0', '-i', `file:${file}`];
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
        lists?.sizes.push(packet.size);
        lists?.positions.push(packet.position);
        if (packet.key) lists?.keys.push(packet.time);
        spans.get(packet.index)?.push([packet.time, packet.duration, packet.size]);
      },
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind === 'killed') throw new Fault('node', `ffprobe was killed (${end.signal}).`);
    if (end.kind !== 'exit') throw new Fault('conflict', 'its packets could not be read to the end in time.');
    if (timeline.size === 0)
      throw new Fault('conflict', `it holds no packets (${errors.at(-1) ?? 'no reason given'}).`);
    for (const [index, { all, keys, sizes, positions }] of times) {
      const stream = timeline.get(index);
      if (!stream) continue;
      const order = Uint32Array.from(all.keys()).sort((a, b) => (all[a] as number) - (all[b] as number));
      stream.times = Float64Array.from(order, (n) => all[n] as number);
      stream.sizes = Float64Array.from(order, (n) => sizes[n] as number);
      stream.positions = Float64Array.from(order, (n) => positions[n] as number);
      stream.keys = Float64Array.from(keys).sort();
    }
    for (const [index, list] of spans) {
      const stream = timeline.get(index);
      if (stream) stream.spans = list;
    }
    const tracks = probe.streams.flatMap(({ type, index }) => (type === 'audio' && timeline.has(index) ? [index] : []));
    for (const [index, first] of await this.#firstSounds(file, input, tracks, signal)) {
      const stream = timeline.get(index);
      if (stream) stream.first = first;
    }
    return timeline;
  }

  /** When the first decoded samples of each track are heard; without those whose first packets give none. */
  async #firstSounds(
    file: string,
    input: string[],
    tracks: readonly number[],
    signal?: AbortSignal,
  ): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    const look = async (which: string, packets: number) => {
      const args = [...input, '-select_streams', which, '-read_intervals', `%+#${packets}`];
      args.push('-show_entries', 'frame=stream_index,pts_time', '-of', 'csv=p=0', '-i', `file:${file}`);
      const options = { stallMs: STALL_MS, ...(signal && { signal }) };
      const { stdout } = await this.#processes.capture(this.#tools.ffprobe, args, options);
      for (const [, index, time] of stdout.matchAll(/^(\d+),(-?\d+(?:\.\d+)?)/gm))
        if (!found.has(Number(index))) found.set(Number(index), Number(time));
    };
    if (tracks.length > 1) await look('a', FIRST_PACKETS * tracks.length);
    // Alone, or begins later than the others, or has longer packets.
    for (const index of tracks) if (!found.has(index)) await look(String(index), FIRST_PACKETS);
    return found;
  }
}

/** A packet as ffprobe describes it. */
export interface Packet {
  index: number;
  time: number;
  /** Decoding time, which never goes back in a sound stream; NaN when the file does not say. */
  order: number;
  duration: number;
  /** In bytes. */
  size: number;
  /** Of its first byte in the file; NaN when that isn't known. */
  position: number;
  timed: boolean;
  /** An edit list keeps it from being shown. */
  hidden: boolean;
  key: boolean;
}

/** Parses a line of {@link PACKET_ENTRIES}. */
export function parsePacket(line: string): Packet {
  const [index = '', pts = '', dts = '', duration = '', size = '', position = '', flags = ''] = line.split(',');
  const timed = pts !== 'N/A';
  return {
    index: Number(index),
    time: Number(timed ? pts : dts),
    order: Number(dts),
    duration: Number(duration) || 0,
    size: Number(size),
    position: Number(position),
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
  const { index, time, order, duration, timed, position, size } = packet;
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
      firstEnd: position + size,
      lastStart: position,
      ...(!Number.isNaN(order) && { order }),
    });
    return;
  }
  if (stream.order !== undefined && order < stream.order - stray) stream.jumpsBackAt ??= stream.order;
  if (!Number.isNaN(order)) stream.order = order;
  stream.count += 1;
  stream.covered += duration;
  stream.timed &&= timed;
  stream.lastStart = Math.max(stream.lastStart ?? Number.NaN, position);
  stream.first = Math.min(stream.first, time);
  stream.last = Math.max(stream.last, time);
  stream.end = Math.max(stream.end, end);
}

/** Damage that the times of a video show. */
export interface Flaw {
  /** `damaged`: what is left can be converted, if its user wants that; `too-damaged`: nothing of it can. */
  code: 'damaged' | 'too-damaged';
  /** A sentence for the user. */
  reason: string;
}

/**
 * Returns the damage of a file that its times show: it ends before its own header says, as a cut download does, or its
 * clock jumps back. Undefined when all is well.
 */
export function timeFlaw(probe: Probe, timeline: Timeline): Flaw | undefined {
  const videos = probe.streams.flatMap((stream) => (stream.type === 'video' ? [stream] : []));
  const lines = videos.map(({ index }) => timeline.get(index));
  const at = lines.find((line) => line?.jumpsBackAt !== undefined)?.jumpsBackAt;
  if (at !== undefined) {
    const reason = `The video's timestamps jump back after ${at.toFixed(1)} s, so its pictures can't be kept in order.`;
    return { code: 'too-damaged', reason };
  }
  const all = [...timeline.values()];
  const isMp4 = probe.format.split(',').includes('mp4');
  const ends: [claimed: number | undefined, real: number][] = [
    ...videos.map(({ duration }, i): [number | undefined, number] => {
      const line = lines[i];
      return [duration, line ? line.end - Math.min(line.first, 0) : 0];
    }),
    // MP4 keeps chapters in a track, which may end behind all others, and each track says its own length.
    [
      isMp4 && probe.chapters > 0 ? undefined : probe.duration,
      Math.max(...all.map(({ end }) => end)) - Math.min(0, ...all.map(({ first }) => first)),
    ],
  ];
  for (const [claimed, real] of ends) {
    if (!claimed || claimed - real <= Math.max(SLACK_SECONDS, claimed * SLACK_SHARE)) continue;
    const reason = `The file is cut off: it says it is ${claimed.toFixed(1)} s long but ends after ${real.toFixed(1)} s.`;
    return { code: 'damaged', reason };
  }
  return undefined;
}
