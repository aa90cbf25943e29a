import { z } from 'zod';
import type { LibraryView } from '../../../src-shared/contract/index.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const Row = z.object({
  id: z.number(),
  root: z.string(),
  watched: z.number().transform((n) => n === 1),
  paused: z.string().nullable(),
  held: z.number().transform((n) => n === 1),
  owner: z.string().nullable(),
});

/** The table of libraries. */
export class LibraryTable {
  readonly #db: Db;
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#db = db;
    this.#sql = statements(db);
  }

  /** All of them, one within another after that. */
  all(): LibraryView[] {
    return z.array(Row).parse(this.#sql('SELECT * FROM libraries ORDER BY root').all());
  }

  get(id: number): LibraryView | undefined {
    return Row.optional().parse(this.#sql('SELECT * FROM libraries WHERE id = ?').get(id));
  }

  insert(root: string, watched: boolean, held = false): LibraryView {
    const { lastInsertRowid } = this.#sql('INSERT INTO libraries (root, watched, held) VALUES (?, ?, ?)').run(
      root,
      watched ? 1 : 0,
      held ? 1 : 0,
    );
    return { id: Number(lastInsertRowid), root, watched, paused: null, held, owner: null };
  }

  release(id: number): void {
    this.#sql('UPDATE libraries SET held = 0 WHERE id = ?').run(id);
  }

  setWatched(id: number, watched: boolean): void {
    this.#sql('UPDATE libraries SET watched = ? WHERE id = ?').run(watched ? 1 : 0, id);
  }

  setPaused(id: number, reason: string | null): void {
    this.#sql('UPDATE libraries SET paused = ? WHERE id = ?').run(reason, id);
  }

  setOwner(id: number, owner: string | null): void {
    this.#sql('UPDATE libraries SET owner = ? WHERE id = ?').run(owner, id);
  }

  remove(id: number): void {
    this.#sql('DELETE FROM libraries WHERE id = ?').run(id);
  }

  /** Gives the files of library `from` to `to`, whose root is a parent: `prefix` is the way between, with a slash. */
  absorb(from: number, to: number, prefix: string): void {
    this.#db.transaction(() => {
      this.#sql('UPDATE files SET library = ?, path = ? || path WHERE library = ?').run(to, prefix, from);
      this.#sql('UPDATE jobs SET library = ? WHERE library = ?').run(to, from);
      this.remove(from);
    })();
  }
}
