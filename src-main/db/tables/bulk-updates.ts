import { z } from 'zod';
import type { FileState, JobEvent, JobState, TaskState } from '../../../src-shared/jobs/job.ts';
import { transition } from '../../../src-shared/jobs/job.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { Db } from '../open.ts';
import { GAIN } from '../queue-order.ts';
import { statements } from '../statements.ts';
import { type Because, ENDED, REQUEUED } from './jobs.ts';

/** SQL for "one of the files @ids", and for the jobs that those have now. */
const CHOSEN = 'id IN (SELECT value FROM json_each(@ids))';
const THEIR_JOBS = `SELECT job FROM files WHERE ${CHOSEN} AND job IS NOT NULL`;

const Standing = z.object({ id: z.number(), known: z.number(), again: z.number() });

/** What {@link JobTable} does to one file, done to thousands with a few statements. It sends no events; that is up to the caller. */
export class BulkUpdates {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#db = db;
    this.#sql = statements(db);
  }

  /** Those of the files that are in one of the states, each once. */
  inStates(files: readonly number[], states: readonly FileState[]): { id: number; state: FileState }[] {
    const sql = `SELECT id, state FROM files WHERE ${CHOSEN} AND state IN (SELECT value FROM json_each(@states))`;
    return this.#sql(sql).all({ ids: JSON.stringify(files), states: JSON.stringify(states) }) as never;
  }

  /**
   * Applies one event to files and their present jobs and tasks, in one transaction.
   * @throws Error when the event cannot happen to one of them; nothing is changed then
   */
  apply(files: readonly number[], event: JobEvent, { code = null, reason = null }: Because = {}): void {
    const ids = JSON.stringify(files);
    this.#db.transaction(() => {
      const next = this.#next<FileState>('file', `files WHERE ${CHOSEN}`, ids, event);
      this.#sql(
        `UPDATE files SET state = json_extract(@next, '$.' || state), code = @code, reason = @reason WHERE ${CHOSEN}`,
      ).run({ ids, next, code, reason });
      const jobs = this.#next<JobState>('job', `jobs WHERE id IN (${THEIR_JOBS})`, ids, event);
      const ended = JSON.stringify([...ENDED]);
      const ends = "json_extract(@next, '$.' || state) IN (SELECT value FROM json_each(@ended))";
      this.#sql(
        `UPDATE jobs SET state = json_extract(@next, '$.' || state), ended = CASE WHEN ${ends} THEN @now END,
           all_computers = all_computers * NOT (${ends}) WHERE id IN (${THEIR_JOBS})`,
      ).run({ ids, next: jobs, ended, now: Date.now() });
      const tasks = this.#next<TaskState>('task', `tasks WHERE job IN (${THEIR_JOBS})`, ids, event);
      this.#sql(`UPDATE tasks SET state = json_extract(@next, '$.' || state) WHERE job IN (${THEIR_JOBS})`).run({
        ids,
        next: tasks,
      });
      if (event === 'change') this.#sql(`UPDATE files SET job = NULL WHERE ${CHOSEN}`).run({ ids });
    })();
  }

  /** The state that follows each of the present ones, as JSON. */
  #next<S extends string>(kind: 'file' | 'job' | 'task', rows: string, ids: string, event: JobEvent): string {
    const states = this.#sql(`SELECT DISTINCT state FROM ${rows}`).pluck().all({ ids }) as S[];
    return JSON.stringify(Object.fromEntries(states.map((state) => [state, transition(kind, state as never, event)])));
  }

  /** Queues files as their user wishes, else as {@link JobTable.queue} does; those that were never analyzed become `found` for that. */
  queue(files: readonly number[]): void {
    this.#db.transaction(() => {
      const wished = 'SELECT id FROM jobs WHERE file IN (SELECT value FROM json_each(@ids))';
      this.#sql(`UPDATE attempts SET vain = NULL WHERE vain IS NOT NULL AND job IN (${wished})`).run({
        ids: JSON.stringify(files),
      });
      const rows = z.array(Standing).parse(
        this.#sql(
          `SELECT f.id, EXISTS (SELECT 1 FROM probes WHERE file = f.id) AS known,
             coalesce(j.version = f.version AND j.state IN (SELECT value FROM json_each(@states)), 0) AS again
             FROM files f LEFT JOIN jobs j ON j.id = f.job WHERE f.id IN (SELECT value FROM json_each(@ids))`,
        ).all({ ids: JSON.stringify(files), states: JSON.stringify([...REQUEUED]) }),
      );
      const those = (pass: (row: z.infer<typeof Standing>) => unknown) => rows.filter(pass).map(({ id }) => id);
      this.apply(
        those(({ known }) => !known),
        'change',
      );
      this.#queueAgain(those(({ known, again }) => known && again));
      this.#requeue(those(({ known, again }) => known && !again));
    })();
  }

  #queueAgain(files: number[]): void {
    const ids = JSON.stringify(files);
    const gain = `gain = (SELECT ${GAIN} FROM files WHERE id = jobs.file)`;
    this.#sql(`UPDATE jobs SET attempts = 0, ${gain} WHERE id IN (${THEIR_JOBS})`).run({ ids });
    this.#sql(`UPDATE attempts SET refused = NULL WHERE job IN (${THEIR_JOBS})`).run({ ids });
    this.apply(files, 'queue');
  }

  #requeue(files: number[]): void {
    const ids = JSON.stringify(files);
    this.#sql(`UPDATE files SET job = NULL WHERE ${CHOSEN}`).run({ ids });
    this.apply(files, 'queue');
    this.#sql(
      `INSERT INTO jobs (file, library, version, size, mtime, state, gain)
         SELECT id, library, version, size, mtime, 'queued', ${GAIN} FROM files WHERE ${CHOSEN}`,
    ).run({ ids });
    this.#sql(`UPDATE files SET job = (SELECT max(jobs.id) FROM jobs WHERE jobs.file = files.id) WHERE ${CHOSEN}`).run({
      ids,
    });
  }

  /** Has a file converted despite these skip codes, until it changes. */
  setOverrides(file: number, overrides: readonly SkipCode[]): void {
    this.#sql('UPDATE files SET overrides = @codes WHERE id = @file').run({ file, codes: JSON.stringify(overrides) });
  }

  setPriority(files: readonly number[], priority: number): void {
    this.#sql(
      `UPDATE jobs SET priority = @priority, rank = 0
         WHERE state = 'queued' AND file IN (SELECT value FROM json_each(@ids))`,
    ).run({ ids: JSON.stringify(files), priority });
  }

  /** Has all computers work on queued or running files before they begin others, or no longer. */
  setAllComputers(files: readonly number[], on: boolean): void {
    this.#sql(
      `UPDATE jobs SET all_computers = @on WHERE state NOT IN (SELECT value FROM json_each(@ended))
         AND id IN (${THEIR_JOBS})`,
    ).run({ ids: JSON.stringify(files), on: on ? 1 : 0, ended: JSON.stringify([...ENDED]) });
  }

  remove(files: readonly number[]): void {
    this.#sql(`DELETE FROM files WHERE ${CHOSEN}`).run({ ids: JSON.stringify(files) });
  }
}
