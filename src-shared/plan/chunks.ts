/** How the pictures of a video are split into chunks that are encoded one by one, and joined again without another encode. */

import type { Capabilities } from '../fleet/worker-info.ts';
import type { Probe } from '../media/probe.ts';
import { partArgs } from './ffmpeg-args.ts';
import type { Plan } from './plan.ts';
import type { VideoEncode } from './stream-plan.ts';

/** A run of frames in the order in which they are shown: from `from` up to, but not, `to`. */
export interface Chunk {
  from: number;
  to: number;
}

/** Whether two chunks are the same run of frames. */
export const isSameChunk = (one: Chunk, other: Chunk) => one.from === other.from && one.to === other.to;

/** The run of frames of something that has more to it. */
export const rangeOf = ({ from, to }: Chunk): Chunk => ({ from, to });

/** What of a source the split needs to know. */
export interface ChunkSource {
  demuxer: string;
  /** First time of the file, in s. */
  start: number;
  /** When each frame is shown, in s, ascending. */
  times: Float64Array;
  /** Those of them that decoding can begin at. */
  keys: Float64Array;
}

/** The times of a stream's packets, as far as they were read. */
export interface PacketTimes {
  count: number;
  times?: Float64Array;
  keys?: Float64Array;
  timed: boolean;
  jumpsBackAt?: number;
}

/** Shortest chunk, in s of video: each one costs a key frame (0.12% of the size at 30 s, 0.31% at 10 s) and a start of the encoder. */
const MIN_CHUNK_SECONDS = 30;
/** Target encode time of a chunk, in s: the most work that a crash can cost. */
const WALL_SECONDS = 120;
/** Chunks of the rest of a video that each of several computers gets at the least, as long as they aren't too short. */
const CHUNKS_EACH = 2;
/** A new length is taken where the measured one is off by more than this factor. */
const OFF_BY = 1.5;

/** Kinds of files in which seeking was shown to be exact on ffmpeg 5.1, 7.1, and 9.0, by demuxer and codec. */
const SEEKABLE = { demuxers: new Set(['matroska', 'mov', 'mpegts']), codecs: 'h264 hevc vp8 vp9 av1 mpeg2video' };

/** Frames closer together than this, in s, can't be told apart by the time of a chunk's first frame. */
const MIN_GAP = 0.0025;
/** A chunk begins this long before its first frame, in s: the clocks of filters and files round differently. */
const EARLY = 0.001;
/** Times of a chunk may be off by this much, in s: Matroska counts in whole milliseconds, and MP4 rounds up when its pictures begin. */
const ROUNDING = 0.0011;
/**
 * Added to the clock of transport streams, in s: ffmpeg 5.1 has pictures that begin later than sound begin with it, but not
 * where times are moved by something else than the file's first.
 */
const UNLIKE_START = 0.000_001;

/** The video of a plan whose chunks can be encoded; undefined where there is none, or more than one. */
export function chunkedVideo(plan: Plan): VideoEncode | undefined {
  const [video, ...others] = plan.streams.filter((stream) => stream.action === 'encode');
  return others.length === 0 ? video : undefined;
}

/** Why the pictures of a video are encoded in one piece regardless of its times, as a sentence; undefined where those decide. */
export function whyUnsplittable(plan: Plan, probe: Probe): string | undefined {
  const video = chunkedVideo(plan);
  const stream = probe.streams.find(({ index }) => index === video?.source);
  if (!video || !stream) return 'It has several video tracks.';
  if (video.deinterlace) return 'Deinterlacing looks at neighboring frames.';
  if (video.dolbyVision) return 'Its Dolby Vision metadata is kept.';
  if (!SEEKABLE.demuxers.has(plan.demuxer) || !SEEKABLE.codecs.split(' ').includes(stream.codec ?? ''))
    return "Seeking isn't known to be exact in files of its kind.";
  return undefined;
}

/** Why the pictures of a video are encoded in one piece, as a sentence; undefined where they can be split. */
export function whyWhole(plan: Plan, probe: Probe, line: PacketTimes | undefined): string | undefined {
  const unsplittable = whyUnsplittable(plan, probe);
  if (unsplittable) return unsplittable;
  const { times, keys, timed, jumpsBackAt } = line ?? {};
  if (!timed || !times || !keys || jumpsBackAt !== undefined) return 'Its frames have no times of their own.';
  if (times[0] !== keys[0]) return 'It begins between key frames.';
  for (let i = 1; i < times.length; i++)
    if ((times[i] ?? 0) - (times[i - 1] ?? 0) <= MIN_GAP) return 'Some of its frames share a time.';
  return undefined;
}

/** When a frame is shown, in s after the file's first time. */
const timeOf = ({ times, start }: ChunkSource, frame: number) => (times[frame] ?? 0) - start;

