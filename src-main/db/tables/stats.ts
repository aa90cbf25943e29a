import { z } from 'zod';
import type { Stats } from '../../../src-shared/contract/stats-view.ts';
import { Stage } from '../../../src-shared/jobs/lease.ts';
import type { StageSeconds } from '../../../src-shared/jobs/overall-progress.ts';
import { RESOLUTIONS } from '../../../src-shared/media/quality.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

/** Number of latest videos whose speed is used for estimates. */
const LATEST = 50;
/** The same, of all workers together. */
const LATEST_OF_ALL = 1000;
/** Estimates that are compared with what came of them. */
const PREDICTED = 500;
/** Hours are told for so long after the first video, in ms. */
const [HOUR_MS, WEEK_MS] = [3_600_000, 604_800_000];
/** Frames a second of a video that does not say. */
const USUAL_RATE = 24;

/** What the encode time of a video is proportional to: pixels, weighted by the forecast if there is one. */
const EFFORT = `coalesce(effort, width * height * coalesce(frame_rate, ${USUAL_RATE}) * duration)`;
const EFFORT_SPENT = `coalesce(f.effort, f.width * f.height * coalesce(j.frame_rate, ${USUAL_RATE}) * j.duration) AS spent`;
const SAVING = 'count(*) AS films, sum(size) AS sourceBytes, sum(result_size) AS resultBytes';
const DONE = "jobs WHERE state = 'done' AND result_size IS NOT NULL";

const saving = { films: z.number(), sourceBytes: z.number(), resultBytes: z.number() };
const resolution = z.enum(RESOLUTIONS);
const Totals = z.object({ ...saving, encodeSeconds: z.number(), since: z.number().nullable() });
const Day = z.object({ day: z.string(), ...saving });
const Hour = z.object({ hour: z.number(), ...saving });
const Library = z.object({ library: z.number(), root: z.string(), ...saving });
const Codec = z.object({ codec: z.string(), ...saving });
const Resolved = z.object({ resolution, ...saving });
const Worker = z.object({ worker: z.string(), ...saving });
const Speed = z.object({
  worker: z.string(),
  resolution,
  films: z.number(),
  speed: z.number(),
  fps: z.number().nullable(),
});
const Predicted = z
  .object({
    ...{
      file: z.number(),
      path: z.string(),
      predicted: z.number(),
      sampled: z.number().nullable(),
      result: z.number(),
    },
    ...{ target: z.number().nullable(), measured: z.number().nullable() },
  })
  .transform(({ target, measured, ...video }) => ({
    ...video,
    quality: target !== null && measured !== null ? { target, measured } : null,
  }));

