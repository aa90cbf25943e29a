import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import type { Grant, Outcome } from '../../../src-shared/jobs/lease.ts';
import type { QualityReport } from '../../../src-shared/media/quality-target.ts';
import {
  type Chunk,
  type ChunkSource,
  chunkArgs,
  chunkedVideo,
  chunkMuxer,
  cutChunks,
  isOff,
  isSameChunk,
  isTableOf,
  joinChunks,
  sharedSeconds,
  whyWhole,
} from '../../../src-shared/plan/chunks.ts';
import type { PictureFile } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { count } from '../../../src-shared/text/format.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Logger } from '../../log/logger.ts';
import type { StreamTimeline, Timeline } from '../../media/ffmpeg/timeline.ts';
import { type ChunkLocator, makeChunkLocator } from './chunk-locator.ts';
import type { ChunkPace } from './chunk-pace.ts';
import { ChunkQueue, type NextStep } from './chunk-queue.ts';
import type { ChunkSharing } from './chunk-sharing.ts';
import { ChunkStore } from './chunk-store.ts';
import { chunkSourceOf, encodeChunk, type ProvenChunk, type WrongChunk } from './encode-chunk.ts';
import type { EncodeRun } from './encode-run.ts';
import type { DoneBefore, EncodeProgress } from './progress.ts';

/** Where the finished chunks of a video are kept beyond the lease. */
export interface ChunkPlace {
  folder: string;
  /** Promises room for that many bytes in the folder, those that are there included. @throws Fault `node` when there isn't */
  reserve: (bytes: number) => Promise<() => void>;
}

/** Input of a chunked encode. */
export interface ChunkedVideo {
  place: ChunkPlace | undefined;
  /** Through which other computers encode some of the chunks; undefined where this one encodes alone. */
  sharing: ChunkSharing | undefined;
  grant: Grant;
  /** Absolute path of the original. */
  input: string;
  plan: Plan;
  timeline: Timeline;
  caps: Capabilities;
  pace: ChunkPace;
  /** The source's times show that it is damaged. */
  flawed: boolean;
  signal: AbortSignal | undefined;
  log: Logger | undefined;
}

/** All pictures of a video, ready to be joined with the rest. */
export interface Encoded {
  kind: 'encoded';
  pictures: PictureFile;
  frames: number;
  /** What decoding them found, over all chunks. */
  damage: { count: number; first: string; lost: number } | undefined;
}

/** Encodes the pictures of a video chunk by chunk. Finished chunks are kept, even if the attempt ends before the video. */
export class ChunkEncoder {
  readonly #of: ChunkedVideo;
  readonly #store: ChunkStore;
  readonly #queue: ChunkQueue;
  readonly #source: ChunkSource;
  readonly #line: StreamTimeline;
  /** In a second of video. */
  readonly #pixels: number;
  readonly #giveBack: () => void;

