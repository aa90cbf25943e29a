import { lstat } from 'node:fs/promises';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { sampledHash, versionOf } from '../files/file-identity.ts';
import type { Dispatcher } from '../queue/dispatcher.ts';

/** The video of a lease, as its worker may read it. */
export interface Original {
  /** Of the library, absolute. */
  root: string;
  /** Relative to the root. */
  path: string;
  size: number;
  /** `size:mtime` from the grant. */
  version: string;
}

/** Shows workers the originals that they hold a lease for, in the version that was probed and no other. */
export class SourceFiles {
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;

  constructor(ctx: MasterContext, dispatcher: Dispatcher) {
    this.#ctx = ctx;
    this.#dispatcher = dispatcher;
  }

  /**
   * Where the video of a lease lies, for the worker that converts it and for those that encode a chunk of it. One that changed, or that
   * cannot be read, ends the lease: the next grant finds out what became of it.
   * @throws Fault `fenced` when the lease is lost
   */
  async find(lease: Lease, worker: string): Promise<Original> {
    const isHelper = this.#dispatcher.chunks.isHelper(lease, worker);
    const task = this.#dispatcher.requireHeld(lease, isHelper ? undefined : worker);
    const { jobs, files, libraries } = this.#ctx;
    const job = jobs.get(task.job);
    const file = job && files.get(job.file);
    const library = file && libraries.get(file.library);
    if (!library) throw new Error(`task ${lease.task} has lost its file`);
    const version = file.version;
    if (
      !(await callWithTimeout(library.root, () => isStill(`${library.root}/${file.path}`, file)).catch(() => false))
    ) {
      this.#dispatcher.finish(lease, {
        kind: 'released',
        reason: 'The video was changed or moved while it was downloaded.',
      });
      throw new Fault('fenced', `${file.path} was changed or moved; this attempt has ended.`);
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
