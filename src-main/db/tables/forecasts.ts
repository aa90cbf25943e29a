import { z } from 'zod';
import { QualityReport } from '../../../src-shared/media/quality-target.ts';
import type { VideoFacts } from '../../../src-shared/media/video-kind.ts';
import type { Encoded, ForecastVideo } from '../../../src-shared/plan/forecast/forecast-model.ts';
import { scoreOf } from '../../../src-shared/plan/quality/crf-search.ts';
import type { Db } from '../open.ts';
import { GAIN } from '../queue-order.ts';
import { statements } from '../statements.ts';
import type { FileRow } from './files.ts';

/** Conversions that a forecast learns from: the newest, as encoders, settings, and libraries change. */
const LATEST = 2000;

const video = {
  codec: z.string(),
  width: z.number(),
  height: z.number(),
  frame_rate: z.number().nullable(),
  duration: z.number(),
  size: z.number(),
};
const VIDEO = 'f.codec, f.width, f.height, f.frame_rate, f.duration';
const COMPLETE = 'f.codec IS NOT NULL AND f.width > 0 AND f.height > 0 AND f.duration > 0';

const Converted = z.object({
  ...video,
  others: z.number().nullable(),
  result_size: z.number().nullable(),
  seconds: z.number().nullable(),
  computer: z.string().nullable(),
  crf: z.number().nullable(),
  quality: z.string().nullable(),
});

/** What samples of a video foretold. */
export const SampleRow = z.object({
  /** The version of the file. */
  version: z.string(),
  /** Requested quality and preset: samples for others say nothing about the video itself, only about its kind. */
  asked: z.string(),
  crf: z.number(),
  /** dB; null where it was not measured. */
  quality: z.number().nullable(),
  /** Bytes, and how far they may be wrong as a share of them: two standard errors. */
  pictures: z.number(),
  error: z.number(),
  windows: z.number(),
  /** That an encode of the whole takes on that computer. */
  seconds: z.number(),
  computer: z.string(),
});
export type SampleRow = z.infer<typeof SampleRow>;

const SAMPLE = ['version', 'asked', 'crf', 'quality', 'pictures', 'error', 'windows', 'seconds', 'computer'];
const Sampled = z.object({ ...video, others: z.number().nullable(), ...SampleRow.shape });

/** A video that a forecast is made for. */
const Awaited = z.object({
  ...video,
  id: z.number(),
  library: z.number(),
  version: z.string(),
  hdr: z.string().nullable(),
  others: z.number().nullable(),
  expected: z.number().nullable(),
  effort: z.number().nullable(),
  /** JSON of a {@link SampleRow}. */
  sample: z.string().nullable(),
});
export type Awaited = z.infer<typeof Awaited>;

/** A row as a forecast sees it. */
export function forecastVideo(row: z.infer<z.ZodObject<typeof video>> & { others: number | null }): ForecastVideo {
  const { codec, width, height, frame_rate: frameRate, duration, size, others } = row;
  return { codec, width, height, frameRate, duration, size, others: others ?? 0 };
}

/** Facts about a video that a forecast uses; undefined before it was analyzed. */
export function videoFacts(file: FileRow): VideoFacts | undefined {
  const { codec, width, height, frame_rate: frameRate, duration, size } = file;
  if (codec === null || width === null || height === null || duration === null) return undefined;
  return { codec, width, height, frameRate, duration, size };
}

