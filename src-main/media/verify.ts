import { FORMATS } from '../../src-shared/container.ts';
import { Fault } from '../../src-shared/errors.ts';
import { inputArgs, resultStreams } from '../../src-shared/ffmpeg-args.ts';
import type { Probe } from '../../src-shared/media.ts';
import { withoutCaptions } from '../../src-shared/plan.ts';
import { timingArgs } from '../../src-shared/video-args.ts';
import type { AskCapabilities, Tools } from './capabilities.ts';
import { DolbyVision } from './check-dolby-vision.ts';
import { checkStreams } from './check-streams.ts';
import { checkTimes } from './check-times.ts';
import type { Prober } from './ffprobe.ts';
import { comparePictures, type Likeness } from './picture.ts';
import { type ProcessManager, STALL_MS, wasKilled } from './process.ts';
import type { Timeline, Timelines } from './timeline.ts';
import { Refused, type VerifyRequest } from './verify-request.ts';

/** Proves a result before anything is touched. */
export class Verifier {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: AskCapabilities;
  readonly #prober: Prober;
  readonly #timelines: Timelines;

  constructor(parts: {
    processes: ProcessManager;
    tools: Tools;
    caps: AskCapabilities;
    prober: Prober;
    timelines: Timelines;
  }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#prober = parts.prober;
    this.#timelines = parts.timelines;
  }

  /**
   * Checks streams, tags, colour, every video timestamp, the sound's first and last, decodes all of it, and compares the
   * pictures of a few short windows.
   * @returns how alike the pictures are
   * @throws Refused with the reason when anything differs from the plan
   */
  async verify(asked: VerifyRequest): Promise<Likeness> {
    const request = asked.captionLines > 0 ? asked : { ...asked, plan: withoutCaptions(asked.plan) };
    const { signal } = request;
    const result = await this.#prober.probe(request.result, signal).catch((error) => {
      throw error instanceof Fault && error.code === 'conflict'
        ? new Refused(`The result is not readable: ${error.message}`)
        : error;
    });
    checkStreams(request.plan, request.sourceProbe, result);
    const [before, after] = await Promise.all([
      this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal),
      this.#timelines.read(request.result, request.resultVersion, result, signal),
    ]);
    checkTimes(request, before, after);
    await this.#checkDolbyVision(request, before, after);
    await this.#decode(request, after);
    return this.#compare(request, result, before, after);
  }

  /**
   * Compares the pictures only.
   * @throws Refused when they differ
   */
  async likeness(asked: VerifyRequest): Promise<Likeness> {
    const request = asked.captionLines > 0 ? asked : { ...asked, plan: withoutCaptions(asked.plan) };
    const { signal } = request;
    const probe = await this.#prober.probe(request.result, signal);
    const before = await this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal);
    const after = await this.#timelines.read(request.result, request.resultVersion, probe, signal);
    return this.#compare(request, probe, before, after);
  }

  async #compare(request: VerifyRequest, probe: Probe, before: Timeline, after: Timeline): Promise<Likeness> {
    const { source, plan: whole, result, sourceProbe, signal, run = {} } = request;
    const index = resultStreams(whole).findIndex((s) => s.action === 'encode');
    const plan = whole.streams.find((s) => s.action === 'encode');
    const from = plan && before.get(plan.source);
    const to = after.get(index);
    if (!plan || !from || !to) throw new Refused('The result has no pictures.');
    const likeness = await comparePictures(this.#processes, this.#tools, await this.#caps(), {
      source,
      demuxer: whole.demuxer,
      sourceStart: sourceProbe.start ?? 0,
      result,
      resultDemuxer: FORMATS[whole.container].demuxer,
      resultStart: probe.start ?? 0,
      plan,
      index,
      before: from,
      after: to,
      ...(signal && { signal }),
      run,
    });
    if (typeof likeness === 'string') throw new Refused(likeness);
    return likeness;
  }

  async #checkDolbyVision(request: VerifyRequest, before: Timeline, after: Timeline): Promise<void> {
    const { plan, source, result, signal, run } = request;
    for (const [index, video] of resultStreams(plan).entries()) {
      if (video.action !== 'encode' || !video.dolbyVision) continue;
      const [from, to] = [before.get(video.source), after.get(index)];
      if (!from || !to) throw new Refused('The result has no pictures.');
      await new DolbyVision(this.#processes, this.#tools).check(
        { codec: 'hevc', file: source, demuxer: plan.demuxer, index: video.source, timeline: from },
        { codec: 'av1', file: result, demuxer: FORMATS[plan.container].demuxer, index, timeline: to },
        { ...run, ...(signal && { signal }) },
      );
    }
  }

  async #decode(request: VerifyRequest, timeline: Timeline): Promise<void> {
    const { plan, result, damaged, signal, run, onProgress } = request;
    const errors: string[] = [];
    const frames = timeline.get(resultStreams(plan).findIndex((s) => s.action === 'encode'))?.count ?? 0;
    const args = ['-nostdin', '-hide_banner', '-v', 'error', '-progress', 'pipe:1', '-nostats', '-xerror'];
    args.push(...inputArgs(FORMATS[plan.container].demuxer, result), '-map', '0:v');
    if (!damaged) args.push('-map', '0:a?');
    // Without the first of these, variable frame rates look like timestamps that run backwards.
    args.push(...timingArgs(await this.#caps(), ':v'), '-f', 'null', '-');
    const end = await this.#processes.run(this.#tools.ffmpeg, args, {
      ...run,
      stallMs: STALL_MS,
      ...(signal && { signal }),
      onStdout: (line) => {
        const frame = Number(/^frame=\s*(\d+)/.exec(line)?.[1]);
        if (frame > 0 && frames > 0) onProgress?.(Math.min(1, frame / frames));
      },
      onStderr: (line) => errors.push(line),
    });
    if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
    if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it checked a result.');
    if (end.kind !== 'exit') throw new Refused('The result could not be decoded to its end.');
    if (end.code !== 0 || errors.length > 0)
      throw new Refused(`The result does not decode cleanly: ${errors[0] ?? `ffmpeg ended with ${end.code}`}.`);
  }
}