/** Index of the greatest of ascending times that is not after `time`; -1 where there is none. */
export function lastUpTo(times: Float64Array, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Where reading starts for a chunk, in whole s after the file's first time. Always before the chunk's key frame: decoding then
 * starts at the one before it, which frames between the two may refer to. In transport streams, which are sought by decoding time, at
 * one further.
 */
export function seekTime({ demuxer, start, times, keys }: ChunkSource, from: number): number {
  const time = times[from] ?? 0;
  const key = demuxer === 'mpegts' ? keys[Math.max(0, lastUpTo(keys, time) - 1)] : time;
  return Math.max(0, Math.floor((key ?? time) - start - EARLY));
}

/**
 * Splits the frames from one on, at key frames.
 * @param seconds of video that each chunk holds at the least
 */
export function cutChunks(source: ChunkSource, from: number, seconds: number): Chunk[] {
  const { times, keys } = source;
  const end = times[times.length - 1] ?? 0;
  const chunks: Chunk[] = [];
  let begin = from;
  for (const key of keys) {
    const frame = lastUpTo(times, key);
    if (frame <= begin || key - (times[begin] ?? 0) < seconds) continue;
    // The rest would be a very short chunk.
    if (end - key < seconds / 2) break;
    if (seekTime(source, frame) < 1) continue;
    chunks.push({ from: begin, to: frame });
    begin = frame;
  }
  return [...chunks, { from: begin, to: times.length }];
}

/** Whether decoding can begin at a frame. */
function isKeyFrame({ times, keys }: ChunkSource, frame: number): boolean {
  const time = times[frame] ?? Number.NaN;
  return keys[lastUpTo(keys, time)] === time;
}

/** Whether a chunk begins at a key frame and ends at another one, or with the video. */
export function isChunkOf({ from, to }: Chunk, source: ChunkSource): boolean {
  const { length } = source.times;
  return from < to && isKeyFrame(source, from) && (to === length || (to < length && isKeyFrame(source, to)));
}

/** Whether chunks follow each other, begin at key frames, and cover all frames. */
export function isTableOf(chunks: readonly Chunk[], source: ChunkSource): boolean {
  const begins = chunks.every(
    ({ from, to }, i) => from === (chunks[i - 1]?.to ?? 0) && to > from && isKeyFrame(source, from),
  );
  return begins && chunks.at(-1)?.to === source.times.length;
}

/** Seconds of video in a chunk, for an encoder of this speed in seconds of video a second. */
export function chunkSeconds(speed: number | undefined): number {
  return Math.max(MIN_CHUNK_SECONDS, (speed ?? 0) * WALL_SECONDS);
}

/**
 * Seconds of video in a chunk where several computers share a rest of a video: near its end, chunks get shorter, so that none still
 * encodes a long one when the others are done.
 * @param alone in a chunk of one computer
 */
export function sharedSeconds(alone: number, rest: number, computers: number): number {
  if (computers < 2) return alone;
  return Math.min(alone, Math.max(MIN_CHUNK_SECONDS, rest / (CHUNKS_EACH * computers)));
}

/** Whether chunks of `seconds` are so far from the right length that the rest should be split again. */
export function isOff(seconds: number, right: number): boolean {
  return Math.max(seconds / right, right / seconds) > OFF_BY;
}

/** The container that a chunk is stored in: the result's own, which rounds times as the result does and holds the same facts. */
export function chunkMuxer(plan: Plan): 'mp4' | 'matroska' {
  // Matroska would take the Dolby Vision record along.
  return plan.container === 'mp4' || chunkedVideo(plan)?.baseLayer ? 'mp4' : 'matroska';
}

/** The argument list that encodes one chunk; its frames keep their times, counted from the file's first. */
export function chunkArgs(
  plan: Plan,
  source: ChunkSource,
  { from, to }: Chunk,
  files: { input: string; output: string },
  how: { caps: Capabilities; threads?: number | undefined },
): string[] {
  const video = chunkedVideo(plan);
  if (!video) throw new Error('a plan without a video to split');
  const begin = timeOf(source, from) - EARLY;
  const part = {
    offset: (source.demuxer === 'mpegts' ? UNLIKE_START : 0) - source.start,
    ...(from > 0 && { seek: seekTime(source, from), begin }),
    ...(to < source.times.length && { frames: to - from }),
  };
  return partArgs(
    plan.demuxer,
    video,
    { path: files.input, part },
    { path: files.output, muxer: chunkMuxer(plan) },
    how,
  );
}

/**
 * Compares the times of a chunk's frames with the source's, which reveals a wrong seek.
 * @param seen in s on the chunk's clock, ascending
 * @returns the problem, as a sentence; undefined if there is none
 */
export function whyNotChunk(source: ChunkSource, { from, to }: Chunk, seen: readonly number[]): string | undefined {
  const frames = to - from;
  if (seen.length !== frames) return `It has ${seen.length} frames instead of ${frames}.`;
  const off = seen.findIndex((time, i) => Math.abs(time - timeOf(source, from + i)) > ROUNDING);
  if (off < 0) return undefined;
  const [is, due] = [seen[off] ?? 0, timeOf(source, from + off)];
  return `Frame ${off} of it is at ${is.toFixed(3)} s instead of ${due.toFixed(3)} s.`;
}

/** A chunk that was encoded. */
export interface EncodedChunk extends Chunk {
  /** Absolute path. */
  file: string;
  /** Time of its first frame, in s on its clock. */
  first: number;
}

/**
 * The list by which ffmpeg reads chunks one after the other, each where its frames belong.
 * @returns the list, and by how many seconds its clock is behind that of the source's first time
 */
export function joinChunks(
  source: ChunkSource,
  chunks: readonly EncodedChunk[],
  muxer: ReturnType<typeof chunkMuxer>,
): { list: string; offset: number } {
  // MP4 has exact times within a chunk, and a rounded one for its beginning.
  const position = ({ from, first }: EncodedChunk) => (muxer === 'mp4' ? timeOf(source, from) : first);
  const lines = chunks.flatMap((chunk, i) => {
    const next = chunks[i + 1];
    const file = `file 'file:${chunk.file.replaceAll("'", "'\\''")}'`;
    return next ? [file, `duration ${(position(next) - position(chunk)).toFixed(6)}`] : [file];
  });
  const [begin] = chunks;
  return { list: `${['ffconcat version 1.0', ...lines].join('\n')}\n`, offset: begin ? position(begin) : 0 };
}
