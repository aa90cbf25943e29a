import { z } from 'zod';
import { deviceIdOf, Hello } from '../../../src-shared/fleet/protocol.ts';
import { WORKER_DEFAULTS, WorkerMode, WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { nodeFaultReason } from '../../../src-shared/util/errors.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const json = z.string().transform((text) => JSON.parse(text) as unknown);

const Row = z
  .object({
    id: z.string(),
    fingerprint: z.string(),
    name: z.string(),
    mode: WorkerMode,
    settings: json.transform((stored) => ({ ...WORKER_DEFAULTS, ...(stored as object) })).pipe(WorkerSettings),
    // A record of another version may lack fields; the worker sends its data again when it connects.
    hello: json.pipe(Hello).nullable().catch(null),
    added: z.number(),
    seen: z.number().nullable(),
  })
  .transform(({ added, seen, ...row }) => ({ ...row, addedAt: added, seenAt: seen }));

/** Every commit waits for the disk: computers that come together are written together, after this many ms. */
const SAVE_MS = 1000;

/** A worker that this master knows. */
export type WorkerRow = z.infer<typeof Row> & {
  /** The one in this very process. */
  local: boolean;
};

/** The table of workers; held in memory, because every request of a worker looks it up. */
export class WorkerTable {
  readonly #sql: ReturnType<typeof statements>;
  readonly #db: Db;
  readonly #own: string;
  readonly #onDefect: (error: unknown) => void;
  readonly #unsaved = new Set<string>();
  #saving: NodeJS.Timeout | undefined;
  readonly #rows = new Map<string, WorkerRow>();

  /**
   * @param own id of this computer
   * @param onDefect called with an error of a write that no one waits for
   */
  constructor(db: Db, own: string, onDefect: (error: unknown) => void = () => undefined) {
    this.#onDefect = onDefect;
    this.#db = db;
    this.#sql = statements(db);
    this.#own = own;
    for (const { id } of this.#sql('SELECT id FROM workers ORDER BY added').all() as { id: string }[]) this.#read(id);
  }

  #read(id: string): WorkerRow {
    if (this.#unsaved.size > 0) this.save();
    const row = { ...Row.parse(this.#sql('SELECT * FROM workers WHERE id = ?').get(id)), local: id === this.#own };
    this.#rows.set(id, row);
    return row;
  }

  /** All of them, in the order they came. */
  all(): WorkerRow[] {
    return [...this.#rows.values()];
  }

  get(id: string): WorkerRow | undefined {
    return this.#rows.get(id);
  }

  /** The one with this certificate. */
  find(fingerprint: string): WorkerRow | undefined {
    const row = this.#rows.get(deviceIdOf(fingerprint));
    return row?.fingerprint === fingerprint ? row : undefined;
  }

  /** Adds one under its name, or under `name (2)` where another has that. */
  add({ id, fingerprint, name }: { id: string; fingerprint: string; name: string }): WorkerRow {
    const known = this.#rows.get(id);
    if (known) return known;
    this.#sql('INSERT INTO workers (id, fingerprint, name, mode, added) VALUES (?, ?, ?, ?, ?)').run(
      id,
      fingerprint,
      this.#free(name),
      'active',
      Date.now(),
    );
    return this.#read(id);
  }

  #free(name: string): string {
    const taken = new Set(this.all().map((row) => row.name));
    for (let n = 1; ; n += 1) {
      const free = n === 1 ? name : `${name} (${n})`;
      if (!taken.has(free)) return free;
    }
  }

  /** False when another one has that name. */
  rename(id: string, name: string): boolean {
    if (this.all().some((row) => row.name === name && row.id !== id)) return false;
    this.#sql('UPDATE workers SET name = ? WHERE id = ?').run(name, id);
    this.#read(id);
    return true;
  }

  setMode(id: string, mode: WorkerMode): void {
    this.#sql('UPDATE workers SET mode = ? WHERE id = ?').run(mode, id);
    this.#read(id);
  }

  setSettings(id: string, settings: WorkerSettings): void {
    this.#sql('UPDATE workers SET settings = ? WHERE id = ?').run(JSON.stringify(settings), id);
    this.#read(id);
  }

  /** Notes that it is there, and how it introduced itself if it did; on the disk a moment later, those of many at once. */
  seen(id: string, hello?: Hello): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.set(id, { ...row, seenAt: Date.now(), ...(hello && { hello }) });
    this.#unsaved.add(id);
    this.#saving ??= setTimeout(() => this.#saveLater(), SAVE_MS).unref();
  }

  #saveLater(): void {
    try {
      this.save();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  /** Brings what {@link seen} noted to the disk; while that is full, it waits for the next time. */
  save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    try {
      this.#db.transaction(() => {
        for (const id of this.#unsaved) {
          const { seenAt, hello } = this.#rows.get(id) ?? {};
          const text = hello ? JSON.stringify(hello) : null;
          this.#sql('UPDATE workers SET seen = ?, hello = ? WHERE id = ?').run(seenAt ?? null, text, id);
        }
      })();
      this.#unsaved.clear();
    } catch (error) {
      if (!nodeFaultReason(error)) throw error;
    }
  }

  remove(id: string): void {
    this.#sql('DELETE FROM workers WHERE id = ?').run(id);
    this.#rows.delete(id);
  }
}

/** Invitations that have not been used, by the hash of their secret. */
export class InviteTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  add(hash: string, expires: number): void {
    this.#sql('DELETE FROM invites WHERE expires <= ?').run(Date.now());
    this.#sql('INSERT INTO invites (hash, expires) VALUES (?, ?)').run(hash, expires);
  }

  /** Uses one up; false when there is none in force. */
  take(hash: string): boolean {
    return this.#sql('DELETE FROM invites WHERE hash = ? AND expires > ?').run(hash, Date.now()).changes === 1;
  }
}
