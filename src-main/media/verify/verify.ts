import { randomInt } from 'node:crypto';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { FORMATS } from '../../../src-shared/plan/container.ts';
import { resultStreams } from '../../../src-shared/plan/ffmpeg-args.ts';
import { withoutEmptyTexts } from '../../../src-shared/plan/fit-plan.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { Logger } from '../../log/logger.ts';
import type { AskCapabilities, Tools } from '../ffmpeg/capabilities.ts';
import type { ProcessManager } from '../ffmpeg/process-manager.ts';
import { requireReadable } from '../ffmpeg/storage-gone.ts';
import type { Timeline, Timelines } from '../ffmpeg/timeline.ts';
import type { Prober } from '../probe/ffprobe.ts';
import { DolbyVision } from './pictures/check-dolby-vision.ts';
import type { Likeness } from './pictures/compare-pictures.ts';
import { compareWindows, picturesOf, prove } from './prove.ts';
import { sidesOf } from './sides.ts';
import { checkCounts } from './streams/check-counts.ts';
import { checkStreams } from './streams/check-streams.ts';
import { checkTimes } from './streams/check-times.ts';
import { checkCaptions } from './subtitles/check-captions.ts';
import { checkTeletext } from './subtitles/check-teletext.ts';
import { VerificationError, type VerifyRequest } from './verify-request.ts';
import { randomFrom } from './windows.ts';

/** Programs that one check runs at a time: both sides of a comparison. */
const AT_A_TIME = 2;

/** Proves a result before anything is touched. */
export class Verifier {
  readonly #processes: ProcessManager;
  readonly #tools: Tools;
  readonly #caps: AskCapabilities;
  readonly #prober: Prober;
  readonly #timelines: Timelines;
  readonly #log: Logger | undefined;

  constructor(parts: {
    processes: ProcessManager;
    tools: Tools;
    caps: AskCapabilities;
    prober: Prober;
    timelines: Timelines;
    log?: Logger;
  }) {
    this.#processes = parts.processes;
    this.#tools = parts.tools;
    this.#caps = parts.caps;
    this.#prober = parts.prober;
    this.#timelines = parts.timelines;
    this.#log = parts.log;
  }

  /**
   * Verifies that a result is the same video: streams, tags, colors, chapters, attachments, the time of every frame, the text and
   * times of subtitles, the packets of copied streams, and pictures and sound at places that no worker can predict.
   * @returns the similarity of the pictures
   * @throws VerificationError with the reason when anything differs from the plan
   * @throws Fault `node` when this computer can't compare it
   */
  async verify(asked: VerifyRequest): Promise<Likeness> {
    const { source, signal, damaged, seed = randomInt(2 ** 32) } = asked;
    this.#log?.debug({ source, seed }, `Checking the result of ${path.basename(source)} with seed ${seed}.`);
    try {
      return await this.#verify({ ...asked, seed });
    } catch (error) {
      const unlike = error instanceof VerificationError || (error instanceof Fault && error.code === 'conflict');
      if (unlike && !damaged) await requireReadable(source, signal);
      if (error instanceof VerificationError) error.seed = seed;
      throw error;
    }
  }

  async #verify(asked: VerifyRequest & { seed: number }): Promise<Likeness> {
    const request = { ...asked, plan: withoutEmptyTexts(asked.plan, asked) };
    const { signal } = request;
    const result = await this.#prober.probe(request.result, signal).catch((error) => {
      throw error instanceof Fault && error.code === 'conflict'
        ? new VerificationError(`The result is not readable: ${error.message}`)
        : error;
    });
    checkStreams(request.plan, request.sourceProbe, result);
    const [before, after] = await Promise.all([
      this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal),
      this.#timelines.read(request.result, request.resultVersion, result, signal),
    ]);
    const shift = checkTimes(request, before, after);
    await this.#checkDolbyVision(request, before, after);
    const parts = { processes: this.#processes, tools: this.#tools, caps: await this.#caps(), turn: pLimit(AT_A_TIME) };
    const random = randomFrom(request.seed);
    const sides = sidesOf({ ...parts, request, shift, random }, result, before, after);
    await checkCaptions({ ...sides, request: { ...sides.request, plan: asked.plan } });
    await checkCounts(sides);
    await checkTeletext(sides, asked.plan);
    return prove(sides);
  }

  /**
   * Compares the pictures only.
   * @throws VerificationError when they differ
   */
  async likeness(asked: VerifyRequest): Promise<Likeness> {
    const request = { ...asked, plan: withoutEmptyTexts(asked.plan, asked) };
    const { signal } = request;
    const probe = await this.#prober.probe(request.result, signal);
    const before = await this.#timelines.read(request.source, request.sourceVersion, request.sourceProbe, signal);
    const after = await this.#timelines.read(request.result, request.resultVersion, probe, signal);
    return this.#compare(request, probe, before, after);
  }

  async #compare(request: VerifyRequest, probe: Probe, before: Timeline, after: Timeline): Promise<Likeness> {
    const parts = { processes: this.#processes, tools: this.#tools, caps: await this.#caps(), turn: pLimit(AT_A_TIME) };
    const sides = sidesOf({ ...parts, request, shift: 0, random: Math.random }, probe, before, after);
    const [pictures] = picturesOf(sides);
    if (!pictures) throw new VerificationError('The result has no pictures.');
    return compareWindows(sides, pictures);
  }

  async #checkDolbyVision(request: VerifyRequest, before: Timeline, after: Timeline): Promise<void> {
    const { plan, source, result, signal, run } = request;
    for (const [index, video] of resultStreams(plan).entries()) {
      if (video.action !== 'encode' || !video.dolbyVision) continue;
      const [from, to] = [before.get(video.source), after.get(index)];
      if (!from || !to) throw new VerificationError('The result has no pictures.');
      await new DolbyVision(this.#processes, this.#tools).check(
        { codec: 'hevc', file: source, demuxer: plan.demuxer, index: video.source, timeline: from },
        { codec: 'av1', file: result, demuxer: FORMATS[plan.container].demuxer, index, timeline: to },
        { ...run, ...(signal && { signal }) },
      );
    }
  }
}
