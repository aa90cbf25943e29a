import path from 'node:path';
import Database from 'better-sqlite3';

/** Asks the database of a data folder, also while it is in use. */
export function query<T>(data: string, sql: string): T[] {
  const db = new Database(path.join(data, 'flotilla.db'), { readonly: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}
