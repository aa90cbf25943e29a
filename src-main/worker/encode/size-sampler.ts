import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Grant } from '../../../src-shared/jobs/lease.ts';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { fitPlan } from '../../../src-shared/plan/fit-plan.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { AskCapabilities, Tools } from '../../media/ffmpeg/capabilities.ts';
import type { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import type { Timelines } from '../../media/ffmpeg/timeline.ts';
import { findBySamples, type SampleFindings } from './quality-search.ts';

/** The video to sample, and how its result is to be. */
export interface SizeRequest {
  /** Absolute path of the original, which is only read. */
  source: string;
  /** Distinguishes its content from any other. */
  version: string;
  size: number;
  probe: Probe;
  plan: Plan;
  settings: Settings;
  /** Sets the CRF at which the search begins from earlier videos of the same kind. */
  withStart: (plan: Plan) => Plan;
  priority: Grant['priority'];
  signal: AbortSignal;
}

interface SizeSamplerParts {
  processes: ProcessManager;
  tools: Tools;
  caps: AskCapabilities;
  timelines: Timelines;
  /** The sampler's own. */
  folder: string;
}

/** Encodes samples of videos to predict their size, one video at a time. */
export class SizeSampler {
  readonly #parts: SizeSamplerParts;
  readonly #turn = pLimit(1);

  constructor(parts: SizeSamplerParts) {
    this.#parts = parts;
  }

  /** @throws Fault `conflict` when samples say nothing of the video, `node` when this computer failed */
  measure(request: SizeRequest): Promise<SampleFindings> {
    return this.#turn(() => this.#measure(request));
  }

  /** Resolves when all requests have ended. */
  async whenIdle(): Promise<void> {
    await this.#turn(() => undefined);
  }

  async #measure(request: SizeRequest): Promise<SampleFindings> {
    const { signal, source, version, probe, size, settings, priority } = request;
    signal.throwIfAborted();
    const { processes, tools, timelines } = this.#parts;
    const caps = await this.#parts.caps();
    const plan = fitPlan(request.plan, probe, { caps }, settings);
    if (plan.kind === 'skip') throw new Fault('conflict', plan.reason);
    const folder = path.join(this.#parts.folder, String(Date.now()));
    await mkdir(folder, { recursive: true });
    try {
      return await findBySamples(request.withStart(plan), {
        ...{ processes, tools, caps, source, folder },
        timeline: await timelines.read(source, version, probe, signal),
        grant: { probe, size, version, uselessAt: Number.POSITIVE_INFINITY },
        threads: undefined,
        report: () => undefined,
        options: { signal, priority },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