/** Observations for forecasts, and the forecast of each video. */
export class ForecastTable {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#db = db;
    this.#sql = statements(db);
  }

  /** Runs `work` in one transaction. */
  transaction(work: () => void): void {
    this.#db.transaction(work)();
  }

  /** What conversions needed, what samples foretold, and videos that were left because their samples promised too little. */
  encoded(): Encoded[] {
    const converted = `SELECT ${VIDEO}, f.others, j.size, CASE WHEN j.state = 'done' THEN j.result_size END AS result_size,
        j.work_seconds AS seconds, j.worker AS computer, a.quality,
        (SELECT value ->> 'crf' FROM json_each(a.plan, '$.streams') WHERE value ->> 'action' = 'encode' LIMIT 1) AS crf
      FROM (SELECT id, job, plan, quality FROM attempts WHERE outcome = 'done' OR (outcome = 'skip' AND quality IS NOT NULL)
        ORDER BY id DESC LIMIT ${LATEST}) a
      JOIN jobs j ON j.id = a.job JOIN files f ON f.job = j.id WHERE ${COMPLETE}`;
    const sampled = `SELECT ${VIDEO}, f.others, f.size, ${SAMPLE.map((name) => `s.${name}`).join(', ')}
      FROM samples s JOIN files f ON f.id = s.file
      WHERE f.state <> 'done' AND s.version = f.version AND ${COMPLETE} ORDER BY s.made DESC LIMIT ${LATEST}`;
    return [
      ...z.array(Converted).parse(this.#sql(converted).all()).flatMap(learnFrom),
      ...z.array(Sampled).parse(this.#sql(sampled).all()).map(learnFromSample),
    ];
  }

  /** Videos that are to be converted, in the order of their ids, from the one after `after` on. */
  awaited(after: number, limit: number, library?: number): Awaited[] {
    const sample = SAMPLE.map((name) => `'${name}', s.${name}`).join(', ');
    const sql = `SELECT f.id, f.library, f.version, f.hdr, f.size, ${VIDEO}, f.others, f.expected, f.effort,
        CASE WHEN s.file IS NOT NULL THEN json_object(${sample}) END AS sample
      FROM files f LEFT JOIN samples s ON s.file = f.id AND s.version = f.version
      WHERE f.id > @after AND f.state IN ('queued', 'running', 'failed', 'blocked') AND f.missing IS NULL AND ${COMPLETE}
        ${library === undefined ? '' : 'AND f.library = @library'} ORDER BY f.id LIMIT @limit`;
    const params = { after, limit, ...(library !== undefined && { library }) };
    return z.array(Awaited).parse(this.#sql(sql).all(params));
  }

  sampleOf(file: number, version: string): SampleRow | undefined {
    const sql = `SELECT ${SAMPLE.join(', ')} FROM samples WHERE file = ? AND version = ?`;
    return SampleRow.optional().parse(this.#sql(sql).get(file, version));
  }

  putSample(file: number, sample: SampleRow): void {
    this.#sql(
      `INSERT OR REPLACE INTO samples (file, ${SAMPLE.join(', ')}, made)
         VALUES (@file, ${SAMPLE.map((name) => `@${name}`).join(', ')}, @made)`,
    ).run({ ...sample, file, made: Date.now() });
  }

  /** Pixels a second that a computer encoded samples at; undefined before the first. */
  sampledSpeed(computer: string): number | undefined {
    const sql = `SELECT sum(f.width * f.height * coalesce(f.frame_rate, 24) * f.duration) / sum(s.seconds)
      FROM samples s JOIN files f ON f.id = s.file WHERE s.computer = ? AND s.seconds > 0 AND ${COMPLETE}`;
    return (this.#sql(sql).pluck().get(computer) as number | null | undefined) ?? undefined;
  }

  setOthers(file: number, others: number): void {
    this.#sql('UPDATE files SET others = ? WHERE id = ?').run(Math.round(others), file);
  }

  /** Stores the forecast of a video, which also decides its place in the queue. */
  setForecast(file: number, { expected, effort }: { expected: number; effort: number }): void {
    this.#sql('UPDATE files SET expected = ?, effort = ? WHERE id = ?').run(expected, effort, file);
    const gain = `UPDATE jobs SET gain = (SELECT ${GAIN} FROM files WHERE id = jobs.file)
      WHERE file = ? AND state = 'queued'`;
    this.#sql(gain).run(file);
  }
}

/** Observation from a conversion; none if it's unknown how its pictures were encoded. */
function learnFrom(row: z.infer<typeof Converted>): Encoded[] {
  const report = row.quality === null ? undefined : QualityReport.parse(JSON.parse(row.quality));
  const crf = report?.crf ?? row.crf;
  if (crf === null) return [];
  const known = row.result_size === null ? undefined : Math.max(0, row.result_size - (row.others ?? 0));
  const { seconds, computer } = row;
  return [
    {
      video: forecastVideo(row),
      crf,
      quality: report?.measured ? scoreOf(report.measured) : report?.samples?.expected,
      pictures: known ?? report?.samples?.predictedBytes,
      time: seconds !== null && computer !== null ? { seconds, computer } : undefined,
    },
  ];
}

function learnFromSample({ crf, quality, pictures, ...row }: z.infer<typeof Sampled>): Encoded {
  return { video: forecastVideo(row), crf, quality: quality ?? undefined, pictures };
}
