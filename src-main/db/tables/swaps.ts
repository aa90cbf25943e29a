import { z } from 'zod';
import { PurgedEntry } from '../../../src-shared/contract/vault.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';
import { type VaultScope, vaultCondition } from './vault-filter.ts';

/** Distinguishes one version of one file from every other; made by master/files/file-identity.ts. */
export const Identity = z.object({
  /** `device:inode`. */
  inode: z.string(),
  /** `size:mtime`, in bytes and nanoseconds. */
  version: z.string(),
  size: z.number(),
  /** Sampled: see `sampledHash`. */
  hash: z.string(),
});
export type Identity = z.infer<typeof Identity>;

/**
 * How far a replacement has come; each step is written before the files are touched. One that is `waiting` was undone but
 * for its verified result, and is begun again when what kept it back may be gone.
 */
export const SWAP_STEPS = ['staging', 'verified', 'keeping', 'placing', 'removing', 'committing', 'waiting'] as const;
export type SwapStep = (typeof SWAP_STEPS)[number];

/** Everything that finishing or undoing a replacement needs, also after a crash. */
export const Swap = z.object({
  id: z.string(),
  step: z.enum(SWAP_STEPS),
  file: z.number(),
  job: z.number(),
  task: z.number(),
  epoch: z.number(),
  /** Absolute paths: the original, the result's place (often the same), the staged result, the vault's copy. */
  source: z.string(),
  target: z.string(),
  staged: z.string(),
  kept: z.string(),
  /** The library's root; original and result are below it. */
  root: z.string(),
  sourceIdentity: Identity,
  /** Known once the staged result is verified. */
  resultIdentity: Identity.optional(),
  /** How long the original is to be kept; null: permanently. */
  keepDays: z.number().nullable().default(null),
});
export type Swap = z.infer<typeof Swap>;

const VaultRow = z.object({
  id: z.string(),
  file: z.number().nullable(),
  job: z.number().nullable(),
  original: z.string(),
  kept: z.string(),
  result: z.string(),
  identity: z.string().transform((text) => Identity.parse(JSON.parse(text))),
  result_identity: z.string().transform((text) => Identity.parse(JSON.parse(text))),
  replaced: z.number(),
  keep_days: z.number().nullable(),
  /** When it may be purged, in ms of the vault's clock; null: never automatically. */
  due: z.number().nullable(),
});
export type VaultRow = z.infer<typeof VaultRow>;

/** An original that was permanently removed. */
export type Purged = z.infer<typeof PurgedEntry>;

/** The journal of unfinished replacements, and the originals that are kept. */
export class SwapTable {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#db = db;
    this.#sql = statements(db);
  }

  /** Runs `work` in one transaction. */
  transaction(work: () => void): void {
    this.#db.transaction(work)();
  }

  write(swap: Swap): void {
    const { id, step, ...data } = swap;
    this.#sql("INSERT OR REPLACE INTO swaps (id, kind, step, data) VALUES (?, 'replace', ?, ?)").run(
      id,
      step,
      JSON.stringify(data),
    );
  }

  remove(id: string): void {
    this.#sql('DELETE FROM swaps WHERE id = ?').run(id);
  }

  all(): Swap[] {
    const rows = this.#sql("SELECT id, step, data FROM swaps WHERE kind = 'replace'").all() as {
      id: string;
      step: string;
      data: string;
    }[];
    return rows.map((row) => Swap.parse({ id: row.id, step: row.step, ...JSON.parse(row.data) }));
  }

  /** Vault ids whose restoration was begun and not finished. */
  restoring(): string[] {
    return z.array(z.string()).parse(this.#sql("SELECT id FROM swaps WHERE kind = 'restore'").pluck().all());
  }

  beginRestore(id: string): void {
    this.#sql("INSERT OR REPLACE INTO swaps (id, kind, step, data) VALUES (?, 'restore', 'restoring', '{}')").run(id);
  }

  vault(): VaultRow[] {
    return z.array(VaultRow).parse(this.#sql('SELECT * FROM vault ORDER BY replaced').all());
  }

  /** A part of the originals that pass a filter, the latest first; all of them with a limit of -1. */
  vaultPage(scope: VaultScope, { offset, limit }: { offset: number; limit: number }): VaultRow[] {
    const { sql: hits, values } = vaultCondition(scope);
    // Rows are numbered as they come.
    const sql = `SELECT * FROM vault WHERE ${hits} ORDER BY rowid DESC LIMIT @limit OFFSET @offset`;
    return z.array(VaultRow).parse(this.#sql(sql).all({ ...values, offset, limit }));
  }

  /** How many originals pass a filter, and their bytes. */
  vaultTally(scope: VaultScope): { count: number; bytes: number } {
    const { sql: hits, values } = vaultCondition(scope);
    const sql = `SELECT count(*) AS count, coalesce(sum(identity ->> 'size'), 0) AS bytes FROM vault WHERE ${hits}`;
    return z.object({ count: z.number(), bytes: z.number() }).parse(this.#sql(sql).get(values));
  }

  vaultEntry(id: string): VaultRow | undefined {
    return VaultRow.optional().parse(this.#sql('SELECT * FROM vault WHERE id = ?').get(id));
  }

  /** The entry with the original of a file. */
  originalOf(file: number): VaultRow | undefined {
    return VaultRow.optional().parse(
      this.#sql('SELECT * FROM vault WHERE file = ? ORDER BY replaced DESC LIMIT 1').get(file),
    );
  }

  keep(row: VaultRow): void {
    this.#sql(
      `INSERT OR REPLACE INTO vault (id, file, job, original, kept, result, identity, result_identity, replaced, keep_days, due)
         VALUES (@id, (SELECT id FROM files WHERE id = @file), @job, @original, @kept, @result, @identity, @result_identity,
           @replaced, @keep_days, @due)`,
    ).run({ ...row, identity: JSON.stringify(row.identity), result_identity: JSON.stringify(row.result_identity) });
  }

  /** The result was renamed by the user: the entry follows it. */
  followResult(file: number, result: string): void {
    this.#sql('UPDATE vault SET result = ? WHERE file = ?').run(result, file);
  }

  forget(id: string): void {
    this.#sql('DELETE FROM vault WHERE id = ?').run(id);
  }

  /** Forgets an original that was permanently removed, and remembers that it was. */
  purge({ id, original, result, identity, replaced }: VaultRow, by: Purged['by']): Purged {
    const entry: Purged = { id, original, result, size: identity.size, replaced, purged: Date.now(), by };
    this.#db.transaction(() => {
      this.forget(id);
      this.#sql('INSERT OR REPLACE INTO purged VALUES (@id, @original, @result, @size, @replaced, @purged, @by)').run(
        entry,
      );
    })();
    return entry;
  }

  /** A part of the originals that were permanently removed, the latest first. */
  purged({ offset, limit }: { offset: number; limit: number }): Purged[] {
    return z
      .array(PurgedEntry)
      .parse(this.#sql('SELECT * FROM purged ORDER BY purged DESC, rowid DESC LIMIT ? OFFSET ?').all(limit, offset));
  }

  /** The replacement of a job that waits with its verified result, if there is one. */
  waitingFor(job: number): Swap | undefined {
    return this.all().find((swap) => swap.job === job && swap.step === 'waiting');
  }
}
