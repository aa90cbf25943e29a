import { z } from 'zod';
import type { LibraryView } from '../../src-shared/contract.ts';
import type { Db } from './open.ts';

const Row = z.object({
  id: z.number(),
  root: z.string(),
  watched: z.number().transform((n) => n === 1),
  paused: z.string().nullable(),
});

/** The table of libraries. */
export class LibraryTable {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): LibraryView[] {
    return z.array(Row).parse(this.#db.prepare('SELECT * FROM libraries ORDER BY root').all());
  }

  get(id: number): LibraryView | undefined {
    return Row.optional().parse(this.#db.prepare('SELECT * FROM libraries WHERE id = ?').get(id));
  }

  insert(root: string, watched: boolean): LibraryView {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO libraries (root, watched) VALUES (?, ?)')
      .run(root, watched ? 1 : 0);
    return { id: Number(lastInsertRowid), root, watched, paused: null };
  }

  setWatched(id: number, watched: boolean): void {
    this.#db.prepare('UPDATE libraries SET watched = ? WHERE id = ?').run(watched ? 1 : 0, id);
  }

  setPaused(id: number, reason: string | null): void {
    this.#db.prepare('UPDATE libraries SET paused = ? WHERE id = ?').run(reason, id);
  }

  remove(id: number): void {
    this.#db.prepare('DELETE FROM libraries WHERE id = ?').run(id);
  }

  /** Gives the files of library `from` to `to`, whose root is a parent: `prefix` is the way between, with a slash. */
  absorb(from: number, to: number, prefix: string): void {
    this.#db.transaction(() => {
      this.#db.prepare('UPDATE files SET library = ?, path = ? || path WHERE library = ?').run(to, prefix, from);
      this.#db.prepare('UPDATE jobs SET library = ? WHERE library = ?').run(to, from);
      this.remove(from);
    })();
  }
}
