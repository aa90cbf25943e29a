import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Grant, Outcome, Progress, ResultFacts } from '../../../src-shared/jobs/lease.ts';
import { mainVideo } from '../../../src-shared/media/probe.ts';
import { opusChannels } from '../../../src-shared/plan/audio-plan.ts';
import { FORMATS } from '../../../src-shared/plan/container.ts';
import { whyUndecodable } from '../../../src-shared/plan/decoders.ts';
import {
  type EncodeFiles,
  encodeArgs,
  labelsOf,
  pictureArgs,
  resultStreams,
} from '../../../src-shared/plan/ffmpeg-args.ts';
import { type LinesRead, withoutEmptyTexts } from '../../../src-shared/plan/fit-plan.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { skipUnable } from '../../../src-shared/plan/video-args.ts';
import { count, formatDuration } from '../../../src-shared/text/format.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Logger } from '../../log/logger.ts';
import type { AskCapabilities, Tools } from '../../media/ffmpeg/capabilities.ts';
import {
  type ProcessManager,
  ProcessSuspender,
  type RunOptions,
  STALL_MS,
} from '../../media/ffmpeg/process-manager.ts';
import { type Timeline, type Timelines, timeFlaw } from '../../media/ffmpeg/timeline.ts';
import { keepDisabled } from '../../media/probe/disabled-tracks.ts';
import { writeLanguages } from '../../media/probe/matroska.ts';
import { keepSegmentNumber } from '../../media/probe/segments.ts';
import { findChange } from '../../media/probe/shape.ts';
import { selfTest, selfTestOnce } from '../../media/self-test.ts';
import { ChunkEncoder, type ChunkPlace, type Encoded } from './chunk-encoder.ts';
import { ChunkPace } from './chunk-pace.ts';
import type { ChunkSharing } from './chunk-sharing.ts';
import { isNegligible } from './damage.ts';
import { requireDolbyVision } from './dolby-vision.ts';
import { changes, EncodeRun } from './encode-run.ts';
import { EncoderLog } from './encoder-log.ts';
import { takeCovers, tryHeader } from './first-look.ts';
import { EncodeProgress } from './progress.ts';
import { QualitySearch } from './quality-search.ts';
import { readTexts } from './subtitle-texts.ts';

/** Joined pictures may be shown so much earlier or later, in s: Matroska rounds to milliseconds, twice. */
const JOINT_TOLERANCE = 0.0015;

/** A finished encode, or why there is none. */
export type Conversion = ({ kind: 'result'; file: string } & ResultFacts) | Outcome;

/** Output folder, abort signal, progress listener, and limits of a conversion. */
export interface ConverterWork {
  folder: string;
  signal: AbortSignal;
  report: (progress: Progress) => void;
  /** Threads of the encoder; as many as there are cores where left out. */
  threads?: number | undefined;
  /** Holds it while it is on. */
  brake?: ProcessSuspender;
  /** Where finished chunks are kept beyond the attempt; without it, videos are encoded in one piece. */
  chunks?: ChunkPlace;
  /** Through which other computers encode some of the chunks; without it, this one encodes alone. */
  sharing?: ChunkSharing | undefined;
}

/** One conversion under way. */
interface Work {
  grant: Grant;
  /** The grant's, without texts that turned out to be empty. */
  plan: Plan;
  files: EncodeFiles;
  timeline: Timeline;
  lines: LinesRead;
  /** The source's times show that it is damaged. */
  flawed: boolean;
  /** How the CRF was chosen where the plan names a target. */
  search: QualitySearch | undefined;
  /** Encodes the pictures piece by piece; undefined where they are encoded at once. */
  chunks: ChunkEncoder | undefined;
  options: RunOptions;
  /** A clock in ms that stops while the encode is suspended. */
  now: () => number;
  threads: number | undefined;
  report: (progress: Progress) => void;
}

