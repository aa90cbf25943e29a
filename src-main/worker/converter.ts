import { rm } from 'node:fs/promises';
import path from 'node:path';
import { opusChannels } from '../../src-shared/audio-plan.ts';
import { whyUndecodable } from '../../src-shared/decoders.ts';
import { Fault } from '../../src-shared/errors.ts';
import { type EncodeFiles, encodeArgs, labelsOf, pictureArgs } from '../../src-shared/ffmpeg-args.ts';
import { type LinesRead, withoutEmptyTexts } from '../../src-shared/fit-plan.ts';
import { count, formatDuration } from '../../src-shared/format.ts';
import type { Grant, Outcome, Progress } from '../../src-shared/lease.ts';
import { mainVideo } from '../../src-shared/media.ts';
import type { Plan } from '../../src-shared/plan.ts';
import { skipUnable } from '../../src-shared/video-args.ts';
import { changeReason } from '../../src-shared/video-plan.ts';
import type { Logger } from '../log.ts';
import type { AskCapabilities, Tools } from '../media/capabilities.ts';
import { writeLanguages } from '../media/matroska.ts';
import { Brake, type ProcessManager, type RunEnd, type RunOptions, STALL_MS } from '../media/process.ts';
import { keepSegmentNumber } from '../media/segments.ts';
import { selfTest, selfTestOnce } from '../media/self-test.ts';
import { findChange } from '../media/shape.ts';
import { type Timeline, type Timelines, timeFlaw } from '../media/timeline.ts';
import { isNegligible } from './damage.ts';
import { requireDolbyVision } from './dolby-vision.ts';
import { EncoderLog } from './encoder-log.ts';
import { takeCovers, tryHeader } from './first-look.ts';
import { EncodeProgress } from './progress.ts';
import { readTexts } from './texts.ts';

/** A finished encode, or why there is none. */
export type Conversion =
  | ({ kind: 'result'; file: string; decodedFrames: number[]; damaged: boolean; log: string } & LinesRead)
  | Outcome;

/** Where a conversion writes, what ends it, who is told how far it is, and how much of the computer it may use. */
export interface ConverterWork {
  folder: string;
  signal: AbortSignal;
  report: (progress: Progress) => void;
  /** Threads of the encoder; as many as there are cores where left out. */
  threads?: number | undefined;
  /** Holds it while it is on. */
  brake?: Brake;
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
  options: RunOptions;
  /** A clock in ms that stands still while it is held. */
  now: () => number;
  threads: number | undefined;
  report: (progress: Progress) => void;
}

/** Turns one file into AV1 and Opus, as its plan says. */
export class Converter {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: AskCapabilities;
  readonly #timelines: Timelines;
  readonly #stallMs: number;
  readonly #log: Logger | undefined;

  /** @param parts `stallMs` is how long an encode may report nothing before it is ended */
  constructor(parts: {
    processes: ProcessManager;
    tools: Tools;
    caps: AskCapabilities;
    timelines: Timelines;
    stallMs?: number;
    log?: Logger;
  }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#timelines = parts.timelines;
    this.#stallMs = parts.stallMs ?? STALL_MS;
    this.#log = parts.log;
  }

  /** Looks into the original ahead of {@link convert}, which tells what is wrong with it. */
  async prepare(grant: Grant, source: string, { signal, report }: ConverterWork): Promise<void> {
    report({ stage: 'preparing' });
    await this.#timelines.read(source, grant.version, grant.probe, signal).catch(() => undefined);
  }

