import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import type { Container } from '../../src-shared/container.ts';
import { Fault, messageOf, nodeFaultReason } from '../../src-shared/errors.ts';
import type { FileState } from '../../src-shared/job.ts';
import type { FileTable } from '../db/files.ts';
import type { AttemptFacts, Because, JobTable } from '../db/jobs.ts';
import type { Identity, Swap, SwapTable, VaultRow } from '../db/swaps.ts';
import { faultPoint } from '../fault.ts';
import { carryOver, exists, moveNew, remove, removeUnproven, syncFile } from './durable.ts';
import { identify } from './identity.ts';
import { targetOf } from './replaceable.ts';
import { ResultLost, replaceOnDisk, SourceChanged, undoOnDisk, type Verified } from './swap-steps.ts';
import { DAY_MS, type VaultClock } from './vault-clock.ts';
import { keptPath, removeEmptyVault, stagedPath, vaultFor } from './vault-folder.ts';

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

/** What replacements and the vault stand on. */
export interface VaultParts {
  swaps: SwapTable;
  jobs: JobTable;
  files: FileTable;
  /** One at a time, whatever puts originals into the vault, takes them back or removes them. */
  lock: LimitFunction;
  clock: VaultClock;
  /** Of this Flotilla, to tell its originals from those of others. */
  install: string;
}

/** States of a file whose replacement waits, or goes on after it did. */
const MAY_WAIT: ReadonlySet<string> = new Set(['running', 'blocked', 'queued']);

/** What the system says of a file that cannot be replaced now, as the end of a sentence. */
const IN_THE_WAY: Record<string, string> = {
  EBUSY: 'it is in use',
  ETXTBSY: 'it is in use',
  EPERM: 'the system does not allow it (the file may be protected against changes, or belong to another user)',
  EACCES: 'Flotilla has not the right to',
};

/**
 * Puts verified results in the place of originals, so that at every instant a complete original or a complete verified
 * result stands at a path that the journal knows. Every step is written before it is done, and each can be done twice:
 * finishing after a crash is the same code as finishing at once. What cannot be replaced now waits with its result.
 */
export class Swapper {
  readonly #parts: VaultParts;
  readonly #swaps: SwapTable;
  readonly #jobs: JobTable;
  readonly #files: FileTable;

  constructor(parts: VaultParts) {
    this.#parts = parts;
    this.#swaps = parts.swaps;
    this.#jobs = parts.jobs;
    this.#files = parts.files;
  }

