import { z } from 'zod';
import { type FileState, type JobEvent, type JobState, transition } from '../../../src-shared/jobs/job.ts';
import type { QualityReport } from '../../../src-shared/media/quality-target.ts';
import { FIRST_EPOCH } from '../backups.ts';
import type { Db } from '../open.ts';
import { GAIN } from '../queue-order.ts';
import { statements } from '../statements.ts';
import type { FileRow } from './files.ts';
import { JobQueue } from './job-queue.ts';
import { AttemptRow, JobRow, TaskRow } from './job-rows.ts';
import { WastedAttempts } from './wasted-attempts.ts';

/** Facts recorded when an attempt ends. */
export interface AttemptFacts {
  /** Seconds in each stage. */
  stages?: Record<string, number>;
  log?: string;
  /** How alike the pictures of result and source were measured to be. */
  likeness?: { ssim: number; psnr: number };
  /** What came of its quality target; missing where it had none. */
  quality?: QualityReport | undefined;
}

export type { AttemptRow, JobRow, TaskRow };

/** Why a state changes. */
export interface Because {
  code?: string | null;
  reason?: string | null;
}

/** States in which nothing more happens to a job on its own. */
export const ENDED: ReadonlySet<JobState> = new Set(['done', 'skipped', 'failed', 'blocked', 'superseded', 'restored']);

/** States from which a job is queued again on request; any other has had its outcome and remains as history. */
export const REQUEUED: ReadonlySet<JobState> = new Set(['skipped', 'failed', 'blocked']);

/** Attempts of a job that are remembered, but for those that ended in a replacement: the newest. */
const KEPT_ATTEMPTS = 30;

/** The tables of jobs, tasks and attempts; with {@link BulkUpdates} the only place that writes a state. */
export class JobTable {
  readonly tries: WastedAttempts;
  /** The queued jobs in their order. */
  readonly queued: JobQueue;
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;
  readonly #changed: (file: number) => void;

  /** @param changed called with every file whose state changed */
  constructor(db: Db, changed: (file: number) => void) {
    this.tries = new WastedAttempts(db);
    this.queued = new JobQueue(db);
    this.#db = db;
    this.#sql = statements(db);
    this.#changed = changed;
  }

