import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Sample } from '../../../src-shared/contract/stats-view.ts';
import type { Grant, Progress } from '../../../src-shared/jobs/lease.ts';
import { mainVideo, type Probe, pictureSeconds } from '../../../src-shared/media/probe.ts';
import { inputArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import type { Skip } from '../../../src-shared/plan/skip.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import type { Prober } from '../../media/probe/ffprobe.ts';
import type { Verifier } from '../../media/verify/verify.ts';
import type { Converter } from './converter.ts';

/** Cutting a few seconds out copies them. */
const CUT_MS = 60_000;
/** Videos whose samples are kept to be looked at. */
const KEPT = 3;
/** How far into the video a sample begins: past the titles. */
const WHERE = 1 / 3;
/** Frames a second of a video that does not say. */
const USUAL_RATE = 24;

/** Input of a sample. */
export interface SampleRequest {
  file: number;
  /** Absolute path of the video, which is only read. */
  source: string;
  size: number;
  probe: Probe;
  seconds: number;
  priority: Grant['priority'];
  /** Plans the cut-out piece as the video would be. */
  plan: (probe: Probe) => Plan | Skip;
  onProgress: (progress: Progress) => void;
}

/** A sample with its two sides. */
export interface KeptSample {
  sample: Sample;
  source: { file: string; probe: Probe };
  result: { file: string; probe: Probe };
  plan: Plan;
}

interface SamplerParts {
  processes: ProcessManager;
  tools: Tools;
  prober: Prober;
  verifier: Verifier;
  converter: Converter;
  /** The sampler's own. */
  folder: string;
}

/** Converts a few seconds of a video, to be looked at before anything is replaced. */
export class Sampler {
  readonly #parts: SamplerParts;
  readonly #turn = pLimit(1);
  readonly #kept = new Map<number, KeptSample>();
  readonly #running = new Map<number, AbortController>();
  /** Pixels a second of the last sample; undefined before the first. */
  throughput: number | undefined;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  get(file: number): KeptSample | undefined {
    return this.#kept.get(file);
  }

  /** Ends the sample of this file that is being made. */
  cancel(file: number): void {
    this.#running.get(file)?.abort(new Error('cancelled'));
  }

  async stop(): Promise<void> {
    for (const running of this.#running.values()) running.abort(new Error('stopped'));
    await this.#turn(() => undefined);
  }

  /**
   * @throws Fault `conflict` when the video would not be converted, cannot be, or the sample was cancelled
   */
  async make(request: SampleRequest): Promise<Sample> {
    this.cancel(request.file);
    const cancelled = new AbortController();
    this.#running.set(request.file, cancelled);
    try {
      return await this.#turn(() => this.#make(request, cancelled.signal));
    } catch (error) {
      if (cancelled.signal.aborted) throw new Fault('conflict', 'The sample was canceled.', { cause: error });
      throw error;
    } finally {
      if (this.#running.get(request.file) === cancelled) this.#running.delete(request.file);
    }
  }

  async #make(request: SampleRequest, signal: AbortSignal): Promise<Sample> {
    signal.throwIfAborted();
    const stamp = Date.now().toString(36);
    const folder = path.join(this.#parts.folder, `${request.file}-${stamp}`);
    await mkdir(folder, { recursive: true });
    try {
      const kept = await this.#convert(request, folder, stamp, signal);
      await this.#keep(request.file, kept);
      return kept.sample;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #convert(request: SampleRequest, folder: string, stamp: string, signal: AbortSignal): Promise<KeptSample> {
    const { prober, verifier, converter } = this.#parts;
    const name = path.basename(request.source);
    const length = pictureSeconds(request.probe) ?? 0;
    const start = Math.max(0, Math.min(length * WHERE, length - request.seconds));
    const clip = path.join(folder, 'source.mkv');
    await this.#cut(request, start, clip, signal);
    const probe = await prober.probe(clip, signal);
    const plan = request.plan(probe);
    if (plan.kind === 'skip') throw new Fault('conflict', `${name} would be skipped: ${plan.reason}`);
    const { size: sourceBytes } = await stat(clip);
    let started = performance.now();
    const grant: Grant = {
      ...{ task: 1, epoch: 1, file: request.file, library: 1, path: name },
      ...{ size: sourceBytes, plan, probe, version: stamp, priority: request.priority },
      uselessAt: Number.POSITIVE_INFINITY,
      // At a cut, decoders lack the frames before it.
      convertDamaged: true,
    };
    let encoding = false;
    const report = (progress: Progress) => {
      if (progress.stage === 'encoding' && !encoding) {
        encoding = true;
        started = performance.now();
      }
      request.onProgress(progress);
    };
    const conversion = await converter.convert(grant, clip, { folder, signal, report });
    const encoded = (performance.now() - started) / 1000;
    if (conversion.kind !== 'result') {
      const why = 'reason' in conversion ? conversion.reason : 'it was stopped.';
      throw new Fault(conversion.kind === 'node' ? 'node' : 'conflict', `Couldn't make a sample of ${name}: ${why}`);
    }
    request.onProgress({ stage: 'checking' });
    const { file: result } = conversion;
    const { size: resultBytes } = await stat(result);
    const resultProbe = await prober.probe(result, signal);
    const likeness = await verifier
      .likeness({
        ...{ source: clip, sourceVersion: stamp, sourceProbe: probe, plan, result, resultVersion: stamp, signal },
        decodedFrames: conversion.decodedFrames,
        captionLines: conversion.captionLines,
        teletextLines: conversion.teletextLines,
      })
      .catch((error) => {
        throw new Fault('conflict', `Couldn't compare the sample of ${name}: ${messageOf(error)}`);
      });
    const seconds = pictureSeconds(probe) ?? request.seconds;
    this.#note(probe, seconds, encoded);
    return {
      sample: {
        ...{ file: request.file, start, seconds, sourceBytes, resultBytes, likeness, stamp },
        estimate: Math.min(request.size, Math.round((request.size * resultBytes) / sourceBytes)),
        encodeSeconds: (encoded * length) / seconds,
      },
      source: { file: clip, probe },
      result: { file: result, probe: resultProbe },
      plan,
    };
  }

  /** Copies picture and sound of a few seconds, from the key frame before. */
  async #cut(request: SampleRequest, start: number, clip: string, signal: AbortSignal): Promise<void> {
    const { processes, tools } = this.#parts;
    const demuxer = request.probe.format.split(',')[0] ?? '';
    const args = ['-nostdin', '-hide_banner', '-v', 'error', '-y', '-fflags', '+genpts', '-ss', start.toFixed(3)];
    args.push(...inputArgs(demuxer, request.source), '-t', String(request.seconds));
    args.push('-map', `0:${mainVideo(request.probe)?.index ?? 0}`, '-map', '0:a?', '-c', 'copy', `file:${clip}`);
    const { end, stderr } = await processes.capture(tools.ffmpeg, args, { signal, timeoutMs: CUT_MS });
    if (end.kind === 'exit' && end.code === 0) return;
    signal.throwIfAborted();
    const why = stderr.at(-1)?.replace(/^\[[^\]]*\]\s*/, '') ?? 'ffmpeg was stopped.';
    throw new Fault('conflict', `Couldn't cut a sample from ${path.basename(request.source)}: ${why}`);
  }

  #note(probe: Probe, seconds: number, encoded: number): void {
    const video = mainVideo(probe);
    if (!video || encoded <= 0) return;
    this.throughput = (video.width * video.height * (video.frameRate ?? USUAL_RATE) * seconds) / encoded;
  }

  async #keep(file: number, kept: KeptSample): Promise<void> {
    const before = this.#kept.get(file);
    this.#kept.delete(file);
    this.#kept.set(file, kept);
    const old = [...this.#kept].slice(0, -KEPT);
    for (const [id] of old) this.#kept.delete(id);
    for (const gone of [before, ...old.map(([, sample]) => sample)])
      if (gone) await rm(path.dirname(gone.source.file), { recursive: true, force: true });
  }
}
