import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { Foretold, Measuring } from '../../../src-shared/contract/forecast.ts';
import { kindOf } from '../../../src-shared/media/video-kind.ts';
import { type Candidate, nextSample } from '../../../src-shared/plan/forecast/next-sample.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { type ForecastTable, forecastVideo, videoFacts } from '../../db/tables/forecasts.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../../master/context.ts';
import { versionOf } from '../../master/files/file-identity.ts';
import type { TotalForecasts } from '../../master/forecast/total-forecasts.ts';
import type { SizeSampler } from '../../worker/encode/size-sampler.ts';

/** Good enough: the error of the saving as a share of it. */
const GOOD_SHARE = 0.1;
/** Videos that one request samples at the most: each takes about as long as 40 seconds of video. */
const MAX_VIDEOS = 24;
/** Samples never compete with anything: lowest priority for the processor, and for the disk. */
const LOWEST = { nice: 19, ionice: 3 };

export interface SizeSampleParts {
  ctx: MasterContext;
  table: ForecastTable;
  totals: TotalForecasts;
  sampler: SizeSampler;
  /** Name of this computer. */
  computer: string;
}

/** Samples videos on this computer for the forecast. */
export class SizeSamples {
  readonly #parts: SizeSampleParts;
  #running: { abort: AbortController; done: Promise<void>; state: Measuring } | undefined;
  readonly #stopping = new AbortController();

  constructor(parts: SizeSampleParts) {
    this.#parts = parts;
  }

  /** What is being sampled for a library; null while nothing is. */
  get measuring(): Measuring | null {
    return this.#running?.state ?? null;
  }

  /** Samples a few videos in the background. @throws Fault `conflict` while that goes on already, or when nothing waits */
  begin(library?: number): void {
    if (this.#running) throw new Fault('conflict', 'Samples are already being encoded.');
    if (this.#parts.table.awaited(0, 1, library).length === 0)
      throw new Fault('conflict', 'No video waits to be converted, so there is nothing to sample.');
    const abort = new AbortController();
    const running = {
      abort,
      state: { library: library ?? null, done: 0, file: null } as Measuring,
      done: Promise.resolve(),
    };
    this.#running = running;
    const tell = () => this.#parts.ctx.emit('forecast', { measuring: this.measuring });
    const signal = AbortSignal.any([abort.signal, this.#stopping.signal]);
    running.done = this.#sampleMany(library, signal, (state) => {
      running.state = { ...running.state, ...state };
      tell();
    })
      .catch((error) => {
        if (!signal.aborted) this.#parts.ctx.emit('notice', { level: 'warn', text: messageOf(error) });
      })
      .finally(() => {
        this.#running = undefined;
        if (!this.#stopping.signal.aborted) tell();
      });
  }

  /** Ends what {@link begin} began. What was sampled so far is kept. */
  async cancel(): Promise<void> {
    this.#running?.abort.abort(new Error('cancelled'));
    await this.#running?.done;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.#running?.done;
    await this.#parts.sampler.whenIdle();
  }

  async #sampleMany(
    library: number | undefined,
    signal: AbortSignal,
    progress: (state: Partial<Measuring>) => void,
  ): Promise<void> {
    const { ctx, totals } = this.#parts;
    const left = new Map((await this.#candidates(library)).map((candidate) => [candidate.id, candidate]));
    let done = 0;
    while (done < MAX_VIDEOS && !signal.aborted) {
      const { bytes, bytesAfter, bytesError } = await totals.of(library);
      if (done > 0 && bytesError <= GOOD_SHARE * (bytes - bytesAfter)) return;
      const file = nextSample([...left.values()], (kind) => ctx.forecasts.model.learnedOf(kind));
      if (file === undefined) return;
      left.delete(file);
      progress({ file });
      try {
        await this.#sample(file, signal);
        done += 1;
        progress({ done });
      } catch (error) {
        // One that can't be sampled says nothing of the others; a fault of this computer does.
        if (signal.aborted || (error instanceof Fault && error.code === 'node')) throw error;
      }
    }
  }

  /** Videos that were not sampled for what is asked now. */
  async #candidates(library: number | undefined): Promise<Candidate[]> {
    const { ctx, totals } = this.#parts;
    const running = new Set(ctx.jobs.openTasks().map(({ job }) => ctx.jobs.fileOf(job)));
    return (await totals.foretold(library)).flatMap(({ row, foretold }) => {
      if (foretold.known || running.has(row.id)) return [];
      const video = forecastVideo(row);
      return [{ id: row.id, kind: kindOf(video), bytes: foretold.forecast.bytes, size: row.size }];
    });
  }

  /** Samples one video. @throws Fault `conflict` when it would not be converted or can't be sampled */
  async measure(file: number): Promise<Foretold> {
    return this.#sample(file, this.#stopping.signal);
  }

  async #sample(id: number, signal: AbortSignal): Promise<Foretold> {
    const { ctx, table, sampler, computer } = this.#parts;
    const file = ctx.files.get(id);
    if (!file) throw new Fault('missing', `There is no file ${id}.`);
    const name = path.basename(file.path);
    const facts = videoFacts(file);
    if (!file.probe || !facts || file.state === 'done')
      throw new Fault('conflict', `${name} isn't waiting to be converted, so there is nothing to sample.`);
    const settings = withOverrides(ctx.settings(), file.overrides);
    const plan = makePlan(file.probe, settings, ctx.tables());
    if (plan.kind === 'skip') throw new Fault('conflict', `${name} would be skipped: ${plan.reason}`);
    const source = await this.#sourceOf(file);
    const found = await sampler
      .measure({
        ...{ source, plan, settings, signal, priority: LOWEST },
        ...{ version: file.version, size: file.size, probe: file.probe },
        withStart: (fitted) => ctx.forecasts.withStart(fitted, facts),
      })
      .catch((error: unknown) => {
        if (!(error instanceof Fault) || error.code !== 'conflict') throw error;
        throw new Fault('conflict', `Couldn't sample ${name}: ${error.message}`, { cause: error });
      });
    const asked = ctx.forecasts.sampleKeyOf(facts, file.hdr === 'SDR');
    const { crf, quality, size, windows, seconds } = found;
    table.putSample(id, {
      ...{ version: file.version, asked, crf, quality: quality ?? null, windows, seconds, computer },
      ...{ pictures: size.bytes, error: size.error },
    });
    ctx.forecasts.forget();
    const { forecast } = ctx.forecasts.of(file, file.probe, plan) ?? { forecast: { bytes: file.size } };
    return {
      ...{ crf, quality: quality ?? null, samples: windows, seconds },
      ...{ bytes: forecast.bytes, bytesError: Math.round(size.bytes * size.error) },
    };
  }

  /** @throws Fault `conflict` when another version stands there now, `node` when its disk doesn't answer */
  async #sourceOf({ library, path: place, version }: FileRow): Promise<string> {
    const root = this.#parts.ctx.libraries.get(library)?.root ?? '';
    const source = path.join(root, place);
    const stat = await callWithTimeout(root, () => lstat(source, { bigint: true }).catch(() => undefined));
    if (!stat || versionOf(stat) !== version)
      throw new Fault('conflict', `${path.basename(place)} has changed or is gone; scan its library first.`);
    return source;
  }
}