  /** Opens the journal and brings the result beside the original under a name that is no film's, its bytes on the disk. */
  async stage(request: SwapRequest, result: string): Promise<Swap> {
    const { container, ...rest } = request;
    const id = randomUUID();
    const swap: Swap = {
      id,
      step: 'staging',
      ...rest,
      target: targetOf(request.source, container),
      staged: stagedPath(request.source, id),
      kept: keptPath(await vaultFor(request.root, request.source), id),
    };
    this.#swaps.write(swap);
    faultPoint('staging');
    try {
      await moveNew(result, swap.staged);
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
   * Replaces the original by the verified staged result. Where that cannot be done now, the result is kept for
   * {@link retry}, and the file is blocked with the reason.
   * @throws Fault `conflict` when the original changed, or the replacement waits; everything is as before then
   * @throws Fault `node` when it waits for something that ails this computer
   * @throws Fault `fenced` when the task's epoch is no longer the one of the swap
   */
  async replace(swap: Swap, attempt: AttemptFacts): Promise<void> {
    let verified: Verified;
    try {
      verified = await this.#markVerified(swap, attempt);
    } catch (error) {
      await this.discard(swap);
      throw error;
    }
    faultPoint('verified');
    await this.#parts.lock(() => this.#finishOrUndo(verified));
  }

  /** From here on a crash ends in finishing: one compare-and-set on the task's state and epoch. */
  async #markVerified(swap: Swap, attempt: AttemptFacts): Promise<Verified> {
    // One that has gone is found out when it is to be kept, once the task is known to be ours.
    if (await exists(swap.source)) await carryOver(swap.source, swap.staged);
    const resultIdentity = await identify(swap.staged);
    if (!resultIdentity) throw new ResultLost(`${swap.staged} has vanished`);
    const verified: Verified = { ...swap, step: 'verified', resultIdentity };
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
    for (const swap of this.#swaps.all().filter(({ step }) => step !== 'waiting')) {
      try {
        await this.#parts.lock(() => this.#settle(swap));
      } catch (error) {
        const message = messageOf(error).replace(/\.$/, '');
        const open = this.#swaps.all().find(({ id }) => id === swap.id);
        if (open && open.step !== 'waiting') {
          problems.push(
            `The replacement of ${swap.source} could not be finished: ${message}. It is tried again at the next start.`,
          );
        } else if (error instanceof Fault && error.code === 'node') problems.push(`${message}.`);
        // Any other is undone too, which the file's own state tells.
      }
    }
    return problems;
  }

  /**
   * Tries again what waits with its verified result.
   * @param mayReplace tells whether this Flotilla may replace a file now
   * @returns how many replacements wait still
   */
  async retry(mayReplace: (file: number) => Promise<boolean> = async () => true): Promise<number> {
    const waiting = () => this.#swaps.all().filter(({ step }) => step === 'waiting');
    for (const { id } of waiting()) {
      await this.#parts.lock(async () => {
        const swap = waiting().find((one) => one.id === id);
        // Its file's own state tells what became of it.
        if (swap && (await mayReplace(swap.file))) await this.#settle(swap).catch(() => undefined);
      });
    }
    return waiting().length;
  }

  async #settle(swap: Swap): Promise<void> {
    const file = this.#files.get(swap.file);
    const isWanted = file?.job === swap.job && MAY_WAIT.has(file.state);
    await lstat(swap.root);
    if (await isOutOfReach(swap)) throw new Error('nothing of it can be found; connect its disk or network share');
    await removeUnproven(swap.staged, swap.kept, swap.source);
    if (swap.step === 'staging') await this.discard(swap);
    else if (isVerified(swap) && isWanted) await this.#finishOrUndo(swap);
    else await this.#undo(swap);
  }

  /** Whatever keeps the replacement from finishing, the original stands at its path again afterwards. */
  async #finishOrUndo(swap: Verified): Promise<void> {
    try {
      const replaced = await replaceOnDisk(swap, this.#parts.install, (of, step) => {
        const noted = { ...of, step };
        this.#swaps.write(noted);
        faultPoint(step);
        return noted;
      });
      await this.#commit(replaced);
    } catch (error) {
      const name = path.basename(swap.source);
      if (error instanceof SourceChanged) {
        await this.#undo(swap, 'change');
        throw new Fault('conflict', `${name} was changed while it was converted; the new version is looked at afresh.`);
      }
      if (error instanceof ResultLost) {
        const reason = `${name} could not be replaced: the verified result has vanished.`;
        await this.#undo(swap, 'release', { code: 'not-replaced', reason });
        throw new Fault('node', reason, { cause: error });
      }
      throw await this.#postpone(swap, error);
    }
  }

  /** Puts everything back but the result, which waits. @returns what to tell whoever delivered it */
  async #postpone(swap: Verified, error: unknown): Promise<Fault> {
    const fault = nodeFaultReason(error);
    const { code = '' } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST'
        ? `${path.basename(swap.target)} appeared beside it during the conversion; rename or remove one of the two`
        : (fault ?? IN_THE_WAY[code] ?? messageOf(error).replace(/\.$/, ''));
    const reason = `${path.basename(swap.source)} could not be replaced: ${why}. Its finished result is kept, and the replacement is tried again by itself.`;
    await undoOnDisk(swap, true);
    this.#swaps.transaction(() => {
      this.#swaps.write({ ...swap, step: 'waiting' });
      const file = this.#files.get(swap.file);
      if (!file || (file.state === 'blocked' && file.reason === reason)) return;
      this.#jobs.reviseAttempt(swap.job, swap.epoch, 'blocked', reason);
      const because = { code: 'not-replaced', reason };
      if (file.state === 'blocked') this.#jobs.apply(swap.file, 'queue');
      this.#jobs.apply(swap.file, 'block', because);
    });
    return new Fault(fault ? 'node' : 'conflict', reason, { cause: error });
  }

  async #commit(swap: Verified): Promise<void> {
    this.#swaps.write({ ...swap, step: 'committing' });
    faultPoint('committing');
    const stat = await lstat(swap.target);
    const placed = (await identify(swap.target)) ?? swap.resultIdentity;
    this.#swaps.transaction(() => {
      // Where it is now: its library may have become a part of another one since, or have been forgotten.
      const file = this.#files.get(swap.file);
      if (file) {
        this.#jobs.setResult(swap.job, placed.size);
        this.#files.setResult(swap.file, {
          ...placed,
          path: path.posix.join(path.posix.dirname(file.path), path.basename(swap.target)),
          mtime: Math.trunc(stat.mtimeMs),
        });
        this.#jobs.reviseAttempt(swap.job, swap.epoch, 'done', null);
        this.#jobs.apply(swap.file, 'complete');
      }
      this.#swaps.keep(this.#vaultRow(swap, placed));
      this.#swaps.remove(swap.id);
    });
    faultPoint('committed');
  }

  /**
   * Puts everything back as it was before the swap.
   * @param event what happens to the file; left out where it has gone its own way
   */
  async #undo(swap: Swap, event?: 'change' | 'release', because: Because = {}): Promise<void> {
    const kept = await undoOnDisk(swap, false);
    this.#swaps.transaction(() => {
      if (kept) this.#swaps.keep({ ...this.#vaultRow(swap, swap.resultIdentity ?? kept), identity: kept });
      const file = this.#files.get(swap.file);
      if (event && file) this.#tell(swap, file.state, event, because);
      this.#swaps.remove(swap.id);
    });
  }

  /** Has the file's state follow what became of its replacement; the same work done in vain twice blocks it. */
  #tell({ file, job, epoch }: Swap, state: FileState, event: 'change' | 'release', because: Because): void {
    this.#jobs.reviseAttempt(job, epoch, 'undone', because.reason ?? null);
    const inVain = this.#jobs.inVain(job) > 1;
    if (event === 'change') this.#jobs.apply(file, 'change');
    else if (state === 'running') this.#jobs.apply(file, inVain ? 'block' : 'release', inVain ? because : {});
    else if (state === 'blocked' && !inVain) this.#jobs.apply(file, 'queue');
  }

  #vaultRow(swap: Swap, result: Identity): VaultRow {
    const { clock } = this.#parts;
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
      keep_days: swap.keepDays,
      due: swap.keepDays === null ? null : clock.now + swap.keepDays * DAY_MS,
    };
  }
}

const isVerified = (swap: Swap): swap is Verified => swap.resultIdentity !== undefined;

/** True when nothing of a replacement is there, nor all of its folders: an empty mount point, not a film that was removed. */
async function isOutOfReach({ source, target, staged, kept }: Swap): Promise<boolean> {
  for (const file of [source, target, staged, kept]) if (await exists(file)) return false;
  return !((await exists(path.dirname(source))) && (await exists(path.dirname(kept))));
}
