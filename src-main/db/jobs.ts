import { z } from 'zod';
import { type FileState, type JobEvent, type JobState, type TaskState, transition } from '../../src-shared/job.ts';
import type { FileOrder } from '../../src-shared/settings.ts';
import { FIRST_EPOCH } from './backups.ts';
import type { FileRow, Scope } from './files.ts';
import { within } from './files.ts';
import type { Db } from './open.ts';
import { SORTED } from './orders.ts';
import { statements } from './statements.ts';

const JobRow = z.object({
  id: z.number(),
  file: z.number(),
  library: z.number(),
  version: z.string(),
  size: z.number(),
  mtime: z.number(),
  state: z.string().transform((s) => s as JobState),
  priority: z.number(),
  rank: z.number(),
  attempts: z.number(),
  result_size: z.number().nullable(),
  ended: z.number().nullable(),
});
export type JobRow = z.infer<typeof JobRow>;

const TaskRow = z.object({
  id: z.number(),
  job: z.number(),
  kind: z.string(),
  state: z.string().transform((s) => s as TaskState),
  epoch: z.number(),
  worker: z.string().nullable(),
});
export type TaskRow = z.infer<typeof TaskRow>;

const Likeness = z.object({ ssim: z.number(), psnr: z.number() });

const AttemptRow = z.object({
  /** The name that the worker had. */
  worker: z.string(),
  /** Name and version of its AV1 encoder. */
  encoder: z.string().nullable(),
  started: z.number(),
  ended: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  stages: z.string().transform((text) => z.record(z.string(), z.number()).parse(JSON.parse(text))),
  log: z.string().nullable(),
  likeness: z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : Likeness.parse(JSON.parse(text)))),
});
export type AttemptRow = z.infer<typeof AttemptRow>;

/** What is known of an attempt when it ends. */
export interface AttemptFacts {
  /** Seconds in each stage. */
  stages?: Record<string, number>;
  log?: string;
  /** How alike the pictures of result and source were measured to be. */
  likeness?: { ssim: number; psnr: number };
}

/** Jobs that {@link JobTable.first} passes over. */
export interface LeftOut {
  notTo?: string;
  except?: readonly number[];
  /** Ids of {@link FileTable.needs}. */
  needs?: readonly number[];
}

/** Words that go with a change of state. */
export interface Because {
  code?: string | null;
  reason?: string | null;
}

/** States in which nothing more happens to a job by itself. */
export const ENDED: ReadonlySet<JobState> = new Set(['done', 'skipped', 'failed', 'blocked', 'superseded', 'restored']);

/** Jobs that a new wish takes up again; any other has had its outcome and stays as history. */
export const REQUEUED: ReadonlySet<JobState> = new Set(['skipped', 'failed', 'blocked']);

/** Attempts of a job that are remembered, but for those that ended in a replacement: the newest. */
const KEPT_ATTEMPTS = 30;

/** The tables of jobs, tasks and attempts; with {@link Batches} the only place that writes a state. */
export class JobTable {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;
  readonly #changed: (file: number) => void;

