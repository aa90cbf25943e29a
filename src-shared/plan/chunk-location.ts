/** Where the bytes of a chunk lie in its video's file, so that a helper can encode it without the rest. */
import { type ByteRange, mergeRanges } from '../util/byte-ranges.ts';
import { type Chunk, type ChunkSource, lastUpTo, seekTime } from './chunks.ts';

/** What a helper needs to know to encode a chunk of a file of which it has parts only. */
export interface ChunkLocation {
  /** Time of its first frame, in s as the file counts. */
  begin: number;
  /** Time of the first frame behind it; undefined for the last chunk. */
  end?: number | undefined;
  /** The bytes that it is encoded from, in ascending order. */
  ranges: ByteRange[];
}

/** A place in a file where reading can begin. */
export interface Entry {
  /** Of the key frame, in s as the file counts. */
  time: number;
  /** In bytes. */
  position: number;
}

/** Where the parts of a file lie, in bytes. */
export interface FileLayout {
  size: number;
  /** Where the first packet of each stream ends. */
  firstEnds: readonly number[];
  /** Where the last packet of the file begins. */
  lastStart: number;
  /** Begin and size of each picture, in the order of their times. */
  positions: Float64Array;
  sizes: Float64Array;
  /** The index that the demuxer seeks by, by ascending time: it reads from the last entry up to the time that is sought. */
  entries: readonly Entry[];
}

/** Kinds of files whose index tells where to read, without what lies before; shown with ffmpeg 5.1, 7.1, and 9.0. */
const INDEXED = new Set(['matroska', 'mov']);

/** ffmpeg seeks to 3/23 s earlier than it is asked where pictures may be reordered (`dts_heuristic`). */
const EARLIER = 0.14;
/**
 * What is fetched behind a chunk: before ffmpeg notices that it has all frames, its decoder's threads (16 at the most) and the queues
 * between its own threads (8 packets or frames each) are filled, and errors from bytes that aren't there would look like damage.
 */
const FRAMES_BEHIND = 72;
const SECONDS_BEHIND = 1.5;
/** Bytes behind the first packet that ffmpeg reads when it opens a file: its `probesize` of 5 MB, and what containers add. */
const PROBED = 6_000_000;
/** Share of a small file that is enough for that: ffmpeg gets past the hole behind it in no time. */
const PROBED_SHARE = 0.05;
/** Before the last packet, for the head of its block, in bytes. */
const BLOCK_HEAD = 64;

/** Whether a chunk of such a file can be read without the rest of it. */
export const isIndexed = (demuxer: string) => INDEXED.has(demuxer);

/**
 * Returns what of a file a chunk is encoded from: the head, which ffmpeg probes, the tail, where the index may be, and the pictures from
 * the key frame that decoding begins at until a little after the chunk. Undefined where that isn't known.
 */
export function locateChunk(source: ChunkSource, layout: FileLayout, { from, to }: Chunk): ChunkLocation | undefined {
  const [begin, end] = [source.times[from], source.times[to]];
  const pictures = picturesOf(source, layout, { from, to });
  if (begin === undefined || !pictures || !isIndexed(source.demuxer)) return undefined;
  const { lastStart, size } = layout;
  const ranges = [[0, headEnd(layout)] as const, pictures, [Math.max(0, lastStart - BLOCK_HEAD), size] as const];
  if (!ranges.flat().every(Number.isSafeInteger)) return undefined;
  return { begin, ...(end !== undefined && { end }), ranges: mergeRanges(ranges) };
}

/** The bytes that hold the pictures that are decoded for a chunk. */
function picturesOf(source: ChunkSource, layout: FileLayout, { from, to }: Chunk): ByteRange | undefined {
  const { entries, positions, size, sizes } = layout;
  const { start, times } = source;
  const sought = seekTime(source, from) + start - EARLIER;
  // Where nothing is sought, or no entry is that early, reading begins with the first packet.
  const entry = from > 0 ? entries.findLast(({ time }) => time <= sought) : undefined;
  const first = entry ? Math.max(0, lastUpTo(times, entry.time)) : 0;
  const later = lastUpTo(times, (times[to] ?? Number.POSITIVE_INFINITY) + SECONDS_BEHIND) + 1;
  const behind = Math.max(to + FRAMES_BEHIND, later);
  const begin = entry?.position ?? 0;
  const decoded = positions.subarray(first, behind);
  if (!decoded.every((position) => position >= begin)) return undefined;
  const ends = decoded.map((position, i) => position + (sizes[first + i] ?? 0));
  return [
    begin,
    behind < times.length
      ? Math.min(
          size,
          ends.reduce((a, b) => Math.max(a, b), 0),
        )
      : size,
  ];
}

/** Up to where a file is read when it is opened: the first packets of all streams, which tell when it begins, are part of that. */
function headEnd({ firstEnds, size }: FileLayout): number {
  const first = Math.min(...firstEnds);
  const near = firstEnds.filter((end) => end <= first + PROBED);
  return Math.min(size, Math.max(first + Math.floor(Math.min(PROBED, size * PROBED_SHARE)), ...near));
}
