import { z } from 'zod';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';

const Row = z.object({ library: z.number(), path: z.string().nullable() });

/** How a worker gets at the videos of a library. */
export type StorageRow = z.infer<typeof Row>;

/** The table of what workers reported about the storage that they share with this computer. */
export class StorageTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /** @param path root of the library on the worker; null where its videos are fetched over the network */
  set(worker: string, library: number, path: string | null): void {
    this.#sql('INSERT OR REPLACE INTO worker_storage (worker, library, path) VALUES (?, ?, ?)').run(
      worker,
      library,
      path,
    );
  }

  /** True when a worker reads the videos of a library in place. */
  isShared(worker: string, library: number): boolean {
    return this.of(worker).some((row) => row.library === library && row.path !== null);
  }

  of(worker: string): StorageRow[] {
    const sql = 'SELECT library, path FROM worker_storage WHERE worker = ? ORDER BY library';
    return z.array(Row).parse(this.#sql(sql).all(worker));
  }
}
