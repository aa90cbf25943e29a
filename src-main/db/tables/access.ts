import { z } from 'zod';
import type { SessionView, TokenView } from '../../../src-shared/contract/session.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const SessionRow = z
  .object({
    id: z.string(),
    agent: z.string(),
    address: z.string(),
    created: z.number(),
    seen: z.number(),
    expires: z.number(),
  })
  .transform(({ created, seen, expires, ...rest }) => ({
    ...rest,
    createdAt: created,
    seenAt: seen,
    expiresAt: expires,
  }));
const TokenRow = z
  .object({ id: z.number(), name: z.string(), created: z.number(), used: z.number().nullable() })
  .transform(({ created, used, ...rest }) => ({ ...rest, createdAt: created, usedAt: used }));

/** Signed-in browsers, and tokens for scripts; only hashes of their secrets are stored. */
export class AccessTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /** Sessions that have not expired, the latest first. */
  sessions(now: number): SessionView[] {
    return z.array(SessionRow).parse(this.#sql('SELECT * FROM sessions WHERE expires > ? ORDER BY seen DESC').all(now));
  }

  session(hash: string, now: number): SessionView | undefined {
    return SessionRow.optional().parse(
      this.#sql('SELECT * FROM sessions WHERE hash = ? AND expires > ?').get(hash, now),
    );
  }

  /** Adds a session, and drops those that have expired. */
  addSession(hash: string, { id, agent, address, createdAt, expiresAt }: SessionView): void {
    this.#sql('DELETE FROM sessions WHERE expires <= ?').run(createdAt);
    this.#sql(
      'INSERT INTO sessions (hash, id, agent, address, created, seen, expires) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(hash, id, agent, address, createdAt, createdAt, expiresAt);
  }

  touchSession(id: string, seen: number, expires: number): void {
    this.#sql('UPDATE sessions SET seen = ?, expires = ? WHERE id = ?').run(seen, expires, id);
  }

  removeSession(id: string): boolean {
    return this.#sql('DELETE FROM sessions WHERE id = ?').run(id).changes > 0;
  }

  tokens(): TokenView[] {
    return z.array(TokenRow).parse(this.#sql('SELECT id, name, created, used FROM tokens ORDER BY created').all());
  }

  addToken(hash: string, name: string, created: number): number {
    return Number(
      this.#sql('INSERT INTO tokens (hash, name, created) VALUES (?, ?, ?)').run(hash, name, created).lastInsertRowid,
    );
  }

  /** True for a token that is known; notes its use. */
  acceptToken(hash: string, now: number): boolean {
    return this.#sql('UPDATE tokens SET used = ? WHERE hash = ?').run(now, hash).changes > 0;
  }

  removeToken(id: number): boolean {
    return this.#sql('DELETE FROM tokens WHERE id = ?').run(id).changes > 0;
  }
}
