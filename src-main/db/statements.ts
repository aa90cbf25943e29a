import type { Statement } from 'better-sqlite3';
import type { Db } from './open.ts';

/** Statements that are kept: more than a table has of its own, and fewer than lists can be filtered and sorted in ways. */
const MAX_KEPT = 200;

/**
 * Gives the statement of an SQL text, prepared at its first use and kept: preparing costs more than most statements. Those that
 * were not used for longest make room.
 */
export function statements(db: Db): (sql: string) => Statement {
  const prepared = new Map<string, Statement>();
  return (sql) => {
    const statement = prepared.get(sql) ?? db.prepare(sql);
    prepared.delete(sql);
    prepared.set(sql, statement);
    if (prepared.size > MAX_KEPT) {
      const [oldest = sql] = prepared.keys();
      prepared.delete(oldest);
    }
    return statement;
  };
}
