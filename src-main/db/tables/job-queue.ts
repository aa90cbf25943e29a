import { z } from 'zod';
import type { FileOrder } from '../../../src-shared/settings/settings.ts';
import type { Db } from '../open.ts';
import { SORTED } from '../queue-order.ts';
import { statements } from '../statements.ts';
import { type Scope, within } from './files.ts';
import { JobRow } from './job-rows.ts';

/** Jobs that {@link JobQueue.first} passes over. */
interface LeftOut {
  notTo?: string;
  except?: readonly number[];
  /** Ids of {@link FileTable.needs}. */
  needs?: readonly number[];
}

/** The queued jobs in their order; {@link JobTable} writes their states. */
export class JobQueue {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#db = db;
    this.#sql = statements(db);
  }

  /**
   * Moves queued videos before another one, or to the top: they get its priority, and the videos of that priority that were
   * ahead of it stay ahead.
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

  /** Puts queued videos behind all others, in this order, with the lowest priority in the queue. @returns how many were moved */
  moveToEnd(files: readonly number[]): number {
    return this.#db.transaction(() => {
      const last = "SELECT * FROM jobs WHERE state = 'queued' ORDER BY priority, rank LIMIT 1";
      const tail = JobRow.optional().parse(this.#sql(last).get());
      if (!tail) return 0;
      const put = "UPDATE jobs SET priority = ?, rank = ? WHERE file = ? AND state = 'queued'";
      return files.reduce(
        (moved, file, i) => moved + this.#sql(put).run(tail.priority, tail.rank - 1 - i, file).changes,
        0,
      );
    })();
  }

  /** Returns queued videos that were moved by hand to the order of the queue: these, or all. @returns how many */
  unpin(files?: readonly number[]): number {
    const chosen = files ? 'AND file IN (SELECT value FROM json_each(@files))' : '';
    const sql = `UPDATE jobs SET rank = 0 WHERE state = 'queued' AND rank <> 0 ${chosen}`;
    return this.#sql(sql).run(files ? { files: JSON.stringify(files) } : {}).changes;
  }

  /**
   * Returns the first queued job in these scopes: by priority, then manual position, then the order. One index lookup per
   * library, regardless of the length of the queue.
   * @param but jobs to leave out: those in `except`, those that failed twice in a row or were rejected on the worker `notTo`,
   *   and videos with these `needs`
   */
  first(scopes: Scope[], order: FileOrder, but: LeftOut = {}): JobRow | undefined {
    const [column, direction] = SORTED[order];
    const heads = scopes.flatMap((scope) => this.#head(scope, column, direction, but) ?? []);
    const sign = direction === 'ASC' ? 1 : -1;
    return heads.sort((a, b) => b.priority - a.priority || b.rank - a.rank || sign * (a[column] - b[column]))[0];
  }

  #head(
    scope: Scope,
    column: (typeof SORTED)[FileOrder][0],
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
    const queued = `FROM jobs INDEXED BY jobs_queued_by_${column} WHERE state = 'queued' AND library = @library ${inside}
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
}
