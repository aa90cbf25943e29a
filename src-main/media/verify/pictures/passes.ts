/** Runs of ffmpeg over one side of a comparison: the result from end to end, the source by its key frames or at chosen places. */
import type { VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import { timingArgs } from '../../../../src-shared/plan/video-args.ts';
import { inputOf, runFor, type Sides } from '../sides.ts';
import { LevelReader, levelFilters, type Measured } from '../sound/levels.ts';
import { sourceThumbnailFilters, type Thumbnail, ThumbnailReader, thumbnailFilters } from './thumbnail.ts';

/** Lines of a log, with their level in front, that report a fault. */
const WRONG = /\[(error|fatal|panic)\]/;
/** Lines that a demuxer, or ffmpeg itself, says of an input that it cannot read. */
const OF_READING = (demuxer: string) => new RegExp(`^\\[(${demuxer}\\b|in#0|error\\] file:|fatal\\] file:)`);

/** A stream whose packets are hashed: its index in the file, and ffmpeg's name of its codec. */
export interface Hashed {
  index: number;
  codec?: string | undefined;
}

/** Output options that hash the packets of streams; a line for each comes on stderr: `0,a,SHA256=…`. */
function hashArgs(streams: Hashed[]): string[] {
  if (streams.length === 0) return [];
  const maps = streams.flatMap(({ index }) => ['-map', `0:${index}`]);
  // Transport streams repeat in each packet of AAC what other containers say once.
  const alike = streams.flatMap(({ codec }, n) => (codec === 'aac' ? [`-bsf:${n}`, 'aac_adtstoasc'] : []));
  return [...maps, '-c', 'copy', ...alike, '-f', 'streamhash', '-hash', 'sha256', 'pipe:2'];
}

/** Reads the lines of {@link hashArgs}: hashes by the index of the stream. */
class HashReader {
  readonly hashes = new Map<number, string>();
  readonly #streams: Hashed[];

  constructor(streams: Hashed[]) {
    this.#streams = streams;
  }

  add(line: string): boolean {
    const [, n, hash] = /^(\d+),\w,SHA256=([0-9a-f]{64})/.exec(line) ?? [];
    const stream = this.#streams[Number(n)];
    if (!hash || !stream) return false;
    this.hashes.set(stream.index, hash);
    return true;
  }
}

/** Result of a pass over a whole file. */
export interface Pass {
  /** Thumbnails by the number of their frame, or by their time in s where the number is unknown. */
  thumbnails: Map<number, Thumbnail>;
  /** SHA-256 of the packets, by the index of the stream. */
  hashes: ReadonlyMap<number, string>;
  /** How loud the sound is that was decoded, on the source's clock. */
  levels: LevelReader;
  /** The problem that ffmpeg reported; undefined when there was none. */
  problem: string | undefined;
}

/** Line in which a filter graph reports its input: with colors from ffmpeg 7 on. */
const PICTURES = /\[graph -?\d+ input from stream (\S+) @ .*?\b(w:\d+ h:\d+ pixfmt:\S+)(?:.*?( csp:\S+ range:\S+))?/;

/** Detects in ffmpeg's verbose log whether the decoded streams change in mid-video: size, pixel format, colors, rate, or channels. */
class ChangeFinder {
  readonly #first = new Map<string, string>();
  found: string | undefined;

  add(line: string): void {
    // One line for each time that a stream enters a graph of filters (ffmpeg 5 and later), or one of its own (7 and later).
    const [, stream, picture, colors = ''] = PICTURES.exec(line) ?? [];
    const [, sound, audio] = /\[graph_-?\d+_in_(\S+) @ .*?\b(samplerate:\d+ chlayout:\S+)/.exec(line) ?? [];
    const is = picture === undefined ? audio : `${picture}${colors}`;
    const name = stream ?? sound;
    if (is === undefined || name === undefined) return;
    const was = this.#first.get(name) ?? is;
    this.#first.set(name, was);
    if (was !== is) this.found ??= `it changes in the middle, from ${was} to ${is}`;
  }
}

function problemOf({ code, log }: { code: number; log: string[] }): string | undefined {
  const wrong = log.find((line) => WRONG.test(line));
  if (code === 0 && wrong === undefined) return undefined;
  return wrong === undefined ? `ffmpeg ended with ${code}` : plain(wrong);
}

/** A line without contexts and levels. */
const plain = (line: string) => line.replace(/^(\[[^\]]*\]\s*)+/, '');

/** Frames of a result to make thumbnails of: every `grid`th one from `phase` on, and these. */
export interface Wanted {
  frames: number[];
  grid: number;
  phase: number;
}

/** Streams besides the pictures: audio to decode and measure, and streams to hash as they are. */
export interface Others {
  decode: Measured[];
  hash: Hashed[];
}

/**
 * Decodes pictures of a result, and the encoded sound, from end to end.
 * @param index of the pictures in the result
 */
export async function passResult(
  sides: Sides,
  plan: VideoEncode,
  index: number,
  wanted: Wanted,
  others: Others & { onProgress?: ((share: number) => void) | undefined },
): Promise<Pass> {
  const { caps, result } = sides;
  const count = result.timeline.get(index)?.count ?? 0;
  const { grid, phase } = wanted;
  const even = Array.from({ length: Math.ceil(count / grid) }, (_, i) => i * grid + phase);
  const all = new Set([...even, ...wanted.frames]);
  const frames = [...all].filter((frame) => frame >= 0 && frame < count).sort((a, b) => a - b);
  const thumbnails = new Map<number, Thumbnail>();
  const reader = new ThumbnailReader(plan, (thumbnail) => {
    thumbnails.set(frames[thumbnails.size] ?? -1, thumbnail);
    others.onProgress?.(thumbnails.size / frames.length);
  });
  const hashes = new HashReader(others.hash);
  const changes = new ChangeFinder();
  const [from, to] = [sides.source.probe.start ?? 0, result.probe.start ?? 0];
  const levels = new LevelReader(sides.shift + from - to);
  const timing = timingArgs(caps, ':v');
  const every = ['-map', `0:${index}`, ...soundArgs(others.decode), ...timing];
  const few = [`select='${selection(frames, wanted)}'`, ...thumbnailFilters(plan)].join(',');
  const said = await runFor(
    sides,
    [
      // Verbose, because only then does ffmpeg report the streams that it decodes.
      ...['-v', 'level+verbose', '-xerror', ...inputOf(result), ...every, '-f', 'null', '-'],
      ...['-map', `0:${index}`, '-filter:v', few, ...timing, '-flush_packets', '1', '-f', 'rawvideo', 'pipe:1'],
      ...hashArgs(others.hash),
    ],
    (bytes) => reader.add(bytes),
    (line) => {
      changes.add(line);
      return levels.add(line) || hashes.add(line) || !WRONG.test(line);
    },
  );
  return { thumbnails, hashes: hashes.hashes, levels, problem: problemOf(said) ?? changes.found };
}

/** Output options that decode tracks and measure how loud they are. */
const soundArgs = (tracks: Measured[]) =>
  tracks.flatMap((track, n) => ['-map', `0:${track.index}`, `-filter:a:${n}`, levelFilters(track)]);

/** An expression that is true where any of these is: in brackets, since ffmpeg adds up no more than 98 numbers in a row. */
function anyOf(terms: string[]): string {
  if (terms.length <= 2) return terms.join('+');
  const half = Math.ceil(terms.length / 2);
  return `(${anyOf(terms.slice(0, half))})+(${anyOf(terms.slice(half))})`;
}

/** Every `grid`th frame, and runs of the others, as ffmpeg's select filter wants it. */
function selection(frames: number[], { grid, phase }: Wanted): string {
  const runs: [number, number][] = [];
  for (const frame of frames.filter((n) => n % grid !== phase)) {
    const run = runs.at(-1);
    if (run && run[1] === frame - 1) run[1] = frame;
    else runs.push([frame, frame]);
  }
  const chosen = runs.map(([from, to]) => (from === to ? `eq(n,${from})` : `between(n,${from},${to})`));
  return anyOf([`eq(mod(n,${grid}),${phase})`, ...chosen]);
}

/**
 * Reads a source from end to end. A problem is one of reading: messages of decoders limited to key frames mean nothing, since
 * they miss the other frames.
 * @param plan of pictures to make thumbnails of, which are found by their times
 * @param which of the pictures are decoded; undefined for none
 */
export async function passSource(
  sides: Sides,
  plan: VideoEncode,
  which: 'all' | 'keys' | undefined,
  { decode, hash }: Others,
): Promise<Pass> {
  const thumbnails = new Map<number, Thumbnail>();
  const hashes = new HashReader(hash);
  const times = new TimeReader();
  const found: Thumbnail[] = [];
  const reader = new ThumbnailReader(plan, (thumbnail) => found.push(thumbnail));
  const only = ['-discard:v', 'nokey', '-skip_frame:v', 'nokey'];
  const levels = new LevelReader(sides.source.probe.start ?? 0);
  let problem: string | undefined;
  await runFor(
    sides,
    [
      ...['-v', 'level+info', '-copyts', ...(which === 'keys' ? only : []), ...inputOf(sides.source)],
      ...(which ? thumbnailArgs(sides, plan) : []),
      ...hashArgs(hash),
      ...(decode.length > 0 ? [...soundArgs(decode), '-f', 'null', '-'] : []),
      // ffmpeg reads only mapped streams, and reports read errors only for those.
      ...['-map', '0:v?', '-map', '0:a?', '-c', 'copy', '-f', 'null', '-'],
    ],
    (bytes) => reader.add(bytes),
    (line) => {
      if (WRONG.test(line) && OF_READING(sides.source.demuxer).test(line)) problem ??= plain(line);
      return levels.add(line) || hashes.add(line) || times.add(line);
    },
  );
  for (const [i, thumbnail] of found.entries()) thumbnails.set(times.times[i] ?? Number.NaN, thumbnail);
  return { thumbnails, hashes: hashes.hashes, levels, problem };
}

const MICROSECONDS = 1e6;
/**
 * Filters that report the times of frames in the log, in microseconds: of seconds, it has six digits only. Each line is
 * written as a whole, not as those of showinfo, which those of other filters get into from ffmpeg 7 on.
 */
const TIMES = ['settb=1/1000000', 'metadata=mode=add:key=shown:value=1', 'metadata@shown=print:key=shown'];

/** Output options for thumbnails whose times the log reports. */
function thumbnailArgs(
  { caps }: Sides,
  plan: VideoEncode,
  { select, count }: { select?: string; count?: number } = {},
): string[] {
  const chosen = select === undefined ? [] : [`select='${select}'`];
  const most = count === undefined ? [] : ['-frames:v', String(count)];
  const filters = [...chosen, ...sourceThumbnailFilters(plan), ...TIMES].join(',');
  const timing = timingArgs(caps, ':v');
  return ['-map', `0:${plan.source}`, '-filter:v', filters, ...timing, ...most, '-f', 'rawvideo', 'pipe:1'];
}

/** Reads what {@link TIMES} say. */
class TimeReader {
  /** Of each frame, in s; none where a line got into one of those that ffmpeg itself writes in parts. */
  readonly times: number[] = [];
  #before = 0;

  /** @returns whether it was one of their lines */
  add(line: string): boolean {
    if (!line.startsWith('[metadata@shown @')) return false;
    const [, frame, time] = /\bframe:(\d+)\s+pts:(-?\d+)/.exec(line) ?? [];
    if (time === undefined) return true;
    // Filters begin again where the pictures change.
    if (Number(frame) === 0) this.#before = this.times.length;
    this.times[this.#before + Number(frame)] = Number(time) / MICROSECONDS;
    return true;
  }
}

/**
 * Makes thumbnails of a source from a time on.
 * @param at on the source's clock, in s
 * @param count how many frames
 */
export async function seekSource(sides: Sides, plan: VideoEncode, at: number, count: number): Promise<Thumbnail[]> {
  const found: Thumbnail[] = [];
  const reader = new ThumbnailReader(plan, (thumbnail) => found.push(thumbnail));
  const input = ['-v', 'level+error', '-an', '-sn', '-dn', ...inputOf(sides.source, at)];
  await runFor(sides, [...input, ...thumbnailArgs(sides, plan, { count })], (bytes) => reader.add(bytes));
  return found;
}

/**
 * Makes thumbnails of a result from a time on.
 * @param index of the pictures in the result
 * @param at on the result's clock, in s
 * @param count how many frames
 */
export async function seekResult(
  sides: Sides,
  plan: VideoEncode,
  index: number,
  at: number,
  count: number,
): Promise<Thumbnail[]> {
  const found: Thumbnail[] = [];
  const reader = new ThumbnailReader(plan, (thumbnail) => found.push(thumbnail));
  const input = ['-v', 'level+error', '-an', '-sn', '-dn', ...inputOf(sides.result, at), '-map', `0:${index}`];
  const output = [
    '-filter:v',
    thumbnailFilters(plan).join(','),
    ...timingArgs(sides.caps, ':v'),
    '-frames:v',
    String(count),
  ];
  await runFor(sides, [...input, ...output, '-f', 'rawvideo', 'pipe:1'], (bytes) => reader.add(bytes));
  return found;
}

/** A frame of the source: its presentation time, in s, and its picture. */
export type Shown = readonly [time: number, thumbnail: Thumbnail];

/**
 * Makes thumbnails of a source around chosen times, decoding it from its start: slow, but certain.
 * @param around how far from these times, in s to each side
 * @returns for each time the frames that are shown about then
 */
export async function decodeSource(sides: Sides, plan: VideoEncode, at: number[], around: number): Promise<Shown[][]> {
  const times = new TimeReader();
  const found: Thumbnail[] = [];
  const reader = new ThumbnailReader(plan, (thumbnail) => found.push(thumbnail));
  const select = anyOf(at.map((time) => `between(t,${(time - around).toFixed(4)},${(time + around).toFixed(4)})`));
  await runFor(
    sides,
    ['-v', 'level+info', '-copyts', ...inputOf(sides.source), '-an', '-sn', ...thumbnailArgs(sides, plan, { select })],
    (bytes) => reader.add(bytes),
    (line) => times.add(line),
  );
  const shown = found.map((thumbnail, i): Shown => [times.times[i] ?? Number.NaN, thumbnail]);
  return at.map((time) => shown.filter(([when]) => Math.abs(when - time) <= around));
}
