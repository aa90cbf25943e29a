import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ChunkGrant, ChunkOutcome } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Outcome } from '../../../src-shared/jobs/lease.ts';
import type { ChunkLocation } from '../../../src-shared/plan/chunk-location.ts';
import {
  type ChunkSource,
  chunkedVideo,
  isChunkOf,
  seekTime,
  whyUnsplittable,
  whyWhole,
} from '../../../src-shared/plan/chunks.ts';
import { whyUndecodable } from '../../../src-shared/plan/decoders.ts';
import { skipUnable } from '../../../src-shared/plan/video-args.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { syncFile } from '../../fs/safe-fs.ts';
import { sha256 } from '../../fs/sha256.ts';
import { readPartTimes } from '../../media/ffmpeg/part-times.ts';
import { type RunOptions, STALL_MS } from '../../media/ffmpeg/process-manager.ts';
import type { Timeline } from '../../media/ffmpeg/timeline.ts';
import type { ConverterParts, ConverterWork } from './converter.ts';
import { chunkSourceOf, encodeChunk, type ProvenChunk } from './encode-chunk.ts';
import { EncodeRun } from './encode-run.ts';
import { EncodeProgress } from './progress.ts';

/** A chunk's file with its findings, or why there is none. */
export type ChunkConversion =
  | { file: string; outcome: Extract<ChunkOutcome, { kind: 'done' }> }
  | { file?: never; outcome: Exclude<ChunkOutcome, { kind: 'done' }> };

/** What a converter of chunks needs beside what every converter needs. */
export interface ChunkConverterWork extends ConverterWork {
  /** The original has holes where it isn't needed for this chunk. */
  isPartial?: boolean;
}

/** What is read from a source before a chunk of it is encoded. */
interface ChunkInput {
  source: ChunkSource;
  /** Of all streams; empty where the source has holes. */
  timeline: Timeline;
  /** Of the chunk, in s of video. */
  seconds: number;
}

const failed = (reason: string, log = ''): ChunkConversion => ({ outcome: { kind: 'failed', reason, log } });

/** Encodes single chunks of videos that other computers convert. */
export class ChunkConverter {
  readonly #parts: ConverterParts;

  constructor(parts: ConverterParts) {
    this.#parts = parts;
  }

  /**
   * Encodes a chunk and proves it.
   * @param input absolute path of the original
   * @throws Fault `node` when this computer can't work
   */
  async convert(grant: ChunkGrant, input: string, work: ChunkConverterWork): Promise<ChunkConversion> {
    const { folder, isPartial, signal, report, brake, threads } = work;
    const { plan, priority, probe } = grant;
    report({ stage: 'preparing' });
    const { processes, tools, stallMs = STALL_MS } = this.#parts;
    const caps = await this.#parts.caps();
    const pictures = plan.streams.filter(({ action }) => action === 'encode');
    const unable = skipUnable(plan, caps) ?? whyUndecodable({ streams: pictures }, probe, caps);
    if (unable) return failed(unable.reason);
    const read = isPartial ? await this.#readPart(grant, input, signal) : await this.#read(grant, input, signal);
    if ('outcome' in read) return read;
    const { seconds, source, timeline } = read;
    const options: RunOptions = { signal, priority, brake };
    const run = new EncodeRun({
      ...{ processes, tools, stallMs, grant, files: { input, output: path.join(folder, 'result') }, options, report },
      now: () => brake?.now() ?? performance.now(),
    });
    const progress = new EncodeProgress({ frames: grant.to - grant.from, seconds });
    const file = path.join(folder, 'chunk');
    report({ stage: 'encoding' });
    const chunk = { ...{ probe, plan, source, timeline, caps, threads, file, progress }, shapes: new Map() };
    const made = await encodeChunk(run, grant, chunk);
    if (made.kind === 'wrong') return failed(made.reason);
    if (made.kind === 'chunk') return { file, outcome: await this.#describe(file, made, signal) };
    return { outcome: asOfChunk(made) };
  }

  /** Reads the source's own times, by which the chunk is encoded and proven. */
  async #read(grant: ChunkGrant, input: string, signal: AbortSignal): Promise<ChunkInput | ChunkConversion> {
    const { plan, probe, version } = grant;
    try {
      const timeline = await this.#parts.timelines.read(input, version, probe, signal);
      const line = timeline.get(chunkedVideo(plan)?.source ?? -1);
      const reason = whyWhole(plan, probe, line);
      if (reason || !line?.times || !line.keys) return failed(`Its chunks can't be encoded here: ${reason}`);
      const source = chunkSourceOf(grant, { times: line.times, keys: line.keys });
      return isChunkOf(grant, source)
        ? { source, timeline, seconds: ((grant.to - grant.from) / line.count) * (line.end - line.first) }
        : failed('The chunk does not begin and end at key frames of the file as it is here.');
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      return failed(error.message);
    }
  }

  /** Reads the times of the chunk alone, which have to be those that its video's worker has read. */
  async #readPart(grant: ChunkGrant, input: string, signal: AbortSignal): Promise<ChunkInput | ChunkConversion> {
    const { from, location, plan, probe, to } = grant;
    const stream = chunkedVideo(plan)?.source ?? -1;
    const reason = whyUnsplittable(plan, probe);
    if (reason || !location) return failed(`Its chunks can't be encoded here: ${reason ?? 'a part of it is unknown.'}`);
    const source = partialSource(grant, location);
    const part = { ...location, stream, demuxer: plan.demuxer, seek: seekTime(source, from) + source.start };
    const times = await readPartTimes(this.#parts, input, part, signal);
    if (times.length !== to - from || times[0] !== location.begin)
      return failed(`It has ${times.length} frames here instead of ${to - from}.`);
    source.times.set(times, from);
    return { source, timeline: new Map(), seconds: (location.end ?? times.at(-1) ?? 0) - location.begin };
  }

  async #describe(file: string, { chunk, shapes }: ProvenChunk, signal: AbortSignal) {
    await syncFile(file);
    const { size } = await stat(file);
    const { first, header, damage } = chunk;
    const findings = { first, header, ...(damage && { damage }), shapes };
    return { kind: 'done' as const, size, sha256: await sha256(file, signal), ...findings };
  }
}

/** What is known of a source by the place of a chunk in it: the times of other frames are left open. */
function partialSource({ from, to, plan, probe }: ChunkGrant, { begin, end }: ChunkLocation): ChunkSource {
  const ends = end === undefined ? [] : [end];
  const times = new Float64Array(to + ends.length).fill(Number.NaN);
  times.set([begin], from);
  times.set(ends, to);
  return chunkSourceOf({ plan, probe }, { times, keys: Float64Array.of(begin, ...ends) });
}

/** What an encode's end means for a chunk: only the computer that converts the video gives a verdict on it. */
function asOfChunk(outcome: Outcome): Exclude<ChunkOutcome, { kind: 'done' }> {
  if (outcome.kind === 'skip') return { kind: 'failed', reason: outcome.reason, log: '' };
  if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.reason, log: outcome.log };
  return outcome.kind === 'node' ? { kind: 'node', reason: outcome.reason } : { kind: 'released' };
}
