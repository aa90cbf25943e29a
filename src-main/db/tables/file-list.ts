import { z } from 'zod';
import {
  type FileFilter,
  type FileSort,
  type FileView,
  STATES,
  Tally,
} from '../../../src-shared/contract/file-view.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { FileOrder } from '../../../src-shared/settings/settings.ts';
import type { Db } from '../open.ts';
import { orderBy } from '../queue-order.ts';
import { statements } from '../statements.ts';
import { searchCondition } from '../text-search.ts';
import { fileCondition, KINDS, type Kind } from './file-filter.ts';
import { asView, VIEW } from './files.ts';

const ORDER_BY: Record<FileSort, string[]> = {
  name: ['basename(path) COLLATE NOCASE'],
  path: ['library', 'path'],
  size: ['size'],
  added: ['added'],
  modified: ['mtime'],
  state: ['urgency', 'code'],
  codec: ['codec'],
  resolution: ['width * height'],
  hdr: ['hdr'],
  bitRate: ['bit_rate'],
  frameRate: ['frame_rate'],
  duration: ['duration'],
  audio: ['audio'],
  saved: ['saved'],
  resultSize: ['result_size'],
  expected: ['size - expected'],
  worker: ['worker'],
  priority: ["(SELECT priority FROM jobs WHERE jobs.id = files.job AND jobs.state = 'queued')"],
};

/** Reads the table of files as lists do: filtered, sorted, in part, counted. */
export class FileList {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  page(wanted: { filter: FileFilter; sort: FileSort; descending: boolean; offset: number; limit: number }): FileView[] {
    const { head, test, values } = fileCondition(wanted.filter);
    const columns = ORDER_BY[wanted.sort];
    const [first] = columns;
    const direction = wanted.descending ? 'DESC' : 'ASC';
    // Unknown values come last in both directions. Paths are always known, and in the order of their index.
    const unknown = wanted.sort === 'path' ? [] : [`${first} IS NULL`];
    const order = [...unknown, ...[...columns, 'id'].map((column) => `${column} ${direction}`)].join(', ');
    const ids = this.#sql(`${head} SELECT id FROM files WHERE ${test} ORDER BY ${order} LIMIT @limit OFFSET @offset`)
      .pluck()
      .all({ ...values, limit: wanted.limit, offset: wanted.offset }) as number[];
    return this.views(ids);
  }

  /** Files in the order of their ids here; those that are gone are left out. */
  views(ids: number[]): FileView[] {
    const one = this.#sql(`SELECT ${VIEW} FROM files f WHERE f.id = ?`);
    return ids.flatMap((id) => {
      const row = one.get(id);
      return row ? asView(row) : [];
    });
  }

  /** Ids of all files that pass. */
  ids(filter: FileFilter): number[] {
    const { head, test, values } = fileCondition(filter);
    return this.#sql(`${head} SELECT id FROM files WHERE ${test}`).pluck().all(values) as number[];
  }

  tally(filter: FileFilter): Tally {
    const { head, test, values } = fileCondition(filter, { without: KINDS, summed: true });
    const kinds = KINDS.join(', ');
    const rows = z
      .array(Group)
      .parse(
        this.#sql(
          `${head} SELECT ${kinds}, count(*) AS count, sum(size) AS bytes FROM files WHERE ${test} GROUP BY ${kinds}`,
        ).all(values),
      );
    const passes = (row: z.infer<typeof Group>, except?: Kind) =>
      KINDS.every((kind) => {
        const wanted = filter[kind] as unknown[] | undefined;
        return kind === except || !wanted || wanted.includes(row[kind]);
      });
    const counted = (kind: Kind) => {
      const counts = new Map<string | number, number>();
      for (const row of rows) {
        const value = row[kind];
        if (value !== null && passes(row, kind)) counts.set(value, (counts.get(value) ?? 0) + row.count);
      }
      return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
    };
    const all = rows.filter((row) => passes(row));
    const states = new Map(counted('state').map(({ value, count }) => [value, count]));
    return Tally.parse({
      total: all.reduce((sum, { count }) => sum + count, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      counts: Object.fromEntries(STATES.map((state) => [state, states.get(state) ?? 0])),
      ...Object.fromEntries(KINDS.filter((kind) => kind !== 'state').map((kind) => [kind, counted(kind)])),
    });
  }

  /** How many of these files are in one of the states, and their bytes. */
  count(ids: number[], states: readonly string[]): { count: number; bytes: number } {
    const sql = `SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM files
      WHERE id IN (SELECT value FROM json_each(@ids)) AND state IN (SELECT value FROM json_each(@states))`;
    return z
      .object({ count: z.number(), bytes: z.number() })
      .parse(this.#sql(sql).get({ ids: JSON.stringify(ids), states: JSON.stringify(states) }));
  }

  /** How many of these files are skipped for each reason, the most frequent one first. */
  skippedFor(ids: number[]): { code: SkipCode; count: number }[] {
    const sql = `SELECT code, count(*) AS count FROM files WHERE id IN (SELECT value FROM json_each(?))
      AND state = 'skipped' AND code IS NOT NULL GROUP BY code ORDER BY count(*) DESC`;
    return this.#sql(sql).all(JSON.stringify(ids)) as never;
  }

  /** Videos that wait in these libraries, in the order in which they are given out. */
  queue(
    libraries: number[],
    order: FileOrder,
    { search, ...part }: { search?: string | undefined; offset: number; limit: number },
  ): { total: number; files: { id: number; priority: number; rank: number }[] } {
    const hits = searchCondition('path', search);
    const found = hits.sql && `AND file IN (SELECT id FROM files WHERE ${hits.sql})`;
    const queued = `FROM jobs WHERE state = 'queued' AND library IN (SELECT value FROM json_each(@libraries)) ${found}`;
    const params = { libraries: JSON.stringify(libraries), ...hits.values };
    const sql = `SELECT file AS id, priority, rank ${queued}
      ORDER BY priority DESC, rank DESC, ${orderBy(order)} LIMIT @limit OFFSET @offset`;
    return {
      total: this.#sql(`SELECT count(*) ${queued}`).pluck().get(params) as number,
      files: this.#sql(sql).all({ ...params, ...part }) as never,
    };
  }
}

const Group = z.object({
  state: z.enum(STATES),
  library: z.number(),
  codec: z.string().nullable(),
  resolution: z.string().nullable(),
  hdr: z.string().nullable(),
  worker: z.string().nullable(),
  code: z.string().nullable(),
  count: z.number(),
  bytes: z.number(),
});
