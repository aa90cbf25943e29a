import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { lookupCrf, type Tables } from '../../../src-shared/media/quality.ts';
import { XPSNR_TARGETS } from '../../../src-shared/media/quality-target.ts';
import type { VideoFacts } from '../../../src-shared/media/video-kind.ts';
import { copiedBytes } from '../../../src-shared/plan/estimate.ts';
import {
  type Asked,
  ForecastModel,
  type ForecastVideo,
  type VideoForecast,
} from '../../../src-shared/plan/forecast/forecast-model.ts';
import { makePlan, type Plan } from '../../../src-shared/plan/plan.ts';
import type { Settings } from '../../../src-shared/settings/settings.ts';
import type { FileRow, FileTable } from '../../db/tables/files.ts';
import { type Awaited, type ForecastTable, forecastVideo, SampleRow, videoFacts } from '../../db/tables/forecasts.ts';

/** Videos that are looked at before others have their turn, and whose forecasts are stored at once: each commit waits for the disk. */
const BATCH = 200;
/** A forecast that moved by less than this share is left as it is stored: writing takes longer than computing. */
const NEGLIGIBLE = 0.02;
/** Minimum interval between updates of the queue's forecasts, in ms, and the maximum share of the time that they take. */
const [REFRESH_MS, MAX_SHARE] = [5000, 0.005];

/** What forecasts stand on. */
export interface ForecastParts {
  table: ForecastTable;
  files: FileTable;
  settings: () => Settings;
  tables: () => Tables;
  /** True if some computer of the fleet can measure quality. */
  measures: () => boolean;
  /** Called when forecasts of many videos were stored. */
  changed: () => void;
  onDefect: (error: unknown) => void;
}

/** A video with its forecast. */
export interface Foretold {
  video: ForecastVideo;
  forecast: VideoForecast;
  /** Set where it was sampled: how far its size may be wrong, as a share. */
  known: { error: number } | undefined;
}

/** Foretells what conversions will come to, from what earlier ones and samples came to. */
export class Forecasts {
  readonly #parts: ForecastParts;
  #model: ForecastModel | undefined;
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cost = 0;
  #stopped = false;

  constructor(parts: ForecastParts) {
    this.#parts = parts;
  }

  /** The current model. */
  get model(): ForecastModel {
    this.#model ??= new ForecastModel(this.#parts.table.encoded());
    return this.#model;
  }

  /** Recalculates every forecast, since settings or programs may have changed since the last run. */
  start(): void {
    this.forget();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#refreshing;
  }

  /** Called when there's more to learn from or settings have changed: recalculates the forecasts of all waiting videos soon. */
  forget(): void {
    this.#model = undefined;
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.refresh().catch(this.#parts.onDefect);
      },
      Math.max(REFRESH_MS, this.#cost / MAX_SHARE),
    ).unref();
  }

  /** Foretells all videos that wait, and puts them in their order. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const { table, changed } = this.#parts;
    let moved = 0;
    this.#cost = 0;
    for (let after = 0; ; ) {
      if (this.#stopped) return;
      const started = performance.now();
      const rows = table.awaited(after, BATCH);
      table.transaction(() => {
        for (const row of rows) if (this.#store(row)) moved += 1;
      });
      this.#cost += performance.now() - started;
      const last = rows.at(-1);
      if (!last) break;
      after = last.id;
      await nextTurn();
    }
    if (moved > 0) changed();
  }

  /** @returns whether the stored forecast has changed */
  #store(row: Awaited): boolean {
    const { table, files } = this.#parts;
    if (row.others === null) {
      // Analyzed by a Flotilla that did not keep it.
      const probe = files.get(row.id)?.probe;
      row.others = probe ? this.#othersOf(probe) : 0;
      table.setOthers(row.id, row.others);
    }
    const { bytes, effort } = this.foretell(row).forecast;
    const isNear = (value: number, stored: number | null) =>
      stored !== null && Math.abs(value - stored) <= NEGLIGIBLE * Math.abs(stored);
    if (isNear(bytes, row.expected) && isNear(effort, row.effort)) return false;
    table.setForecast(row.id, { expected: bytes, effort });
    return true;
  }

  #othersOf(probe: Probe): number {
    const plan = makePlan(probe, this.#parts.settings(), this.#parts.tables());
    return plan.kind === 'convert' ? copiedBytes(probe, plan) : 0;
  }

  /** Calculates the forecast of a row that {@link ForecastTable.awaited} has read. */
  foretell(row: Awaited): Foretold {
    const sample = row.sample === null ? undefined : SampleRow.parse(JSON.parse(row.sample));
    return this.#foretell(forecastVideo(row), row.hdr === 'SDR', sample);
  }

  /**
   * Calculates the forecast of a conversion by this plan; undefined if the length or size of the video is unknown.
   * @param plan by the current settings
   */
  of(file: FileRow, probe: Probe, plan: Plan): Foretold | undefined {
    const facts = videoFacts(file);
    if (!facts) return undefined;
    const sample = this.#parts.table.sampleOf(file.id, file.version);
    return this.#foretell({ ...facts, others: copiedBytes(probe, plan) }, file.hdr === 'SDR', sample);
  }

  /** Stores the forecast of a video that was just analyzed. */
  note(file: FileRow, probe: Probe, plan: Plan): void {
    const foretold = this.of(file, probe, plan);
    if (!foretold) return;
    const { video, forecast } = foretold;
    this.#parts.table.setOthers(file.id, video.others);
    this.#parts.table.setForecast(file.id, { expected: forecast.bytes, effort: forecast.effort });
  }

  #foretell(video: ForecastVideo, sdr: boolean, sample: SampleRow | undefined): Foretold {
    const asked = this.askedFor(video, sdr);
    const forecast = this.model.of(video, asked);
    if (sample?.asked !== this.#sampleKey(asked)) return { video, forecast, known: undefined };
    const bytes = Math.min(Math.round(sample.pictures + video.others), video.size);
    return { video, forecast: { ...forecast, bytes, crf: sample.crf }, known: { error: sample.error } };
  }

  /** Quality that the settings request for a video. */
  askedFor(video: VideoFacts, sdr: boolean): Asked {
    const { quality, crf, minCrf, maxCrf } = this.#parts.settings();
    const byTable = lookupCrf(this.#parts.tables().quality, video.width, video.height, video.codec);
    if (crf !== null) return { crf };
    if (quality === 'table' || !sdr || !this.#parts.measures()) return { crf: byTable };
    return { crf: byTable, target: { value: XPSNR_TARGETS[quality], minCrf, maxCrf } };
  }

  /** What samples of a video depend on beside its version: those made for something else say nothing about it. */
  sampleKeyOf(video: VideoFacts, sdr: boolean): string {
    return this.#sampleKey(this.askedFor(video, sdr));
  }

  #sampleKey(asked: Asked): string {
    return JSON.stringify({ ...asked, preset: this.#parts.settings().preset });
  }

  /** The plan with the CRF to begin a search at: what earlier videos of its kind needed. */
  withStart(plan: Plan, video: VideoFacts): Plan {
    const streams = plan.streams.map((stream) => {
      if (stream.action !== 'encode' || !stream.target) return stream;
      const start = this.model.crfFor(video, stream.target.value);
      const { minCrf, maxCrf } = stream.target;
      if (start === undefined) return stream;
      return { ...stream, target: { ...stream.target, start: Math.min(Math.max(start, minCrf), maxCrf) } };
    });
    return { ...plan, streams };
  }
}
