import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { Fault, nodeFaultReason } from '../../src-shared/errors.ts';
import { estimateSize } from '../../src-shared/estimate.ts';
import type { Grant } from '../../src-shared/lease.ts';
import { makePlan } from '../../src-shared/plan.ts';
import type { FileRow } from '../db/files.ts';
import type { JobRow } from '../db/jobs.ts';
import type { MasterContext } from './context.ts';
import { inodeOf, sameInode, sampledHash, versionOf } from './identity.ts';
import type { Swapper } from './swap.ts';

/** Makes grants, after a last look at the file and at what would keep its replacement from succeeding. */
export class Granter {
  readonly #ctx: MasterContext;
  readonly #swapper: Swapper;

  constructor(ctx: MasterContext, swapper: Swapper) {
    this.#ctx = ctx;
    this.#swapper = swapper;
  }

  /** Leases `job`, unless its file has something against it; then the file is in another state afterwards. */
  async grant(job: JobRow, worker: { id: string; name: string }): Promise<Grant | undefined> {
    const { files, jobs, libraries } = this.#ctx;
    const file = files.get(job.file);
    const library = libraries.get(job.library);
    if (!file || !library) throw new Error(`job ${job.id} has no file`);
    const source = path.join(library.root, file.path);
    if (!file.probe) throw new Error(`file ${file.id} was queued without a probe`);
    const settings = this.#ctx.settings();
    const plan = makePlan(file.probe, settings, this.#ctx.tables());
    try {
      if (!(await this.#unchanged(file, source, library.root))) return undefined;
      if (plan.kind === 'convert') await this.#swapper.check(source, plan.container);
    } catch (error) {
      if (error instanceof Fault && error.code === 'conflict') {
        jobs.apply(file.id, 'block', { code: 'not-replaceable', reason: error.message });
        return undefined;
      }
      const reason = nodeFaultReason(error);
      if (!reason) throw error;
      libraries.setPaused(library.id, `${library.root}: ${reason}`);
      this.#ctx.emit('library', { ...library, paused: `${library.root}: ${reason}` });
      return undefined;
    }
    if (plan.kind === 'skip') {
      jobs.apply(file.id, 'skip', plan);
      return undefined;
    }
    const task = jobs.lease(job, worker, plan, estimateSize(file.probe, plan, file.size));
    return {
      task: task.id,
      epoch: task.epoch,
      job: job.id,
      file: file.id,
      library: library.id,
      path: file.path,
      size: file.size,
      plan,
      probe: file.probe,
      version: file.version,
      uselessAt: Math.ceil(file.size * (1 - settings.minSavings / 100)),
      priority: { nice: settings.niceLevel, ionice: settings.ioniceClass },
      convertDamaged: settings.convertDamaged,
    };
  }

  /** False when the file is no longer what was probed; it is on its way to be looked into again then. */
  async #unchanged(file: FileRow, source: string, root: string): Promise<boolean> {
    const { files, jobs, libraries } = this.#ctx;
    try {
      const stat = await lstat(source, { bigint: true });
      const sameBytes = sameInode(inodeOf(stat), file.inode) || (await sampledHash(source)) === file.hash;
      if (versionOf(stat) === file.version && sameBytes) {
        // FAT and some network shares number a file anew at times; the replacement compares with the number of now.
        if (inodeOf(stat) !== file.inode) files.setPlace(file.id, { path: file.path, inode: inodeOf(stat) });
        if (stat.nlink === 1n || !this.#ctx.settings().skipHardLinked) return true;
        const reason = `The file has ${stat.nlink} hard links, so replacing it would save no space; the others would keep the original.`;
        jobs.apply(file.id, 'skip', { code: 'hard-linked', reason });
        return false;
      }
      const settles = Date.now() + this.#ctx.settings().settleMinutes * 60_000;
      this.#ctx.db.transaction(() => {
        files.setVersion(file.id, {
          path: file.path,
          inode: inodeOf(stat),
          version: versionOf(stat),
          size: Number(stat.size),
          mtime: Number(stat.mtimeMs),
          settles,
        });
        jobs.apply(file.id, 'change');
      })();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      try {
        await lstat(root);
      } catch {
        const library = libraries.get(file.library);
        const reason = `The folder ${root} cannot be read; is its disk or network share connected?`;
        libraries.setPaused(file.library, reason);
        if (library) this.#ctx.emit('library', { ...library, paused: reason });
        return false;
      }
      files.setMissing(file.id, Date.now());
      jobs.apply(file.id, 'change');
    }
    return false;
  }
}