  get(id: number): JobRow | undefined {
    return JobRow.optional().parse(this.#sql('SELECT * FROM jobs WHERE id = ?').get(id));
  }

  task(id: number): TaskRow | undefined {
    return TaskRow.optional().parse(this.#sql('SELECT * FROM tasks WHERE id = ?').get(id));
  }

  taskOf(job: number): TaskRow | undefined {
    return TaskRow.optional().parse(this.#sql('SELECT * FROM tasks WHERE job = ?').get(job));
  }

  /** Tasks that some worker holds or has delivered. */
  openTasks(): TaskRow[] {
    return z.array(TaskRow).parse(this.#sql("SELECT * FROM tasks WHERE state IN ('leased', 'delivered')").all());
  }

  /** Has everybody see a file whose state was changed by {@link BulkUpdates}. */
  tell(file: number): void {
    this.#changed(file);
  }

  /** Ids of a file's current job for the log, if there is one. */
  idsOf(file: number): { job?: number; task?: number; epoch?: number; worker?: string } {
    const sql = `SELECT j.id AS job, t.id AS task, t.epoch, t.worker FROM files f JOIN jobs j ON j.id = f.job
      LEFT JOIN tasks t ON t.job = j.id WHERE f.id = ?`;
    const known = Object.entries(this.#sql(sql).get(file) ?? {}).filter(([, value]) => value !== null);
    return Object.fromEntries(known);
  }

  /** The file that a job converts or converted; undefined when there is no such job. */
  fileOf(job: number): number | undefined {
    return z.number().optional().parse(this.#sql('SELECT file FROM jobs WHERE id = ?').pluck().get(job));
  }

  /** Applies one event to a file and its present job and task, in one transaction. */
  apply(file: number, event: JobEvent, because: Because = {}): void {
    this.#db.transaction(() => {
      const row = z
        .object({ state: z.string(), job: z.number().nullable() })
        .parse(this.#sql('SELECT state, job FROM files WHERE id = ?').get(file));
      const state = transition('file', row.state as FileState, event);
      this.#sql('UPDATE files SET state = @state, code = @code, reason = @reason WHERE id = @file').run({
        state,
        file,
        code: because.code ?? null,
        reason: because.reason ?? null,
      });
      if (row.job !== null) this.#applyToJob(row.job, event);
      // A changed file is another video to its old jobs: they stay as history and no longer follow it.
      if (event === 'change') this.#sql('UPDATE files SET job = NULL WHERE id = ?').run(file);
    })();
    this.#changed(file);
  }

  #applyToJob(id: number, event: JobEvent): void {
    const job = this.get(id);
    if (!job) return;
    const state = transition('job', job.state, event);
    const ended = ENDED.has(state) ? Date.now() : null;
    // Who wanted all computers on it wanted that for this conversion.
    this.#sql(
      'UPDATE jobs SET state = @state, ended = @ended, all_computers = all_computers * (@ended IS NULL) WHERE id = @id',
    ).run({ id, state, ended });
    const task = this.taskOf(id);
    if (!task) return;
    this.#sql('UPDATE tasks SET state = ? WHERE id = ?').run(transition('task', task.state, event), task.id);
  }

  /** Queues a file: creates a job for its current version, or requeues the existing one with fresh attempts. */
  queue(file: FileRow): void {
    this.#db.transaction(() => {
      const last = file.job === null ? undefined : this.get(file.job);
      if (last && last.version === file.version && REQUEUED.has(last.state)) {
        this.#sql(
          `UPDATE jobs SET attempts = 0, gain = (SELECT ${GAIN} FROM files WHERE id = jobs.file) WHERE id = ?`,
        ).run(last.id);
        this.#sql('UPDATE attempts SET refused = NULL WHERE job = ?').run(last.id);
        return this.apply(file.id, 'queue');
      }
      this.#sql('UPDATE files SET job = NULL WHERE id = ?').run(file.id);
      this.apply(file.id, 'queue');
      const { lastInsertRowid } = this.#sql(
        `INSERT INTO jobs (file, library, version, size, mtime, state, gain)
           VALUES (@id, @library, @version, @size, @mtime, 'queued', (SELECT ${GAIN} FROM files WHERE id = @id))`,
      ).run({ id: file.id, library: file.library, version: file.version, size: file.size, mtime: file.mtime });
      this.#sql('UPDATE files SET job = ? WHERE id = ?').run(Number(lastInsertRowid), file.id);
    })();
  }

  /**
   * Leases the job's task to `worker`: raises its epoch, which fences off the previous holder.
   * @param worker with the name and version of its AV1 encoder, if it has reported them
   * @param predicted estimated size of the result, in bytes
   */
  lease(
    job: JobRow,
    worker: { id: string; name: string; encoder?: string | undefined },
    plan: unknown,
    predicted: number | null = null,
  ): TaskRow {
    return this.#db.transaction(() => {
      this.#sql('UPDATE files SET worker = ? WHERE id = ?').run(worker.name, job.file);
      this.#sql(
        `UPDATE jobs SET worker = @worker, predicted = @predicted, (codec, resolution, duration, frame_rate) =
             (SELECT codec, resolution, duration, frame_rate FROM files WHERE files.id = jobs.file) WHERE id = @id`,
      ).run({ id: job.id, worker: worker.name, predicted });
      this.#sql(
        `INSERT OR IGNORE INTO tasks (job, kind, state, epoch)
           VALUES (?, 'whole', 'ready', coalesce((SELECT value FROM facts WHERE key = '${FIRST_EPOCH}'), 0))`,
      ).run(job.id);
      this.apply(job.file, 'lease');
      this.#sql('UPDATE tasks SET epoch = epoch + 1, worker = ? WHERE job = ?').run(worker.id, job.id);
      const task = TaskRow.parse(this.#sql('SELECT * FROM tasks WHERE job = ?').get(job.id));
      this.#sql(
        `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts
           WHERE job = ? AND ended IS NOT NULL AND outcome <> 'done' ORDER BY id DESC LIMIT -1 OFFSET ?)`,
      ).run(job.id, KEPT_ATTEMPTS - 1);
      this.#sql(
        `INSERT INTO attempts (job, epoch, worker, name, encoder, plan, started)
           VALUES (@job, @epoch, @id, @name, @encoder, @plan, @started)`,
      ).run({
        ...{ job: job.id, epoch: task.epoch, id: worker.id, name: worker.name, encoder: worker.encoder ?? null },
        ...{ plan: JSON.stringify(plan), started: Date.now() },
      });
      return task;
    })();
  }

  /** Ends the attempt of an epoch; `counts` burns one of the job's three. Returns how many are burnt. */
  endAttempt(
    job: number,
    epoch: number,
    end: AttemptFacts & { outcome: string; reason?: string; refused?: boolean },
    counts = false,
  ): number {
    const { outcome, reason = null, log = null, stages = {}, likeness = null, quality = null, refused } = end;
    const words = [
      outcome,
      reason,
      log,
      JSON.stringify(stages),
      likeness && JSON.stringify(likeness),
      quality && JSON.stringify(quality),
    ];
    this.#sql(
      `UPDATE attempts SET ended = ?, outcome = ?, reason = ?, log = ?, stages = ?, likeness = ?, quality = ?, refused = ?
         WHERE job = ? AND epoch = ? AND ended IS NULL`,
    ).run(Date.now(), ...words, refused ? 1 : null, job, epoch);
    if (counts) this.#sql('UPDATE jobs SET attempts = attempts + 1 WHERE id = ?').run(job);
    if (stages.encoding) {
      const all = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
      this.#sql('UPDATE jobs SET encode_seconds = ?, work_seconds = ? WHERE id = ?').run(stages.encoding, all, job);
    }
    return z.number().parse(this.#sql('SELECT attempts FROM jobs WHERE id = ?').pluck().get(job));
  }

  /** A failed attempt turns out to be the fault of its worker: it does not count, and a file given up for it waits again. */
  voidAttempt(job: number, epoch: number, reason: string): void {
    this.#db.transaction(() => {
      const { changes } = this.#sql(
        "UPDATE attempts SET outcome = 'node', reason = ?, refused = NULL WHERE job = ? AND epoch = ? AND outcome = 'failed'",
      ).run(reason, job, epoch);
      if (changes === 0) return;
      this.#sql('UPDATE jobs SET attempts = max(0, attempts - 1) WHERE id = ?').run(job);
      const row = this.get(job);
      if (row?.state === 'failed') this.apply(row.file, 'queue');
    })();
  }

  /** Records the outcome of a replacement, which is known only after its attempt has ended: undone, postponed, or done after all. */
  reviseAttempt(job: number, epoch: number, outcome: 'done' | 'undone' | 'blocked', reason: string | null): void {
    this.#sql('UPDATE attempts SET outcome = ?, reason = ? WHERE job = ? AND epoch = ?').run(
      outcome,
      reason,
      job,
      epoch,
    );
  }

  setResult(job: number, size: number): void {
    this.#sql('UPDATE jobs SET result_size = ? WHERE id = ?').run(size, job);
  }

  attempts(file: number): AttemptRow[] {
    return z
      .array(AttemptRow)
      .parse(
        this.#sql(
          'SELECT a.*, a.name AS worker FROM attempts a JOIN jobs j ON j.id = a.job WHERE j.file = ? ORDER BY a.id',
        ).all(file),
      );
  }

  /** How many attempts of a worker ended in a replacement, and how many failed. */
  results(worker: string): { done: number; failed: number } {
    const sql = `SELECT count(*) FILTER (WHERE outcome = 'done') AS done, count(*) FILTER (WHERE outcome = 'failed') AS failed
      FROM attempts WHERE worker = ? AND outcome IN ('done', 'failed')`;
    return z.object({ done: z.number(), failed: z.number() }).parse(this.#sql(sql).get(worker));
  }

  /** The plan that a task was leased with. */
  planOf(job: number, epoch: number): unknown {
    const text = this.#sql('SELECT plan FROM attempts WHERE job = ? AND epoch = ?').pluck().get(job, epoch);
    return JSON.parse(z.string().parse(text));
  }

  /** Bytes before and after, of everything that is done, and of the originals that the vault keeps. */
  totals(): { sourceBytes: number; resultBytes: number; vaultBytes: number } {
    return z.object({ sourceBytes: z.number(), resultBytes: z.number(), vaultBytes: z.number() }).parse(
      this.#sql(
        `SELECT coalesce(sum(size), 0) AS sourceBytes, coalesce(sum(result_size), 0) AS resultBytes,
             (SELECT coalesce(sum(identity ->> 'size'), 0) FROM vault) AS vaultBytes
             FROM jobs WHERE state = 'done'`,
      ).get(),
    );
  }
}
