import { Fault } from '../../src-shared/errors.ts';
import { DEEP_PROBE_ARGS, needsDeepProbe } from '../../src-shared/ffmpeg-args.ts';
import type { Probe } from '../../src-shared/media.ts';
import type { Tools } from './capabilities.ts';
import { type ProcessManager, STALL_MS } from './process.ts';

/** When the packets of one stream are shown, in seconds as the file counts. */
export interface StreamTimeline {
  /** Packets that are shown; those an edit list hides do not count. */
  count: number;
  first: number;
  /** Start of the last one. */
  last: number;
  /** End of the last one, where its duration is known. */
  end: number;
  /** Every presentation time in ascending order; video only. */
  times?: Float64Array;
  /** False when packets come without times of their own (AVI), so that only their number and order are known. */
  timed: boolean;
}

export type Timeline = ReadonlyMap<number, StreamTimeline>;

/** A header may promise so much more than is there: seconds, and share of the whole. */
const SLACK_SECONDS = 2;
const SLACK_SHARE = 0.02;

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

  async #read(file: string, probe: Probe, signal?: AbortSignal): Promise<Timeline> {
    const demuxer = probe.format.split(',')[0] ?? '';
    const video = new Set(probe.streams.filter((s) => s.type === 'video').map((s) => s.index));
    const timeline = new Map<number, StreamTimeline>();
    const times = new Map<number, number[]>([...video].map((index) => [index, []]));
    const errors: string[] = [];
    const args = [
      '-hide_banner',
      '-v',
      'error',
      '-protocol_whitelist',
      'file',
      ...(needsDeepProbe(demuxer) ? DEEP_PROBE_ARGS : []),
    ];
    args.push(
      '-f',
      demuxer,
      '-show_entries',
      'packet=stream_index,pts_time,dts_time,duration_time,flags',
      '-of',
      'csv=p=0',
    );
    const end = await this.#processes.run(this.#tools.ffprobe, [...args, '-i', `file:${file}`], {
      stallMs: STALL_MS,
      ...(signal && { signal }),
      onStderr: (line) => errors.push(line),
      onStdout: (line) => {
        const [index = '', pts = '', dts = '', duration = '', flags = ''] = line.split(',');
        const time = Number(pts === 'N/A' ? dts : pts);
        if (flags.includes('D') || !Number.isFinite(time)) return;
        const length = Number(duration);
        note(timeline, Number(index), time, Number.isFinite(length) ? length : 0, pts !== 'N/A');
        times.get(Number(index))?.push(time);
      },
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (end.kind !== 'exit') throw new Fault('conflict', 'its packets could not be read to the end in time.');
    if (timeline.size === 0)
      throw new Fault('conflict', `it holds no packets (${errors.at(-1) ?? 'no reason given'}).`);
    for (const [index, list] of times) {
      const stream = timeline.get(index);
      if (stream) stream.times = Float64Array.from(list).sort();
    }
    return timeline;
  }
}

function note(
  timeline: Map<number, StreamTimeline>,
  index: number,
  time: number,
  duration: number,
  timed: boolean,
): void {
  const stream = timeline.get(index);
  if (!stream) {
    timeline.set(index, { count: 1, first: time, last: time, end: time + duration, timed });
    return;
  }
  stream.count += 1;
  stream.timed &&= timed;
  stream.first = Math.min(stream.first, time);
  stream.last = Math.max(stream.last, time);
  stream.end = Math.max(stream.end, time + duration);
}

/** A sentence when the file ends before its own header says, as a cut download does; else undefined. */
export function truncation(probe: Probe, timeline: Timeline): string | undefined {
  const slack = (claimed: number) => Math.max(SLACK_SECONDS, claimed * SLACK_SHARE);
  const sentence = (claimed: number, real: number) =>
    `The file is cut off: it says it is ${claimed.toFixed(1)} s long but ends after ${real.toFixed(1)} s.`;
  for (const stream of probe.streams) {
    const line = timeline.get(stream.index);
    if (stream.type !== 'video' || !stream.duration) continue;
    const real = line ? line.end - Math.min(line.first, 0) : 0;
    if (stream.duration - real > slack(stream.duration)) return sentence(stream.duration, real);
  }
  const first = Math.min(...[...timeline.values()].map((t) => t.first));
  const real = Math.max(...[...timeline.values()].map((t) => t.end)) - Math.min(first, 0);
  if (probe.duration && probe.duration - real > slack(probe.duration)) return sentence(probe.duration, real);
  return undefined;
}
