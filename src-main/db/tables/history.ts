import { z } from 'zod';
import { HistoryEntry } from '../../../src-shared/contract/history.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';
import { searchCondition } from '../text-search.ts';

/** Older entries make room: years of a busy home, and a few megabytes. */
const MAX_ENTRIES = 10_000;

/** Which entries are wanted. */
interface HistoryPage {
  kind?: HistoryEntry['kind'][] | undefined;
  search?: string | undefined;
  file?: number | undefined;
  before?: number | undefined;
  limit: number;
}

/** What happened when, and who did it. */
export class HistoryTable {
  readonly #sql: ReturnType<typeof statements>;
  readonly #max: number;

  /** @param max - entries that are kept */
  constructor(db: Db, max = MAX_ENTRIES) {
    this.#sql = statements(db);
    this.#max = max;
  }

  /** Adds an entry, and drops the oldest beyond the limit. */
  add({ time, kind, by, text, file }: Omit<HistoryEntry, 'id'>): void {
    const { lastInsertRowid } = this.#sql(
      `INSERT INTO history (time, kind, by, text, file)
         VALUES (?, ?, ?, ?, (SELECT id FROM files WHERE id = ?))`,
    ).run(time, kind, by, text, file);
    this.#sql('DELETE FROM history WHERE id <= ?').run(Number(lastInsertRowid) - this.#max);
  }

  /** Returns a page of entries, the latest first. */
  page({ kind, search, file, before, limit }: HistoryPage): HistoryEntry[] {
    const hits = searchCondition('text', search);
    const conditions = [
      hits.sql,
      kind && 'kind IN (SELECT value FROM json_each(@kinds))',
      file !== undefined && 'file = @file',
      before !== undefined && 'id < @before',
    ].filter(Boolean);
    const sql = `SELECT * FROM history WHERE ${conditions.join(' AND ') || 'TRUE'} ORDER BY id DESC LIMIT @limit`;
    const values = { ...hits.values, kinds: JSON.stringify(kind ?? []), file: file ?? 0, before: before ?? 0, limit };
    return z.array(HistoryEntry).parse(this.#sql(sql).all(values));
  }
}