  /** @param changed told of every file whose state changed */
  constructor(db: Db, changed: (file: number) => void) {
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

  /** Has everybody see a file whose state was changed by {@link Batches}. */
  tell(file: number): void {
    this.#changed(file);
  }

  /** What the log tells of a file's present job, as far as there is one. */
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
      // A changed file is another film to its old jobs: they stay as history and no longer follow it.
      if (event === 'change') this.#sql('UPDATE files SET job = NULL WHERE id = ?').run(file);
    })();
    this.#changed(file);
  }

  #applyToJob(id: number, event: JobEvent): void {
    const job = this.get(id);
    if (!job) return;
    const state = transition('job', job.state, event);
    const ended = ENDED.has(state) ? Date.now() : null;
    this.#sql('UPDATE jobs SET state = ?, ended = ? WHERE id = ?').run(state, ended, id);
    const task = this.taskOf(id);
    if (!task) return;
    this.#sql('UPDATE tasks SET state = ? WHERE id = ?').run(transition('task', task.state, event), task.id);
  }

  /** Queues a file: a new job for its present version, or the one it has, taken up again with fresh attempts. */
  queue(file: FileRow): void {
    this.#db.transaction(() => {
      const last = file.job === null ? undefined : this.get(file.job);
      if (last && last.version === file.version && REQUEUED.has(last.state)) {
        this.#sql('UPDATE jobs SET attempts = 0 WHERE id = ?').run(last.id);
        this.#sql('UPDATE attempts SET refused = NULL WHERE job = ?').run(last.id);
        return this.apply(file.id, 'queue');
      }
      this.#sql('UPDATE files SET job = NULL WHERE id = ?').run(file.id);
      this.apply(file.id, 'queue');
      const { lastInsertRowid } = this.#sql(
        `INSERT INTO jobs (file, library, version, size, mtime, state)
           VALUES (@id, @library, @version, @size, @mtime, 'queued')`,
      ).run({ id: file.id, library: file.library, version: file.version, size: file.size, mtime: file.mtime });
      this.#sql('UPDATE files SET job = ? WHERE id = ?').run(Number(lastInsertRowid), file.id);
    })();
  }

  /**
   * Puts queued films in front of another one, or of all: they take over its priority, and among those of that priority
   * what was ahead of it stays ahead.
   * @returns how many were moved
   */
  move(moved: number[], before: number | null, order: FileOrder): number {
    const [column, direction] = SORTED[order];
    const queued = (file: number) =>
      JobRow.optional().parse(this.#sql("SELECT * FROM jobs WHERE file = ? AND state = 'queued'").get(file));
    return this.#db.transaction(() => {
      const jobs = moved.flatMap((file) => (file === before ? [] : (queued(file) ?? [])));
      const head = "SELECT * FROM jobs WHERE state = 'queued' ORDER BY priority DESC, rank DESC LIMIT 1";
      const next = before === null ? JobRow.optional().parse(this.#sql(head).get()) : queued(before);
      if (!next || jobs.length === 0) return 0;
      const { priority, rank } = next;
      if (before !== null) {
        const ahead = direction === 'ASC' ? '<' : '>';
        this.#sql(
          `UPDATE jobs SET rank = rank + @room WHERE state = 'queued' AND priority = @priority AND (rank > @rank
             OR (rank = @rank AND (${column} ${ahead} @key OR (${column} = @key AND id ${ahead} @id))))`,
        ).run({ room: jobs.length + 1, priority, rank, key: next[column], id: next.id });
      }
      for (const [i, { id }] of jobs.entries())
        this.#sql('UPDATE jobs SET priority = ?, rank = ? WHERE id = ?').run(priority, rank + jobs.length - i, id);
      return jobs.length;
    })();
  }

  /**
   * The queued job that comes first in these scopes: highest priority, then what was moved up by hand, then the order; a
   * jump into an index in every library, however long the queue.
   * @param but what is left out: the jobs in `except`, what failed twice in a row or was refused on the worker `notTo`, and
   *   films with these `needs`
   */
  first(scopes: Scope[], order: FileOrder, but: LeftOut = {}): JobRow | undefined {
    const [column, direction] = SORTED[order];
    const heads = scopes.flatMap((scope) => this.#head(scope, column, direction, but) ?? []);
    const sign = direction === 'ASC' ? 1 : -1;
    return heads.sort((a, b) => b.priority - a.priority || b.rank - a.rank || sign * (a[column] - b[column]))[0];
  }

  #head(
    scope: Scope,
    column: 'mtime' | 'size',
    direction: 'ASC' | 'DESC',
    { notTo = '', except = [], needs = [] }: LeftOut,
  ): JobRow | undefined {
    const params = {
      ...{ ...within(scope), notTo, ...(needs.length > 0 && { needs: JSON.stringify(needs) }) },
      ...(except.length > 0 && { except: JSON.stringify(except) }),
    };
    const inside =
      scope.prefix === ''
        ? ''
        : `AND EXISTS (SELECT 1 FROM files WHERE files.id = jobs.file
             AND (path = @prefix OR substr(path, 1, length(@below)) = @below))`;
    const index = column === 'size' ? 'jobs_queued_by_size' : 'jobs_queued_by_mtime';
    const queued = `FROM jobs INDEXED BY ${index} WHERE state = 'queued' AND library = @library ${inside}
      ${needs.length > 0 ? 'AND NOT EXISTS (SELECT 1 FROM files WHERE files.id = jobs.file AND needs IN (SELECT value FROM json_each(@needs)))' : ''}
      ${except.length > 0 ? 'AND id NOT IN (SELECT value FROM json_each(@except))' : ''}
      AND (attempts < 2 OR 2 > (SELECT count(*) FROM (SELECT worker FROM attempts
        WHERE job = jobs.id AND outcome = 'failed' ORDER BY id DESC LIMIT 2) WHERE worker = @notTo))
      AND NOT EXISTS (SELECT 1 FROM attempts
        WHERE job = jobs.id AND (outcome = 'unconfirmed' OR refused = 1) AND worker = @notTo)`;
    const top = this.#sql(`SELECT priority, rank ${queued} ORDER BY priority DESC, rank DESC LIMIT 1`).get(params);
    if (top === undefined) return undefined;
    return JobRow.optional().parse(
      this.#sql(
        `SELECT * ${queued} AND priority = @priority AND rank = @rank ORDER BY ${column} ${direction} LIMIT 1`,
      ).get({ ...params, ...(top as { priority: number; rank: number }) }),
    );
  }

  /**
   * Leases the job's task to `worker`: its epoch rises, so that whoever held it before is fenced off.
   * @param worker with the name and version of its AV1 encoder, where it has told
   * @param predicted bytes that the result will roughly have
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
    const { outcome, reason = null, log = null, stages = {}, likeness = null, refused } = end;
    const words = [outcome, reason, log, JSON.stringify(stages), likeness && JSON.stringify(likeness)];
    this.#sql(
      `UPDATE attempts SET ended = ?, outcome = ?, reason = ?, log = ?, stages = ?, likeness = ?, refused = ?
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
  pardon(job: number, epoch: number, reason: string): void {
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

  /** Workers who said of a job that it is to be left as it is, which nobody has confirmed. */
  unconfirmed(job: number): string[] {
    const sql = "SELECT worker FROM attempts WHERE job = ? AND outcome = 'unconfirmed'";
    return z.array(z.string()).parse(this.#sql(sql).pluck().all(job));
  }

  /** Workers whose results of a job were refused since it was queued. */
  refusedOf(job: number): string[] {
    const sql = 'SELECT DISTINCT worker FROM attempts WHERE job = ? AND refused = 1';
    return z.array(z.string()).parse(this.#sql(sql).pluck().all(job));
  }

  /** What became of a replacement is known only after its attempt had ended: undone, waiting, or done after all. */
  reviseAttempt(job: number, epoch: number, outcome: 'done' | 'undone' | 'blocked', reason: string | null): void {
    this.#sql('UPDATE attempts SET outcome = ?, reason = ? WHERE job = ? AND epoch = ?').run(
      outcome,
      reason,
      job,
      epoch,
    );
  }

  /** How many results of the latest attempt's plan were made for a job and came to nothing when they were put in place. */
  inVain(job: number): number {
    const sql = `SELECT count(*) FROM attempts WHERE job = @job AND outcome = 'undone'
      AND plan = (SELECT plan FROM attempts WHERE job = @job ORDER BY id DESC LIMIT 1)`;
    return z.number().parse(this.#sql(sql).pluck().get({ job }));
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

  /** True when more than `count` jobs are queued in these scopes. */
  hasMoreThan(count: number, scopes: Scope[]): boolean {
    const sql = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND library = ? LIMIT ?)";
    const queued = (library: number) =>
      z.number().parse(
        this.#sql(sql)
          .pluck()
          .get(library, count + 1),
      );
    const libraries = new Set(scopes.map((scope) => scope.library));
    return [...libraries].reduce((n, library) => n + queued(library), 0) > count;
  }

  /** The plan that a task was leased with. */
  planOf(job: number, epoch: number): unknown {
    const text = this.#sql('SELECT plan FROM attempts WHERE job = ? AND epoch = ?').pluck().get(job, epoch);
    return JSON.parse(z.string().parse(text));
  }

  /** Bytes before and after, of everything that is done. */
  totals(): { sourceBytes: number; resultBytes: number } {
    return z.object({ sourceBytes: z.number(), resultBytes: z.number() }).parse(
      this.#sql(
        `SELECT coalesce(sum(size), 0) AS sourceBytes, coalesce(sum(result_size), 0) AS resultBytes
             FROM jobs WHERE state = 'done'`,
      ).get(),
    );
  }
}
