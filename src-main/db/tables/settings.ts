import { SETTING_INFOS, type SettingKey } from '../../../src-shared/settings/settings.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

/** Settings that the user stored; values are parsed where they are resolved. */
export class SettingTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  all(): Partial<Record<SettingKey, unknown>> {
    const rows = this.#sql('SELECT key, value FROM settings').all() as { key: string; value: string }[];
    const known = rows.filter((row) => SETTING_INFOS.some((info) => info.key === row.key));
    return Object.fromEntries(known.map((row) => [row.key, JSON.parse(row.value)]));
  }

  /** Stores `value`; null takes a stored one back. */
  set(key: SettingKey, value: unknown): void {
    if (value === null) this.#sql('DELETE FROM settings WHERE key = ?').run(key);
    else this.#sql('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)').run(key, JSON.stringify(value));
  }
}
