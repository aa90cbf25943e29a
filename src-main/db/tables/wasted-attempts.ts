import { z } from 'zod';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const WastedAttempt = z.object({
  job: z.number(),
  /** The name that the worker had. */
  worker: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  /** 1: it was wasted; 2: the process ended during it, too. Null also where a user has requested the video since. */
  vain: z.number().nullable(),
  /** Chunks of the video that were done when it was last heard of, those of earlier attempts included. */
  chunks: z.number().nullable(),
});
/** An attempt that led to nothing yet. */
export type WastedAttempt = z.infer<typeof WastedAttempt>;

/** Remembers attempts that were wasted, doubted, or rejected, so that none is repeated endlessly. */
export class WastedAttempts {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /**
   * Records that an attempt was wasted; it counts until a user requests the video again.
   * @param crashed the process that made it ended during it
   */
  noteWasted(job: number, epoch: number, crashed = false): void {
    this.#sql('UPDATE attempts SET vain = ? WHERE job = ? AND epoch = ?').run(crashed ? 2 : 1, job, epoch);
  }

  /** Records how many chunks of its video are done, which are kept regardless of how the attempt ends. */
  noteChunks(job: number, epoch: number, done: number): void {
    this.#sql('UPDATE attempts SET chunks = ? WHERE job = ? AND epoch = ?').run(done, job, epoch);
  }

  /** Attempts at a video, of all its versions, that ended since it was replaced last; the newest first. */
  sinceDone(file: number): WastedAttempt[] {
    const all = `SELECT a.id, a.job, a.name AS worker, a.outcome, a.reason, a.vain, a.chunks FROM attempts a
      JOIN jobs j ON j.id = a.job WHERE j.file = @file AND a.ended IS NOT NULL`;
    const sql = `SELECT * FROM (${all}) WHERE id > coalesce((SELECT max(id) FROM (${all}) WHERE outcome = 'done'), 0)
      ORDER BY id DESC`;
    return z.array(WastedAttempt).parse(this.#sql(sql).all({ file }));
  }

  /**
   * Notes that the result of an attempt is about to be taken in.
   * @returns how many times that was begun without coming to an end, a crash of this program included
   */
  begin(job: number, epoch: number): number {
    const sql = 'UPDATE attempts SET tries = coalesce(tries, 0) + 1 WHERE job = ? AND epoch = ? RETURNING tries';
    return z.number().parse(this.#sql(sql).pluck().get(job, epoch));
  }

  /** What {@link begin} noted does not count. */
  voidAttempt(job: number, epoch: number): void {
    this.#sql('UPDATE attempts SET tries = max(0, tries - 1) WHERE job = ? AND epoch = ?').run(job, epoch);
  }

  /** Workers that reported a job as one to skip, without confirmation. */
  unconfirmed(job: number): string[] {
    const sql = "SELECT worker FROM attempts WHERE job = ? AND outcome = 'unconfirmed'";
    return z.array(z.string()).parse(this.#sql(sql).pluck().all(job));
  }

  /** Workers whose results of a job were refused since it was queued. */
  refusedOf(job: number): string[] {
    const sql = 'SELECT DISTINCT worker FROM attempts WHERE job = ? AND refused = 1';
    return z.array(z.string()).parse(this.#sql(sql).pluck().all(job));
  }
}
