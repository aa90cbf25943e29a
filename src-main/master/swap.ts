import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../src-shared/container.ts';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import type { FileTable } from '../db/files.ts';
import type { AttemptFacts, Because, JobTable } from '../db/jobs.ts';
import type { Identity, Swap, SwapStep, SwapTable, VaultRow } from '../db/swaps.ts';
import { faultPoint } from '../fault.ts';
import { carryOver, exists, moveFile, placeNew, remove, removeUnproven, syncFile, syncFolder } from './durable.ts';
import { identify, sameContent, sameInode, sameVersion } from './identity.ts';
import { targetOf } from './replaceable.ts';
import { keptPath, removeEmptyVault, removeKept, stagedPath, vaultFor, writeManifest } from './vault-folder.ts';

/** The original is no longer the file that was probed. */
class SourceChanged extends Error {}
/** The staged result is gone or is not what was verified. */
class ResultLost extends Error {}

/** What the replacement of one file starts from. */
export interface SwapRequest {
  file: number;
  job: number;
  task: number;
  epoch: number;
  root: string;
  source: string;
  sourceIdentity: Identity;
  container: Container;
  /** Days that the original is kept; null for ever. */
  keepDays: number | null;
}

/**
 * Puts verified results in the place of originals, so that at every instant a complete original or a complete verified
 * result stands at a path that the journal knows. Every step is written before it is done, and each can be done twice:
 * finishing after a crash is the same code as finishing at once.
 */
export class Swapper {
  readonly #swaps: SwapTable;
  readonly #jobs: JobTable;
  readonly #files: FileTable;

  constructor(tables: { swaps: SwapTable; jobs: JobTable; files: FileTable }) {
    this.#swaps = tables.swaps;
    this.#jobs = tables.jobs;
    this.#files = tables.files;
  }

  /** Opens the journal and brings the result beside the original under a name that is no film's, its bytes on the disk. */
  async stage(request: SwapRequest, result: string): Promise<Swap> {
    const { keepDays, container, ...rest } = request;
    const id = randomUUID();
    const swap: Swap = {
      id,
      step: 'staging',
      ...rest,
      target: targetOf(request.source, container),
      staged: stagedPath(request.source, id),
      kept: keptPath(await vaultFor(request.root, request.source), id),
      keepUntil: keepDays === null ? null : Date.now() + keepDays * 86_400_000,
    };
    this.#swaps.write(swap);
    faultPoint('staging');
    try {
      await moveFile(result, swap.staged);
      await syncFile(swap.staged);
    } catch (error) {
      await this.discard(swap);
      throw error;
    }
    faultPoint('staged');
    return swap;
  }

  /** Drops a staged result that will not replace anything. */
  async discard(swap: Swap): Promise<void> {
    await remove(swap.staged);
    await removeEmptyVault(swap.kept);
    this.#swaps.remove(swap.id);
  }

  /**
   * Replaces the original by the verified staged result.
   * @throws Fault `conflict` when the original changed or the target's name is taken; everything is as before then
   * @throws Fault `fenced` when the task's epoch is no longer the one of the swap
   */
  async replace(swap: Swap, attempt: AttemptFacts): Promise<void> {
    let verified: Swap;
    try {
      verified = await this.#markVerified(swap, attempt);
    } catch (error) {
      await this.discard(swap);
      throw error;
    }
    faultPoint('verified');
    await this.#finishOrUndo(verified);
  }

