import { rm } from 'node:fs/promises';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import { MAX_DAMAGE_LENGTH } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Grant, Outcome } from '../../../src-shared/jobs/lease.ts';
import { type Chunk, type ChunkSource, chunkArgs, chunkMuxer, whyNotChunk } from '../../../src-shared/plan/chunks.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import type { StreamTimeline, Timeline } from '../../media/ffmpeg/timeline.ts';
import type { Shape } from '../../media/probe/shape.ts';
import { readChunk } from './chunk-file.ts';
import type { StoredChunk } from './chunk-store.ts';
import type { EncodeRun, EncodeRunParts } from './encode-run.ts';
import { EncoderLog } from './encoder-log.ts';
import type { EncodeProgress } from './progress.ts';

/** An encoded chunk with as many frames as it should have, each at its time. */
export interface ProvenChunk {
  kind: 'chunk';
  chunk: Omit<StoredChunk, 'size' | 'sha256'>;
  /** Properties of the source's frames, by ffmpeg's name of the stream. */
  shapes: [string, Shape][];
}

/** A chunk that isn't what it should be, and why, as a sentence. */
export interface WrongChunk {
  kind: 'wrong';
  reason: string;
}

/** What a chunk is encoded from. */
export interface ChunkWork {
  probe: Grant['probe'];
  /** With the CRF that was chosen. */
  plan: Plan;
  source: ChunkSource;
  timeline: Timeline;
  caps: Capabilities;
  threads: number | undefined;
  /** Properties of earlier frames, which must not change. */
  shapes: ReadonlyMap<string, Shape>;
  /** Absolute path of the chunk's file. */
  file: string;
  progress: EncodeProgress;
  /** Aborted when the chunk is no longer needed. */
  signal?: AbortSignal;
}

/** Returns what a chunk needs to know of its source. */
export function chunkSourceOf(
  { probe, plan }: Pick<Grant, 'probe' | 'plan'>,
  { times, keys }: Required<Pick<StreamTimeline, 'times' | 'keys'>>,
): ChunkSource {
  return { demuxer: plan.demuxer, start: probe.start ?? 0, times, keys };
}

/**
 * Encodes one chunk and proves it: its frames are counted, and the time of each is compared with the source.
 * @returns the chunk, whose file is left where it isn't proven, or why there is none
 * @throws Fault `node` when a disk is full or gone, or a program was killed
 */
export async function encodeChunk(
  run: EncodeRun,
  chunk: Chunk,
  work: ChunkWork,
): Promise<ProvenChunk | WrongChunk | Outcome> {
  const { caps, file, plan, probe, progress, shapes, source, threads, timeline, signal } = work;
  const log = new EncoderLog(probe, { shapes, seeks: chunk.from > 0 });
  const args = chunkArgs(plan, source, chunk, { input: run.parts.files.input, output: file }, { caps, threads });
  const failure = await run.run(args, log, progress, signal);
  if (failure) return failure;
  const proven = await proveChunk(run.parts, chunk, { plan, source, file });
  if (proven.kind !== 'chunk') return proven;
  return { ...proven, chunk: { ...proven.chunk, ...damageIn(log, timeline) }, shapes: [...log.shapes] };
}

/**
 * Compares a chunk's file with the source's times; one that is wrong is removed.
 * @throws Fault `node` when ffprobe was killed
 */
export async function proveChunk(
  parts: EncodeRunParts,
  { from, to }: Chunk,
  { plan, source, file }: Pick<ChunkWork, 'plan' | 'source' | 'file'>,
): Promise<ProvenChunk | WrongChunk | { kind: 'released' }> {
  const found = await readChunk(parts, file, chunkMuxer(plan), parts.options);
  if (found === 'cancelled') return { kind: 'released' };
  const { header, times } = found;
  const reason = whyNotChunk(source, { from, to }, times);
  if (reason === undefined) return { kind: 'chunk', chunk: { from, to, first: times[0] ?? 0, header }, shapes: [] };
  await rm(file, { force: true });
  return { kind: 'wrong', reason };
}

function damageIn(log: EncoderLog, timeline: Timeline): Pick<StoredChunk, 'damage'> {
  const { damage } = log;
  if (!damage) return {};
  const lost = log.lostSeconds(timeline);
  const first = damage.first.slice(0, MAX_DAMAGE_LENGTH);
  return { damage: { ...damage, first, lost: Number.isFinite(lost) ? lost : null } };
}
