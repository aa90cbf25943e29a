import { SETTING_INFOS, type SettingKey } from '../../src-shared/settings.ts';
import type { Db } from './open.ts';

/** Settings that the user stored; values are parsed by whoever resolves them. */
export class SettingTable {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): Partial<Record<SettingKey, unknown>> {
    const rows = this.#db.prepare('SELECT key, value FROM settings').all() as { key: string; value: string }[];
    const known = rows.filter((row) => SETTING_INFOS.some((info) => info.key === row.key));
    return Object.fromEntries(known.map((row) => [row.key, JSON.parse(row.value)]));
  }

  /** Stores `value`; null takes a stored one back. */
  set(key: SettingKey, value: unknown): void {
    if (value === null) this.#db.prepare('DELETE FROM settings WHERE key = ?').run(key);
    else this.#db.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)').run(key, JSON.stringify(value));
  }
}
