import { stat } from 'node:fs/promises';
import type { Probe } from '../../../src-shared/media/probe.ts';
import {
  type ChunkLocation,
  type Entry,
  type FileLayout,
  isIndexed,
  locateChunk,
} from '../../../src-shared/plan/chunk-location.ts';
import type { Chunk, ChunkSource } from '../../../src-shared/plan/chunks.ts';
import type { StreamTimeline, Timeline } from '../../media/ffmpeg/timeline.ts';
import { readCues } from '../../media/probe/cues.ts';
import { isFragmented } from '../../media/probe/mp4.ts';

/** Says where a chunk lies in its file; undefined where a helper has to fetch all of it. */
export type ChunkLocator = (chunk: Chunk) => ChunkLocation | undefined;

/**
 * Finds out where the chunks of a file lie, for helpers that don't have it.
 * @param file absolute path
 * @param line of the stream whose chunks are encoded
 * @throws the operating system's error when the file can't be read
 */
export async function makeChunkLocator(
  file: string,
  source: ChunkSource,
  { line, probe, timeline }: { line: StreamTimeline; probe: Probe; timeline: Timeline },
): Promise<ChunkLocator> {
  const { positions, sizes } = line;
  const entries = positions && isIndexed(source.demuxer) ? await readEntries(file, source, positions) : undefined;
  if (!entries?.length || !positions || !sizes) return () => undefined;
  const { size } = await stat(file);
  // Covers lie among what describes the file, or where that isn't known.
  const lines = probe.streams.flatMap(({ index, type }) => (type === 'cover' ? [] : (timeline.get(index) ?? [])));
  const known = (place: number | undefined): place is number => Number.isFinite(place);
  const firstEnds = lines.map(({ firstEnd }) => firstEnd).filter(known);
  const lastStart = Math.max(...lines.map(({ lastStart }) => lastStart).filter(known));
  const layout: FileLayout = { size, firstEnds, lastStart, positions, sizes, entries };
  return (chunk) => locateChunk(source, layout, chunk);
}

/** The index that a demuxer seeks by; undefined where there is none, or none for the whole file. */
async function readEntries(
  file: string,
  { demuxer, keys, times }: ChunkSource,
  positions: Float64Array,
): Promise<Entry[] | undefined> {
  if (demuxer === 'mov') {
    if (await isFragmented(file)) return undefined;
    const places = new Map(Array.from(times, (time, i) => [time, positions[i] ?? Number.NaN]));
    return Array.from(keys, (time) => ({ time, position: places.get(time) ?? Number.NaN }));
  }
  const cues = new Map<number, number>();
  // Tracks whose cues have the same time may be in other clusters.
  for (const { time, position } of (await readCues(file)) ?? [])
    cues.set(inMs(time), Math.min(position, cues.get(inMs(time)) ?? position));
  const entries = Array.from(keys, (time) => ({ time, position: cues.get(inMs(time)) ?? Number.NaN }));
  return entries.filter(({ position }) => !Number.isNaN(position));
}

/** Matroska files hardly ever count in less. */
const inMs = (seconds: number) => Math.round(seconds * 1000);