/** What videos and chunks are encoded with. */
export interface ConverterParts {
  processes: ProcessManager;
  tools: Tools;
  caps: AskCapabilities;
  timelines: Timelines;
  /** How long an encode may report nothing before it is ended, in ms. */
  stallMs?: number | undefined;
}

/** Turns one file into AV1 and Opus, as its plan says. */
export class Converter {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: AskCapabilities;
  readonly #timelines: Timelines;
  readonly #stallMs: number;
  readonly #pace: ChunkPace;
  readonly #log: Logger | undefined;
  /** What {@link prepare} found out about the key frames of a video. */
  readonly #changes = new WeakMap<Grant, string | undefined>();

  /** @param parts - `chunkSeconds`: length of every chunk, for tests */
  constructor(parts: ConverterParts & { chunkSeconds?: number | undefined; log?: Logger }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#timelines = parts.timelines;
    this.#stallMs = parts.stallMs ?? STALL_MS;
    this.#pace = new ChunkPace(parts.chunkSeconds);
    this.#log = parts.log;
  }

  /** Reads the original ahead of {@link convert}, which reports any problem with it. */
  async prepare(grant: Grant, source: string, { signal, report, brake }: ConverterWork): Promise<void> {
    report({ stage: 'preparing' });
    const options: RunOptions = { signal, priority: grant.priority, brake };
    const read = await this.#readThrough(grant, source, options).catch(() => undefined);
    // An aborted look has seen only a part.
    if (read && !signal.aborted) this.#changes.set(grant, read.change);
  }