  /** From here on a crash ends in finishing: one compare-and-set on the task's state and epoch. */
  async #markVerified(swap: Swap, attempt: AttemptFacts): Promise<Swap> {
    // One that has gone is found out when it is to be kept, once the task is known to be ours.
    if (await exists(swap.source)) await carryOver(swap.source, swap.staged);
    const resultIdentity = await identify(swap.staged);
    if (!resultIdentity) throw new ResultLost(`${swap.staged} has vanished`);
    const verified: Swap = { ...swap, step: 'verified', resultIdentity };
    this.#swaps.transaction(() => {
      const task = this.#jobs.task(swap.task);
      if (task?.epoch !== swap.epoch || task.state !== 'delivered') {
        throw new Fault('fenced', 'The task was given to another worker meanwhile.');
      }
      this.#jobs.apply(swap.file, 'swap');
      this.#jobs.endAttempt(swap.job, swap.epoch, { outcome: 'done', ...attempt });
      this.#swaps.write(verified);
    });
    return verified;
  }

  /**
   * Finishes or undoes what a crash interrupted.
   * @returns sentences about what could not be finished
   */
  async recover(): Promise<string[]> {
    const problems: string[] = [];
    for (const swap of this.#swaps.all()) {
      try {
        await lstat(swap.root);
        if (await isOutOfReach(swap)) throw new Error('nothing of it can be found; connect its disk or network share');
        await removeUnproven(swap.staged, swap.kept, swap.source);
        if (swap.step === 'staging') {
          await this.discard(swap);
        } else {
          await this.#finishOrUndo(swap);
        }
      } catch (error) {
        const message = messageOf(error).replace(/\.$/, '');
        const open = this.#swaps.all().some(({ id }) => id === swap.id);
        if (open) {
          problems.push(
            `The replacement of ${swap.source} could not be finished: ${message}. It is tried again at the next start.`,
          );
        } else if (error instanceof Fault && error.code === 'node') {
          problems.push(`${message}. The film is converted again.`);
        }
        // Any other is undone too, which the file's own state tells.
      }
    }
    return problems;
  }

  /** Whatever keeps the replacement from finishing, the original stands at its path again afterwards. */
  async #finishOrUndo(swap: Swap): Promise<void> {
    try {
      await this.#finish(swap);
    } catch (error) {
      const name = path.basename(swap.source);
      const nodeFault = nodeFaultReason(error);
      if (error instanceof SourceChanged) {
        await this.#undo(swap, 'change');
        throw new Fault('conflict', `${name} was changed while it was converted; the new version is looked at afresh.`);
      }
      if (error instanceof ResultLost || nodeFault) {
        await this.#undo(swap, 'release');
        throw new Fault('node', `${name} could not be replaced: ${nodeFault ?? 'the verified result has vanished'}.`, {
          cause: error,
        });
      }
      const reason =
        (error as NodeJS.ErrnoException).code === 'EEXIST'
          ? `${path.basename(swap.target)} appeared beside it during the conversion; rename or remove one of the two.`
          : `It could not be replaced (${messageOf(error)}); see to that and retry.`;
      await this.#undo(swap, 'block', { code: 'not-replaced', reason });
      throw new Fault('conflict', reason, { cause: error });
    }
  }

  #step(swap: Swap, step: SwapStep): void {
    this.#swaps.write({ ...swap, step });
    faultPoint(step);
  }

  async #finish(swap: Swap): Promise<void> {
    const result = swap.resultIdentity;
    if (!result) throw new Error(`swap ${swap.id} was never verified`);
    await this.#keepOriginal(swap, result);
    await this.#placeResult(swap, result);
    if (swap.target !== swap.source) await this.#removeOriginal(swap);
    await this.#commit(swap, result);
  }

  async #keepOriginal(swap: Swap, result: Identity): Promise<void> {
    if (sameContent(await identify(swap.kept), swap.sourceIdentity)) return;
    const source = await identify(swap.source);
    if (!sameVersion(source, swap.sourceIdentity) || !sameInode(source.inode, swap.sourceIdentity.inode)) {
      throw new SourceChanged();
    }
    this.#step(swap, 'keeping');
    // Made when the result was staged; it has gone again if the last original in it was restored or purged meanwhile.
    await vaultFor(swap.root, swap.source);
    await writeManifest(swap.kept, {
      original: swap.source,
      result: swap.target,
      identity: swap.sourceIdentity,
      resultIdentity: result,
      replaced: Date.now(),
      keepUntil: swap.keepUntil,
    });
    faultPoint('manifest');
    await remove(swap.kept);
    await placeNew(swap.source, swap.kept);
    await syncFolder(path.dirname(swap.kept));
    faultPoint('kept');
  }

  async #placeResult(swap: Swap, result: Identity): Promise<void> {
    if (sameContent(await identify(swap.target), result)) return;
    this.#step(swap, 'placing');
    if (!sameContent(await identify(swap.staged), result)) throw new ResultLost();
    if (swap.target === swap.source) {
      const source = await identify(swap.source);
      if (source && !sameVersion(source, swap.sourceIdentity)) throw new SourceChanged();
      await moveFile(swap.staged, swap.target);
    } else {
      await placeNew(swap.staged, swap.target);
    }
    await syncFolder(path.dirname(swap.target));
    faultPoint('placed');
  }

  async #removeOriginal(swap: Swap): Promise<void> {
    this.#step(swap, 'removing');
    const source = await identify(swap.source);
    if (source && !sameVersion(source, swap.sourceIdentity)) throw new SourceChanged();
    if (source) await remove(swap.source);
    await remove(swap.staged);
    await syncFolder(path.dirname(swap.source));
    faultPoint('removed');
  }

  async #commit(swap: Swap, result: Identity): Promise<void> {
    this.#step(swap, 'committing');
    const stat = await lstat(swap.target);
    // Where it is now: its library may have become a part of another one since.
    const folder = path.posix.dirname(this.#files.get(swap.file)?.path ?? '');
    const placed = (await identify(swap.target)) ?? result;
    this.#swaps.transaction(() => {
      this.#jobs.setResult(swap.job, placed.size);
      this.#files.setResult(swap.file, {
        ...placed,
        path: path.posix.join(folder, path.basename(swap.target)),
        mtime: Math.trunc(stat.mtimeMs),
      });
      this.#jobs.apply(swap.file, 'complete');
      this.#swaps.keep(vaultRow(swap, placed));
      this.#swaps.remove(swap.id);
    });
    faultPoint('committed');
  }

  /**
   * Puts everything back as it was before the swap. The original is never removed from the vault while it stands nowhere
   * else: where its place is taken or its folder gone, it stays there and can be restored.
   */
  async #undo(swap: Swap, event: 'change' | 'block' | 'release', because: Because = {}): Promise<void> {
    const folder = path.dirname(swap.source);
    const kept = await identify(swap.kept);
    const free = (await exists(folder)) && !(await exists(swap.source));
    if (free && sameContent(kept, swap.sourceIdentity)) await placeNew(swap.kept, swap.source);
    const found = await identify(swap.source);
    // A link to the very file that stands in its place keeps nothing, whatever was written to it meanwhile.
    const linked = found && kept && sameInode(found.inode, kept.inode);
    // Where a database of earlier days was taken up, the original may have been purged since: the result is all there is then.
    const stands = linked || [found, kept].some((file) => sameContent(file, swap.sourceIdentity));
    if (stands && swap.target !== swap.source && swap.resultIdentity) {
      const target = await identify(swap.target);
      if (sameVersion(target, swap.resultIdentity)) await remove(swap.target);
    }
    await remove(swap.staged);
    if (await exists(folder)) await syncFolder(folder);
    const needed = !linked && !sameContent(found, swap.sourceIdentity) ? kept : undefined;
    if (!needed) await removeKept(swap.kept);
    this.#swaps.transaction(() => {
      if (needed) {
        this.#swaps.keep({ ...vaultRow(swap, swap.resultIdentity ?? needed), identity: needed });
      }
      this.#jobs.undoAttempt(swap.job, swap.epoch, because.reason ?? null);
      this.#jobs.apply(swap.file, event, because);
      this.#swaps.remove(swap.id);
    });
  }
}

/** True when nothing of a replacement is there, nor all of its folders: an empty mount point, not a film that was removed. */
async function isOutOfReach({ source, target, staged, kept }: Swap): Promise<boolean> {
  for (const file of [source, target, staged, kept]) if (await exists(file)) return false;
  return !((await exists(path.dirname(source))) && (await exists(path.dirname(kept))));
}

function vaultRow(swap: Swap, result: Identity): VaultRow {
  return {
    id: swap.id,
    file: swap.file,
    job: swap.job,
    original: swap.source,
    kept: swap.kept,
    result: swap.target,
    identity: swap.sourceIdentity,
    result_identity: result,
    replaced: Date.now(),
    keep_until: swap.keepUntil,
  };
}