/** Sums over the videos that were converted. */
export class StatTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  #all<T extends z.ZodType>(schema: T, sql: string): z.output<T>[] {
    return z.array(schema).parse(this.#sql(sql).all());
  }

  stats(): Stats {
    const totals = `SELECT count(*) AS films, coalesce(sum(size), 0) AS sourceBytes,
      coalesce(sum(result_size), 0) AS resultBytes, coalesce(sum(encode_seconds), 0) AS encodeSeconds, min(ended) AS since
      FROM ${DONE}`;
    const by = (column: string) =>
      `SELECT ${column}, ${SAVING} FROM ${DONE} AND ${column} IS NOT NULL GROUP BY ${column} ORDER BY sum(size - result_size) DESC`;
    const [total] = this.#all(Totals, totals);
    if (!total) throw new Error('a sum has no row');
    return {
      total,
      byDay: this.#all(
        Day,
        `SELECT date(ended / 1000, 'unixepoch', 'localtime') AS day, ${SAVING} FROM ${DONE} GROUP BY day ORDER BY day`,
      ),
      byHour:
        Date.now() - (total.since ?? 0) > WEEK_MS
          ? []
          : this.#all(
              Hour,
              `SELECT ended / ${HOUR_MS} * ${HOUR_MS} AS hour, ${SAVING} FROM ${DONE} GROUP BY hour ORDER BY hour`,
            ),
      byLibrary: this.#all(Library, `SELECT d.*, root FROM (${by('library')}) d JOIN libraries l ON l.id = d.library`),
      byCodec: this.#all(Codec, by('codec')),
      byResolution: this.#all(Resolved, by('resolution')),
      byWorker: this.#all(Worker, by('worker')),
      speed: this.#all(
        Speed,
        `SELECT worker, resolution, count(*) AS films, sum(duration) / sum(encode_seconds) AS speed,
           sum(duration * frame_rate) / sum(CASE WHEN frame_rate IS NOT NULL THEN encode_seconds END) AS fps
           FROM ${DONE} AND encode_seconds > 0 AND duration > 0 AND worker IS NOT NULL AND resolution IS NOT NULL
           GROUP BY worker, resolution ORDER BY worker, resolution`,
      ),
      predicted: this.#all(
        Predicted,
        `SELECT j.file, f.path, j.predicted, j.result_size AS result,
           a.quality ->> '$.samples.predictedBytes' + coalesce(f.others, 0) AS sampled,
           a.quality ->> '$.target.value' AS target, a.quality ->> '$.measured.mean' AS measured
           FROM jobs j JOIN files f ON f.id = j.file LEFT JOIN attempts a ON a.id =
             (SELECT max(id) FROM attempts WHERE job = j.id AND outcome = 'done')
           WHERE j.state = 'done' AND j.predicted IS NOT NULL AND j.result_size IS NOT NULL
           ORDER BY j.ended DESC LIMIT ${PREDICTED}`,
      ),
    };
  }

  /** Effort a second that a worker gets through, everything about a video included; undefined before its first video. */
  throughput(worker: string): number | undefined {
    const sql = `SELECT sum(spent) / sum(seconds) FROM (
      SELECT ${EFFORT_SPENT}, j.work_seconds AS seconds
      FROM jobs j JOIN files f ON f.id = j.file
      WHERE j.ended IS NOT NULL AND j.state = 'done' AND j.worker = ? AND j.work_seconds > 0 AND j.duration > 0
      ORDER BY j.ended DESC LIMIT ${LATEST})`;
    return (this.#sql(sql).pluck().get(worker) as number | undefined) ?? undefined;
  }

  /** The same of every worker that had one of the latest videos. */
  throughputs(): Map<string, number> {
    const sql = `SELECT worker, sum(spent) / sum(seconds) AS speed FROM (
      SELECT j.worker, ${EFFORT_SPENT}, j.work_seconds AS seconds
      FROM jobs j JOIN files f ON f.id = j.file
      WHERE j.ended IS NOT NULL AND j.state = 'done' AND j.work_seconds > 0 AND j.duration > 0
      ORDER BY j.ended DESC LIMIT ${LATEST_OF_ALL})
      WHERE worker IS NOT NULL AND spent > 0 GROUP BY worker`;
    const rows = z.array(z.object({ worker: z.string(), speed: z.number() })).parse(this.#sql(sql).all());
    return new Map(rows.map(({ worker, speed }) => [worker, speed]));
  }

  /** Seconds that each stage took in the latest conversions together. */
  stageSeconds(): StageSeconds {
    const sql = `SELECT s.key AS stage, sum(s.value) AS seconds FROM
      (SELECT stages FROM attempts WHERE outcome = 'done' ORDER BY id DESC LIMIT ${LATEST}) a, json_each(a.stages) s
      GROUP BY s.key`;
    const rows = z.array(z.object({ stage: z.string(), seconds: z.number() })).parse(this.#sql(sql).all());
    return Object.fromEntries(
      rows.filter(({ stage }) => Stage.safeParse(stage).success).map((r) => [r.stage, r.seconds]),
    );
  }

  /** The effort that a video takes; null while too little is known of it. */
  effort(file: number): number | null {
    const found = this.#sql(`SELECT ${EFFORT} FROM files WHERE id = ?`).pluck().get(file);
    return z.number().nullish().parse(found) ?? null;
  }

  /** The effort of everything that waits or runs in these libraries. */
  remaining(libraries: number[]): number {
    const sql = `SELECT coalesce(sum(${EFFORT}), 0) FROM files NOT INDEXED
      WHERE state IN ('queued', 'running') AND missing IS NULL AND library IN (SELECT value FROM json_each(?))`;
    return this.#sql(sql).pluck().get(JSON.stringify(libraries)) as number;
  }

  /** Videos of a library that are left as they are, by reason, each with a sentence about one of them. */
  skipped(library: number): { code: string; count: number; bytes: number; example: string }[] {
    const sql = `SELECT coalesce(code, 'user') AS code, count(*) AS count, sum(size) AS bytes, coalesce(max(reason), '') AS example
      FROM files WHERE state = 'skipped' AND library = ? AND missing IS NULL GROUP BY 1`;
    return z
      .array(z.object({ code: z.string(), count: z.number(), bytes: z.number(), example: z.string() }))
      .parse(this.#sql(sql).all(library));
  }

  /** Videos that failed or wait for the user, by kind of reason, with one of them as an example. */
  failuresByReason(): {
    state: 'failed' | 'blocked';
    code: string | null;
    count: number;
    path: string;
    reason: string | null;
  }[] {
    const sql = `SELECT state, code, count(*) AS count, max(id), path, reason FROM files
      WHERE state IN ('failed', 'blocked') AND missing IS NULL GROUP BY state, code ORDER BY count(*) DESC`;
    return z
      .array(
        z.object({
          state: z.enum(['failed', 'blocked']),
          code: z.string().nullable(),
          count: z.number(),
          path: z.string(),
          reason: z.string().nullable(),
        }),
      )
      .parse(this.#sql(sql).all());
  }
}
