import type { z } from 'zod';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

/** What Flotilla has to remember beside settings: one JSON value a key. */
export class KeyValueTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /** Undefined when there is none, or it is not of this form. */
  get<T extends z.ZodType>(key: string, schema: T): z.output<T> | undefined {
    const text = this.#sql('SELECT value FROM facts WHERE key = ?').pluck().get(key);
    return text === undefined ? undefined : schema.safeParse(JSON.parse(String(text))).data;
  }

  /** Remembers `value`; undefined forgets it. */
  set(key: string, value: unknown): void {
    if (value === undefined) this.#sql('DELETE FROM facts WHERE key = ?').run(key);
    else this.#sql('INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)').run(key, JSON.stringify(value));
  }
}
