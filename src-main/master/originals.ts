import { lstat } from 'node:fs/promises';
import { Fault } from '../../src-shared/errors.ts';
import type { Lease } from '../../src-shared/lease.ts';
import type { FileRow } from '../db/files.ts';
import type { MasterContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import { sampledHash, versionOf } from './identity.ts';

/** The film of a lease, as its worker may read it. */
export interface Original {
  /** Of the library, absolute. */
  root: string;
  /** Relative to the root. */
  path: string;
  size: number;
  /** `size:mtime`, as the grant told it. */
  version: string;
}

/** Shows workers the originals that they hold a lease for, in the version that was probed and no other. */
export class Originals {
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;

  constructor(ctx: MasterContext, dispatcher: Dispatcher) {
    this.#ctx = ctx;
    this.#dispatcher = dispatcher;
  }

  /**
   * Where the film of a lease lies. One that changed, or that cannot be read, ends the lease: the next grant finds out what
   * became of it.
   * @throws Fault `fenced` when the lease is lost
   */
  async find(lease: Lease, worker: string): Promise<Original> {
    const task = this.#dispatcher.claim(lease, worker);
    const { jobs, files, libraries } = this.#ctx;
    const job = jobs.get(task.job);
    const file = job && files.get(job.file);
    const library = file && libraries.get(file.library);
    if (!library) throw new Error(`task ${lease.task} has lost its file`);
    const version = file.version;
    if (!(await isStill(`${library.root}/${file.path}`, file))) {
      this.#dispatcher.finish(lease, {
        kind: 'released',
        reason: 'The film was changed or moved while it was fetched.',
      });
      throw new Fault('fenced', `${file.path} was changed or moved meanwhile; this attempt has ended.`);
    }
    return { root: library.root, path: file.path, size: file.size, version };
  }
}

/** True while the same content is there; other times alone are no change. */
async function isStill(place: string, file: FileRow): Promise<boolean> {
  try {
    const stat = await lstat(place, { bigint: true });
    if (!stat.isFile() || Number(stat.size) !== file.size) return false;
    return versionOf(stat) === file.version || (await sampledHash(place)) === file.hash;
  } catch {
    return false;
  }
}