  /**
   * @param source absolute path of the original
   * @throws Fault `node` when this computer cannot work
   */
  async convert(
    grant: Grant,
    source: string,
    { folder, signal, report, threads, brake = new ProcessSuspender(), chunks: place, sharing }: ConverterWork,
  ): Promise<Conversion> {
    report({ stage: 'preparing' });
    const caps = await this.#caps();
    const unable = skipUnable(grant.plan, caps) ?? whyUndecodable(grant.plan, grant.probe, caps);
    if (unable) return unable;
    const options: RunOptions = { signal, priority: grant.priority, brake };
    let timeline: Timeline;
    let change: string | undefined;
    try {
      ({ timeline, change } = await this.#readThrough(grant, source, options));
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      return { kind: 'skip', code: 'too-damaged', reason: `The file is damaged: ${error.message}` };
    }
    const flaw = timeFlaw(grant.probe, timeline);
    // Storage that went away in the middle looks the same: the next attempt has to look again.
    if (flaw) this.#timelines.forget(source, grant.version);
    if (flaw && !(flaw.code === 'damaged' && grant.convertDamaged)) return { kind: 'skip', ...flaw };
    if (change) return changes(change);

    const { plan: asked } = grant;
    const refusal =
      (await requireDolbyVision(this.#processes, this.#tools, grant, source, timeline, options)) ??
      (await tryHeader(this.#processes, this.#tools, asked, source, folder, options));
    if (refusal) return refusal;
    const covers = await takeCovers(this.#processes, this.#tools, asked, source, folder, options);
    if ('kind' in covers) return covers;
    const parts = { processes: this.#processes, tools: this.#tools };
    const texts = await readTexts(parts, grant, source, timeline, folder, options);
    if (texts.kind !== 'texts') return texts;
    const { lines } = texts;
    const plan = withoutEmptyTexts(asked, lines);
    const flawed = flaw !== undefined;
    const video = { grant, input: source, plan, timeline, caps, flawed };
    const chunked = { ...video, place, sharing, pace: this.#pace, signal, log: this.#log };
    const chunks = await ChunkEncoder.open(chunked);
    try {
      const searching = { ...parts, caps, grant, source, timeline, folder, threads, report, options };
      const search = await QualitySearch.run(plan, { ...searching, known: chunks?.search });
      if (search?.refusal) return search.refusal;
      if (search) await chunks?.keepSearch(search.report);
      const files = { input: source, output: path.join(folder, 'result'), covers, ...texts.files };
      const now = () => brake.now();
      const work = { grant, search, chunks, plan: search?.plan ?? plan, files, timeline, lines, flawed };
      return await this.#encode({ ...work, options, now, threads, report });
    } finally {
      chunks?.close();
    }
  }

  /** Reads the packets of the original and its key frames at the same time, while the data is in the disk cache. */
  async #readThrough(grant: Grant, source: string, options: RunOptions) {
    if (this.#changes.has(grant)) {
      const timeline = await this.#timelines.read(source, grant.version, grant.probe, options.signal);
      return { timeline, change: this.#changes.get(grant) };
    }
    const over = new AbortController();
    const signals = [options.signal, over.signal].filter((s) => s !== undefined);
    const quiet = { ...options, signal: AbortSignal.any(signals) };
    const looking = findChange(this.#processes, this.#tools, source, grant.probe, quiet);
    try {
      const timeline = await this.#timelines.read(source, grant.version, grant.probe, options.signal);
      return { timeline, change: await looking };
    } finally {
      over.abort();
      await looking.catch(() => undefined);
    }
  }

  /**
   * Tests whether this computer can convert at all. @returns the problem; null if there is none
   * @param how - `force`: tests again even if this ffmpeg has passed before
   */
  async test(folder: string, signal: AbortSignal, { force }: { force: boolean }): Promise<string | null> {
    const parts = { processes: this.#processes, tools: this.#tools, caps: this.#caps, folder, signal };
    const started = performance.now();
    const problem = await (force ? selfTest(parts) : selfTestOnce(parts));
    const { version, svtav1 } = await this.#caps().catch(() => ({ version: 'of this computer', svtav1: undefined }));
    const what = `ffmpeg ${version}${svtav1 ? ` with ${svtav1}` : ''}`;
    if (problem) this.#log?.warn(`The self-test of ${what} failed: ${problem}`);
    else this.#log?.info(`${what} passed its self-test (${formatDuration((performance.now() - started) / 1000)}).`);
    return problem;
  }

  async #encode(work: Work): Promise<Conversion> {
    const { grant, plan, files, timeline, threads, report, options, now, chunks } = work;
    report({ stage: 'encoding' });
    const log = new EncoderLog(grant.probe);
    const parts = { processes: this.#processes, tools: this.#tools, stallMs: this.#stallMs };
    const run = new EncodeRun({ ...parts, grant, files, options, now, report });
    const line = timeline.get(mainVideo(grant.probe)?.index ?? -1);
    const progress = new EncodeProgress(line ? { frames: line.count, seconds: line.end - line.first } : {});
    const caps = await this.#caps();
    const encoded = await chunks?.encode(plan, run, progress, threads);
    if (encoded?.kind === 'whole') return this.#encode({ ...work, chunks: undefined });
    if (encoded && encoded.kind !== 'encoded') return encoded;
    if (encoded) files.pictures = encoded.pictures;
    else {
      const apart = `${files.output}.pictures`;
      const pictures = pictureArgs(plan, files.input, apart, caps, threads);
      const failure = pictures && (await run.run(pictures, log, progress));
      if (failure) return failure;
      if (pictures) files.pictures = { path: apart, offset: (line?.first ?? 0) - (grant.probe.start ?? 0) };
    }
    const failure = await run.run(encodeArgs(plan, files, caps, labelsOf(grant.probe), threads), log, progress);
    const apart = files.pictures?.path;
    delete files.pictures;
    // The result may wait long for its master.
    if (apart) await rm(apart, { force: true });
    // Only ffmpeg's own refusal says something about the chunks: they are joined again after any other end.
    if (failure && !(encoded && run.refused)) return failure;
    const wrong = encoded && (await this.#whyNotJoined(work, failure));
    if (wrong) {
      await chunks?.abandon(wrong);
      return this.#encode({ ...work, chunks: undefined });
    }
    if (options.signal?.aborted) return { kind: 'released' };
    if (plan.container === 'mkv') {
      await writeLanguages(files.output);
      await keepSegmentNumber(files.input, files.output);
    }
    if (plan.demuxer === 'matroska') await keepDisabled(files.input, files.output, resultStreams(plan));
    const judged = this.#judge(work, log, run.commands, encoded);
    if (judged.kind !== 'result' || !work.search) return judged;
    return { ...judged, quality: await work.search.measure(judged.file, this.#timelines) };
  }

  /**
   * Compares the times of joined pictures with the source's, which no command does.
   * @param failure how the command that joined them ended, if it refused them
   */
  async #whyNotJoined({ grant, plan, files, timeline, options }: Work, failure?: Outcome): Promise<string | undefined> {
    if (failure) return 'reason' in failure ? failure.reason : failure.kind;
    if (options.signal?.aborted) return undefined;
    const from = timeline.get(mainVideo(grant.probe)?.index ?? -1)?.times;
    const index = resultStreams(plan).findIndex(({ action }) => action === 'encode');
    const streams = [{ type: 'video' as const, index }];
    const format = FORMATS[plan.container].demuxer;
    try {
      const joined = await this.#timelines.read(files.output, 'joined', { format, streams }, options.signal);
      const to = joined.get(index)?.times;
      if (from?.length !== to?.length) return `The result has ${to?.length ?? 0} frames instead of ${from?.length}.`;
      const shift = (to?.[0] ?? 0) - (from?.[0] ?? 0);
      const off = from?.findIndex((time, i) => Math.abs((to?.[i] ?? 0) - time - shift) > JOINT_TOLERANCE) ?? 0;
      return off < 0 ? undefined : `Frame ${off} isn't where it should be.`;
    } catch (error) {
      if (options.signal?.aborted) return undefined;
      if (error instanceof Fault && error.code === 'conflict') return error.message;
      throw error;
    }
  }

  #judge(work: Work, log: EncoderLog, commands: string[], encoded: Encoded | undefined): Conversion {
    const { grant, files, lines, flawed, timeline } = work;
    const changed = soundChange(grant, log);
    if (changed) return { kind: 'skip', code: 'changes', reason: changed };
    const lost = log.lostSeconds(timeline) + (encoded?.damage?.lost ?? 0);
    const line = timeline.get(mainVideo(grant.probe)?.index ?? -1);
    const damage = isNegligible(lost, line ? line.end - line.first : 0)
      ? undefined
      : sumOf(encoded?.damage, log.damage);
    if (damage && !grant.convertDamaged) {
      const errors = count(damage.count, 'error');
      const much = Number.isFinite(lost) ? `, so that about ${lost.toFixed(1)} s of it are lost` : '';
      const reason = `The video is damaged: it decodes with ${errors} ("${damage.first}")${much}.`;
      return { kind: 'skip', code: 'damaged', reason };
    }
    const encodes = grant.plan.streams.filter((s) => s.action === 'encode');
    const decodedFrames = encoded ? [encoded.frames] : encodes.flatMap((s) => log.decodedFrames(s.source) ?? []);
    const damaged = damage !== undefined || flawed;
    return { kind: 'result', file: files.output, decodedFrames, ...lines, damaged, log: log.text(commands) };
  }
}

/** Why sound that turned out to change in mid-video, unseen before, did not keep all its channels; undefined when it did. */
function soundChange({ plan, probe }: Grant, log: EncoderLog): string | undefined {
  for (const track of plan.streams) {
    const source = probe.streams.find((s) => s.index === track.source);
    if (track.action !== 'opus' || source?.type !== 'audio' || source.layouts) continue;
    const seen = log.layouts(track.source);
    if (seen.length > 1 && seen.some((layout) => (opusChannels(layout) ?? Number.POSITIVE_INFINITY) > track.channels))
      return `The channels of ${track.from} change mid-video (${seen.join(', ')}), so that some would be lost.`;
  }
  return undefined;
}

/** Errors that were found in two runs. */
function sumOf(a: EncoderLog['damage'], b: EncoderLog['damage']): EncoderLog['damage'] {
  return a && b ? { count: a.count + b.count, first: a.first } : (a ?? b);
}
