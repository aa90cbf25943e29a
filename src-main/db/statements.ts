import type { Statement } from 'better-sqlite3';
import type { Db } from './open.ts';

/** Gives the statement of an SQL text, prepared at its first use and kept: preparing costs more than most statements. */
export function statements(db: Db): (sql: string) => Statement {
  const prepared = new Map<string, Statement>();
  return (sql) => {
    const known = prepared.get(sql);
    if (known) return known;
    const statement = db.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
}