  /**
   * @param source absolute path of the original
   * @throws Fault `node` when this computer cannot work
   */
  async convert(
    grant: Grant,
    source: string,
    { folder, signal, report, threads, brake = new Brake() }: ConverterWork,
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
      return { kind: 'skip', code: 'damaged', reason: `The file is damaged: ${error.message}` };
    }
    const flaw = timeFlaw(grant.probe, timeline);
    // Storage that went away in the middle looks the same: the next attempt has to look again.
    if (flaw) this.#timelines.forget(source, grant.version);
    if (flaw && !(flaw.convertible && grant.convertDamaged))
      return { kind: 'skip', code: 'damaged', reason: flaw.reason };
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
    const work: Work = {
      grant,
      plan: withoutEmptyTexts(asked, lines),
      files: { input: source, output: path.join(folder, 'result'), covers, ...texts.files },
      timeline,
      lines,
      flawed: flaw !== undefined,
      options,
      now: () => brake.now(),
      threads,
      report,
    };
    return this.#encode(work);
  }

  /** Reads the packets of the original, and its key frames beside them, while what the disk gave is at hand. */
  async #readThrough(grant: Grant, source: string, options: RunOptions) {
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
   * What keeps this computer from converting anything at all; null where all is well.
   * @param how `anew`: also where this ffmpeg passed before
   */
  async test(folder: string, signal: AbortSignal, { anew }: { anew: boolean }): Promise<string | null> {
    const parts = { processes: this.#processes, tools: this.#tools, caps: this.#caps, folder, signal };
    const started = performance.now();
    const problem = await (anew ? selfTest(parts) : selfTestOnce(parts));
    const { version, svtav1 } = await this.#caps().catch(() => ({ version: 'of this computer', svtav1: undefined }));
    const what = `ffmpeg ${version}${svtav1 ? ` with ${svtav1}` : ''}`;
    if (problem) this.#log?.warn(`The self-test of ${what} failed: ${problem}`);
    else this.#log?.info(`${what} passed its self-test (${formatDuration((performance.now() - started) / 1000)}).`);
    return problem;
  }

  async #encode(work: Work): Promise<Conversion> {
    const { grant, plan, files, timeline, threads, report } = work;
    report({ stage: 'encoding' });
    const log = new EncoderLog(grant.probe);
    const commands: string[] = [];
    const video = mainVideo(grant.probe);
    const line = video && timeline.get(video.index);
    const progress = new EncodeProgress(line ? { frames: line.count, seconds: line.end - line.first } : {});
    const caps = await this.#caps();
    const apart = `${files.output}.pictures`;
    const pictures = pictureArgs(plan, files.input, apart, caps, threads);
    const run = async (args: string[]) => {
      commands.push([this.#tools.ffmpeg, ...args].join(' '));
      const ended = await this.#run(args, work, log, progress);
      return typeof ended === 'object' && 'share' in ended
        ? noSavings(ended.share)
        : this.#failure(work, ended, log, commands);
    };
    if (pictures) {
      const failure = await run(pictures);
      if (failure) return failure;
      files.pictures = { path: apart, offset: (line?.first ?? 0) - (grant.probe.start ?? 0) };
    }
    const failure = await run(encodeArgs(plan, files, caps, labelsOf(grant.probe), threads));
    if (failure) return failure;
    // The result may wait long for its master.
    await rm(apart, { force: true });
    if (plan.container === 'mkv') {
      await writeLanguages(files.output);
      await keepSegmentNumber(files.input, files.output);
    }
    return this.#judge(work, log, commands);
  }

  /** Runs one command of an encode. @returns how it ended, or the share of the film after which its result was too large */
  async #run(
    args: string[],
    { grant, options, now, report }: Work,
    log: EncoderLog,
    progress: EncodeProgress,
  ): Promise<RunEnd | { share: number }> {
    const useless = new AbortController();
    const changed = new AbortController();
    const signals = [options.signal, useless.signal, changed.signal].filter((s) => s !== undefined);
    const end = await this.#processes.run(this.#tools.ffmpeg, args, {
      ...options,
      signal: AbortSignal.any(signals),
      stallMs: this.#stallMs,
      onStderr: (text) => {
        log.add(text);
        if (log.change) changed.abort();
      },
      onStdout: (text) => {
        const block = progress.add(text, now());
        if (!block) return;
        report(block.progress);
        if (block.bytes !== undefined && block.bytes >= grant.uselessAt) useless.abort(block.progress.share ?? 1);
      },
    });
    if (options.signal?.aborted) return { kind: 'cancelled' };
    return useless.signal.aborted ? { share: useless.signal.reason as number } : end;
  }

  /** Why a command did not do its work; undefined when it did. */
  #failure({ files, options }: Work, end: RunEnd, log: EncoderLog, commands: string[]): Outcome | undefined {
    log.requireStorage({ input: files.input, folder: path.dirname(files.output) });
    const failed = (reason: string): Outcome => ({ kind: 'failed', reason, log: log.text(commands) });
    if (log.change && !options.signal?.aborted) return changes(log.change);
    if (end.kind === 'cancelled') return { kind: 'released' };
    if (end.kind === 'stalled')
      return failed(`ffmpeg made no progress for ${formatDuration(this.#stallMs / 1000)} and was ended.`);
    if (end.kind === 'killed')
      return failed(`ffmpeg was killed from outside (${end.signal}), perhaps for want of memory.`);
    return end.code === 0 ? undefined : failed(`ffmpeg failed: ${log.lastError ?? `it ended with ${end.code}`}.`);
  }

  #judge(work: Work, log: EncoderLog, commands: string[]): Conversion {
    const { grant, files, lines, flawed, timeline } = work;
    const changed = soundChange(grant, log);
    if (changed) return { kind: 'skip', code: 'changes', reason: changed };
    const lost = log.lostSeconds(timeline);
    const line = timeline.get(mainVideo(grant.probe)?.index ?? -1);
    const damage = isNegligible(lost, line ? line.end - line.first : 0) ? undefined : log.damage;
    if (damage && !grant.convertDamaged) {
      const errors = count(damage.count, 'error');
      const much = Number.isFinite(lost) ? `, so that about ${lost.toFixed(1)} s of it are lost` : '';
      const reason = `The film is damaged: it decodes with ${errors} ("${damage.first}")${much}.`;
      return { kind: 'skip', code: 'damaged', reason };
    }
    const encodes = grant.plan.streams.filter((s) => s.action === 'encode');
    const decodedFrames = encodes.flatMap((s) => log.decodedFrames(s.source) ?? []);
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
      return `The channels of ${track.from} change in mid-video (${seen.join(', ')}), so that some would be lost.`;
  }
  return undefined;
}

function changes(change: string): Outcome {
  return { kind: 'skip', code: 'changes', reason: changeReason(change) };
}

function noSavings(share: number): Outcome {
  const when = share > 0.95 ? '' : `: after ${Math.round(share * 100)} % of the film the result was already too large`;
  return { kind: 'skip', code: 'no-savings', reason: `It would not get enough smaller${when}.` };
}