  private constructor(
    of: ChunkedVideo,
    parts: {
      store: ChunkStore;
      source: ChunkSource;
      line: StreamTimeline;
      pixels: number;
      giveBack: () => void;
      locate: ChunkLocator | undefined;
    },
  ) {
    this.#of = of;
    this.#store = parts.store;
    this.#source = parts.source;
    this.#line = parts.line;
    this.#pixels = parts.pixels;
    this.#giveBack = parts.giveBack;
    const { grant, log, sharing } = of;
    this.#queue = new ChunkQueue({
      ...{ store: parts.store, source: parts.source, locate: parts.locate, sharing },
      onRefused: ({ from, to }, reason) =>
        log?.warn(
          { file: grant.file },
          `${grant.path}: refused frames ${from} to ${to} of another computer: ${reason}`,
        ),
    });
  }

  /** Resumes with the chunks of earlier attempts. @returns undefined if the video is encoded in one piece */
  static async open(of: ChunkedVideo): Promise<ChunkEncoder | undefined> {
    const { place, grant, plan, timeline, pace, flawed, log } = of;
    if (!place) return undefined;
    const video = chunkedVideo(plan);
    const line = timeline.get(video?.source ?? -1);
    const reason = flawed ? 'Its times show damage.' : whyWhole(plan, grant.probe, line);
    if (reason || !video || !line?.times || !line.keys) {
      log?.debug({ file: grant.file }, `${grant.path} is encoded in one piece: ${reason}`);
      return whole(place);
    }
    const source = chunkSourceOf({ probe: grant.probe, plan }, { times: line.times, keys: line.keys });
    const pixels = (video.width * video.height * line.count) / Math.max(1, line.last - line.first);
    const isShort = line.last - line.first < 2 * pace.secondsFor(pixels);
    if (isShort && !existsSync(place.folder)) return undefined;
    const store = await ChunkStore.open(place.folder, keyOf(of, source));
    let giveBack: (() => void) | undefined;
    try {
      if (store.table.whole === undefined && !(isShort && store.table.stored.length === 0)) {
        giveBack = await place.reserve(grant.uselessAt);
        // An original that can't be read shows where it is encoded.
        const locate =
          of.sharing &&
          (await makeChunkLocator(of.input, source, { line, probe: grant.probe, timeline }).catch(() => undefined));
        const encoder = new ChunkEncoder(of, { store, source, line, pixels, giveBack, locate });
        await encoder.#takeUp();
        return encoder;
      }
      store.close();
      return store.table.whole === undefined ? await whole(place) : undefined;
    } catch (error) {
      giveBack?.();
      store.close();
      of.signal?.throwIfAborted();
      if (!(error instanceof Fault && error.code === 'node')) throw error;
      log?.info({ file: grant.file }, `${grant.path} is encoded in one piece: ${error.message}`);
      return whole(place);
    }
  }

  /** Lets the next conversion of this video have its chunks. */
  close(): void {
    this.#giveBack();
    this.#store.close();
  }

  /** How the CRF was chosen before; undefined where it wasn't. */
  get search(): QualityReport | undefined {
    return this.#store.table.search;
  }

  async keepSearch(search: QualityReport): Promise<void> {
    await this.#store.note({ search });
  }

  /** Gives chunks up for this video: all of it is encoded in one piece from now on. */
  async abandon(reason: string): Promise<void> {
    const { grant, log } = this.#of;
    log?.warn(
      { file: grant.file },
      `${grant.path} can't be encoded in chunks, so it's encoded in one piece: ${reason}`,
    );
    await this.#store.clear();
    await this.#store.note({ whole: reason });
  }

  async #takeUp(): Promise<void> {
    const { grant, log, signal } = this.#of;
    const lost = await this.#store.prove(signal);
    if (!isTableOf(this.#store.table.split, this.#source)) {
      await this.#store.clear();
      await this.#store.note({ split: cutChunks(this.#source, 0, this.#of.pace.secondsFor(this.#pixels)) });
    }
    const { stored, split } = this.#store.table;
    const damaged = lost > 0 ? ` (${count(lost, 'damaged chunk')} removed)` : '';
    if (stored.length + lost > 0)
      log?.info(
        { file: grant.file },
        `${grant.path}: ${stored.length} of ${count(split.length, 'chunk')} done${damaged}`,
      );
  }

  /**
   * Encodes the chunks that are missing.
   * @param plan with the CRF that was chosen
   * @returns how the attempt ended, why chunks don't do, or all pictures
   */
  async encode(
    plan: Plan,
    run: EncodeRun,
    progress: EncodeProgress,
    threads: number | undefined,
  ): Promise<Encoded | { kind: 'whole' } | Outcome> {
    const { report, now } = run.parts;
    for (;;) {
      const next = await this.#queue.next(plan, run);
      const before = this.#done();
      progress.continueAfter(before);
      const { frames, chunks, bytes } = before;
      report({ stage: 'encoding', share: Math.min(1, frames / this.#line.count), frame: frames, bytes, chunks });
      if (!next) break;
      const began = now();
      const made = await this.#encodeNext(next, plan, run, { progress, threads });
      if (made === 'superseded') continue;
      if (made.kind === 'wrong') {
        await this.abandon(`frames ${next.chunk.from} to ${next.chunk.to}: ${made.reason}`);
        return { kind: 'whole' };
      }
      if (made.kind !== 'chunk') {
        if (made.kind === 'failed') await this.#store.noteFailure();
        return made;
      }
      await this.#store.add(this.#fileIn(run), made.chunk, { shapes: made.shapes });
      await this.#learn(next.chunk, (now() - began) / 1000, plan);
    }
    progress.continueAfter({ ...this.#done(), frames: 0, bytes: 0 });
    return this.#join(run);
  }

  /** The file of the chunk that is being encoded. */
  #fileIn({ parts: { files } }: EncodeRun): string {
    return path.join(path.dirname(files.output), 'chunk');
  }

  /** Encodes a chunk and compares it with the others. @returns `superseded` when another computer was first */
  async #encodeNext(
    { chunk, isContested }: NextStep,
    plan: Plan,
    run: EncodeRun,
    { progress, threads }: { progress: EncodeProgress; threads: number | undefined },
  ): Promise<ProvenChunk | WrongChunk | Outcome | 'superseded'> {
    const { caps, grant, timeline } = this.#of;
    const { stored, shapes } = this.#store.table;
    const file = this.#fileIn(run);
    // The log of an attempt shows the first of these commands, and the last, which failed.
    run.commands.splice(1);
    const watch = isContested ? this.#queue.watch(chunk, plan) : undefined;
    const work = { ...{ probe: grant.probe, plan, source: this.#source, timeline, caps, threads, file, progress } };
    const made = await encodeChunk(run, chunk, {
      ...work,
      shapes: new Map(shapes),
      ...(watch && { signal: watch.signal }),
    }).finally(watch?.stop);
    if (made.kind === 'released' && watch?.signal.aborted && !run.parts.options.signal?.aborted) return 'superseded';
    const [sibling] = stored;
    if (made.kind !== 'chunk' || !sibling || sibling.header === made.chunk.header) return made;
    await rm(file, { force: true });
    return { kind: 'wrong', reason: 'Its sequence header differs from that of the others.' };
  }

  /** Returns how much is done, and the total. */
  #done(): DoneBefore {
    const { stored, split } = this.#store.table;
    const frames = stored.reduce((sum, { from, to }) => sum + to - from, 0);
    const bytes = stored.reduce((sum, { size }) => sum + size, 0);
    return { frames, bytes, chunks: { done: stored.length, total: split.length } };
  }

  #secondsOf({ from, to }: Chunk): number {
    const { times } = this.#source;
    return (times[to] ?? this.#line.end) - (times[from] ?? 0);
  }

  /** Splits the remaining frames again if chunks take much more or less time than intended, or computers share what little is left. */
  async #learn(chunk: Chunk, took: number, plan: Plan): Promise<void> {
    const { pace } = this.#of;
    const seconds = this.#secondsOf(chunk);
    pace.learn({ seconds, took, pixels: this.#pixels });
    if (pace.fixed !== undefined) return;
    // Other computers keep the chunks that they encode.
    const { taken, computers } = await this.#queue.others(plan);
    const { split, stored } = this.#store.table;
    const fixed = [...stored, ...taken.filter((chunk) => split.some((each) => isSameChunk(each, chunk)))];
    const last = Math.max(...fixed.map(({ to }) => to));
    const rest = this.#secondsOf({ from: last, to: this.#source.times.length });
    const right = sharedSeconds(pace.secondsFor(this.#pixels), rest, computers + 1);
    const next = split.find(({ from }) => from === last);
    if (!next || !isOff(this.#secondsOf(next), right)) return;
    const before = split.filter(({ to }) => to <= last);
    await this.#store.note({ split: [...before, ...cutChunks(this.#source, last, right)] });
  }

  async #join({ commands, parts }: EncodeRun): Promise<Encoded> {
    const { split } = this.#store.table;
    const stored = split.map((chunk) => this.#store.find(chunk)).filter((chunk) => chunk !== undefined);
    const chunks = stored.map((chunk) => ({ ...chunk, file: this.#store.fileOf(chunk) }));
    const { list, offset } = joinChunks(this.#source, chunks, chunkMuxer(this.#of.plan));
    const file = `${parts.files.output}.chunks`;
    await writeFile(file, list);
    commands.splice(1);
    commands.push(`(${count(split.length, 'chunk')} in all)`);
    const damages = stored.flatMap(({ damage }) => damage ?? []);
    const [worst] = damages;
    return {
      kind: 'encoded',
      pictures: { path: file, offset, list: true },
      frames: this.#line.count,
      damage: worst && {
        count: damages.reduce((sum, { count: errors }) => sum + errors, 0),
        first: worst.first,
        lost: damages.reduce((sum, { lost }) => sum + (lost ?? Number.POSITIVE_INFINITY), 0),
      },
    };
  }
}

/** The video is encoded in one piece: chunks of other settings are void. */
async function whole({ folder }: ChunkPlace): Promise<undefined> {
  await rm(folder, { recursive: true, force: true });
}

/** All that decides how a chunk comes out; how many threads encode it doesn't. */
function keyOf({ grant, plan, caps }: ChunkedVideo, source: ChunkSource): unknown {
  const target = chunkedVideo(plan)?.target;
  const { start: _, ...asked } = target ?? {};
  const args = chunkArgs(plan, source, { from: 0, to: source.times.length }, { input: '', output: '' }, { caps });
  return { form: 1, version: grant.version, size: grant.size, args, asked, ffmpeg: caps.version, encoder: caps.svtav1 };
}
