import path from 'node:path';
import type { Grant, Outcome, Progress } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { coverArgs, encodeArgs, preflightArgs } from '../../src-shared/ffmpeg-args.ts';
import { count, formatDuration } from '../../src-shared/format.ts';
import { mainVideo } from '../../src-shared/media.ts';
import type { Capabilities } from '../../src-shared/worker-info.ts';
import type { Tools } from '../media/capabilities.ts';
import { type ProcessManager, type RunEnd, type RunOptions, STALL_MS } from '../media/process.ts';
import { type Timeline, type Timelines, timeFlaw } from '../media/timeline.ts';
import { EncoderLog } from './encoder-log.ts';
import { EncodeProgress } from './progress.ts';

/** Covers and the trial of the header take moments. */
const SHORT_MS = 60_000;

/** A finished encode, or why there is none. */
export type Conversion =
  | { kind: 'result'; file: string; decodedFrames: number[]; damaged: boolean; log: string }
  | Outcome;

/** Turns one file into AV1 and Opus, as its plan says. */
export class Converter {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: Capabilities;
  readonly #timelines: Timelines;
  readonly #stallMs: number;

  /** @param parts `stallMs` is how long an encode may report nothing before it is ended */
  constructor(parts: {
    processes: ProcessManager;
    tools: Tools;
    caps: Capabilities;
    timelines: Timelines;
    stallMs?: number;
  }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#timelines = parts.timelines;
    this.#stallMs = parts.stallMs ?? STALL_MS;
  }

  /**
   * @param source absolute path of the original
   * @param folder for everything that is written
   * @throws Fault `node` when this computer cannot work
   */
  async convert(
    grant: Grant,
    source: string,
    folder: string,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<Conversion> {
    onProgress({ stage: 'preparing' });
    const options: RunOptions = { signal, priority: grant.priority };
    let timeline: Timeline;
    try {
      timeline = await this.#timelines.read(source, grant.version, grant.probe, signal);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      return { kind: 'skip', code: 'damaged', reason: `The file is damaged: ${error.message}` };
    }
    const flaw = timeFlaw(grant.probe, timeline);
    if (flaw && !grant.convertDamaged) return { kind: 'skip', code: 'damaged', reason: flaw };

    const refusal = await this.#preflight(grant, source, options);
    if (refusal) return refusal;
    const covers: string[] = [];
    for (const cover of grant.plan.streams.filter((s) => s.action === 'cover')) {
      const file = path.join(folder, `cover-${cover.source}`);
      const args = coverArgs(grant.plan, cover.source, source, file);
      const { end, stderr } = await this.#processes.capture(this.#tools.ffmpeg, args, {
        ...options,
        timeoutMs: SHORT_MS,
      });
      if (end.kind === 'cancelled') return { kind: 'released' };
      if (end.kind !== 'exit' || end.code !== 0) {
        return {
          kind: 'failed',
          reason: `Its cover picture could not be read: ${stderr.at(-1) ?? end.kind}.`,
          log: stderr.join('\n'),
        };
      }
      covers.push(file);
    }
    return this.#encode(
      grant,
      { input: source, output: path.join(folder, 'result.mkv'), covers },
      flaw !== undefined,
      timeline,
      options,
      onProgress,
    );
  }

  async #preflight(grant: Grant, source: string, options: RunOptions): Promise<Outcome | undefined> {
    const args = preflightArgs(grant.plan, source);
    if (!args) return undefined;
    const { end, stderr } = await this.#processes.capture(this.#tools.ffmpeg, args, {
      ...options,
      timeoutMs: SHORT_MS,
    });
    if (end.kind === 'cancelled') return { kind: 'released' };
    if (end.kind === 'exit' && end.code === 0) return undefined;
    const why = stderr[0]?.replace(/^\[[^\]]*\]\s*/, '') ?? 'no reason given';
    return { kind: 'skip', code: 'container-refuses', reason: `Matroska cannot hold one of its streams: ${why}` };
  }

  async #encode(
    grant: Grant,
    files: { input: string; output: string; covers: string[] },
    flawed: boolean,
    timeline: Timeline,
    options: RunOptions,
    onProgress: (progress: Progress) => void,
  ): Promise<Conversion> {
    const dispositions = new Map(grant.probe.streams.map((s) => [s.index, s.dispositions ?? []]));
    const args = encodeArgs(grant.plan, files, this.#caps, dispositions);
    const log = new EncoderLog();
    const video = mainVideo(grant.probe);
    const line = video && timeline.get(video.index);
    const progress = new EncodeProgress(line ? { frames: line.count, seconds: line.end - line.first } : {});
    const useless = new AbortController();
    const signals = [options.signal, useless.signal].filter((s) => s !== undefined);
    const end = await this.#processes.run(this.#tools.ffmpeg, args, {
      ...options,
      signal: AbortSignal.any(signals),
      stallMs: this.#stallMs,
      onStderr: (text) => log.add(text),
      onStdout: (text) => {
        const block = progress.add(text, performance.now());
        if (!block) return;
        onProgress(block.progress);
        if (block.bytes !== undefined && block.bytes >= grant.uselessAt) useless.abort(block.progress.share ?? 1);
      },
    });
    if (options.signal?.aborted) return { kind: 'released' };
    if (useless.signal.aborted) return noSavings(useless.signal.reason as number);
    return this.#judge(grant, files.output, flawed, end, log, [this.#tools.ffmpeg, ...args]);
  }

  #judge(grant: Grant, file: string, flawed: boolean, end: RunEnd, log: EncoderLog, command: string[]): Conversion {
    const text = log.text(command);
    if (log.diskFull)
      throw new Fault(
        'node',
        `The disk of the temporary folder ${path.dirname(path.dirname(file))} is full; free some space or set another folder with TEMP_DIR.`,
      );
    const failed = (reason: string): Outcome => ({ kind: 'failed', reason, log: text });
    if (end.kind === 'cancelled') return { kind: 'released' };
    if (end.kind === 'stalled')
      return failed(`ffmpeg made no progress for ${formatDuration(this.#stallMs / 1000)} and was ended.`);
    if (end.kind === 'killed')
      return failed(`ffmpeg was killed from outside (${end.signal}), perhaps for want of memory.`);
    if (end.code !== 0) return failed(`ffmpeg failed: ${log.lastError ?? `it ended with ${end.code}`}.`);
    const { damage } = log;
    if (damage && !grant.convertDamaged) {
      const errors = count(damage.count, 'error');
      return {
        kind: 'skip',
        code: 'damaged',
        reason: `The film is damaged: it decodes with ${errors} ("${damage.first}").`,
      };
    }
    const encodes = grant.plan.streams.filter((s) => s.action === 'encode');
    const decodedFrames = encodes.flatMap((s) => log.decodedFrames(s.source) ?? []);
    return { kind: 'result', file, decodedFrames, damaged: damage !== undefined || flawed, log: text };
  }
}

function noSavings(share: number): Outcome {
  const when = share > 0.95 ? '' : `: after ${Math.round(share * 100)} % of the film the result was already too large`;
  return { kind: 'skip', code: 'no-savings', reason: `It would not get enough smaller${when}.` };
}
