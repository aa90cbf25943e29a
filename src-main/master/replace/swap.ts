import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { FileState } from '../../../src-shared/jobs/job.ts';
import type { Container } from '../../../src-shared/plan/container.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import type { FileTable } from '../../db/tables/files.ts';
import type { AttemptFacts, JobTable } from '../../db/tables/jobs.ts';
import type { Identity, Swap, SwapTable, VaultRow } from '../../db/tables/swaps.ts';
import { whileResponding } from '../../fs/response-timeout.ts';
import { copyMetadata, exists, moveNew, remove, removeUnproven, syncFile } from '../../fs/safe-fs.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import { identify, sameContent } from '../files/file-identity.ts';
import { targetOf } from '../files/replaceable.ts';
import type { LibraryLock } from '../library/library-lock.ts';
import { DAY_MS, type VaultClock } from '../vault/vault-clock.ts';
import { keptPath, removeEmptyVault, stagedPath, vaultFor } from '../vault/vault-folder.ts';
import { ResultLost, replaceOnDisk, SourceChanged, undoOnDisk, type Verified } from './swap-steps.ts';

/** Input of the replacement of one file. */
export interface SwapRequest {
  file: number;
  job: number;
  task: number;
  epoch: number;
  root: string;
  source: string;
  sourceIdentity: Identity;
  container: Container;
  /** Days that the original is kept; null means permanently. */
  keepDays: number | null;
}

/** What replacements and the vault stand on. */
export interface VaultParts {
  swaps: SwapTable;
  jobs: JobTable;
  files: FileTable;
  /** Serializes everything that moves originals into or out of the vault. */
  lock: LibraryLock;
  clock: VaultClock;
  /** Of this Flotilla, to tell its originals from those of others. */
  install: string;
}

/** The result is proven, but its replacement could not be begun: it may be handed over again. */
export class NotBegun extends Error {}

/** States in which a file can have a postponed replacement, or one being retried. */
const MAY_WAIT: ReadonlySet<string> = new Set(['running', 'blocked', 'queued']);

/** Why the system refuses to replace a file, as the end of a sentence, by error code. */
const IN_THE_WAY: Record<string, string> = {
  EBUSY: 'it is in use',
  ETXTBSY: 'it is in use',
  EPERM: "the system doesn't allow it (the file may be protected against changes, or belong to another user)",
  EACCES: "Flotilla isn't allowed to",
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
  /** Replacements that a running {@link replace} call is responsible for. */
  readonly #begun = new Set<string>();

  constructor(parts: VaultParts) {
    this.#parts = parts;
    this.#swaps = parts.swaps;
    this.#jobs = parts.jobs;
    this.#files = parts.files;
  }

  /** Opens the journal and brings the result beside the original under a name that is no video's, its bytes on the disk. */
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
   * Replaces the original by the verified staged result. If that can't be done now, the result is kept for
   * {@link retry}, and the file is blocked with the reason.
   * @param proven identity of the staged result when it was verified
   * @throws Fault `conflict` when the original changed or the replacement is postponed; nothing has changed then
   * @throws Fault `node` when it's postponed because of a fault of this computer
   * @throws Fault `fenced` when the task's epoch is no longer the one of the replacement
   * @throws NotBegun when the journal couldn't record that the result is verified; the original is untouched then
   */
  async replace(swap: Swap, attempt: AttemptFacts, proven?: Identity): Promise<void> {
    this.#begun.add(swap.id);
    try {
      const verified = await this.#markVerified(swap, attempt, proven).catch(async (error) => {
        // What stays of it is cleared away at the next start.
        await this.discard(swap).catch(() => undefined);
        if (error instanceof Fault && error.code === 'fenced') throw error;
        throw new NotBegun(messageOf(error), { cause: error });
      });
      faultPoint('verified');
      await this.#parts.lock.hold(swap.source, () => this.#finishOrUndo(verified));
    } finally {
      this.#begun.delete(swap.id);
    }
  }

  /** From here on a crash ends in finishing: one compare-and-set on the task's state and epoch. */
  async #markVerified(swap: Swap, attempt: AttemptFacts, proven?: Identity): Promise<Verified> {
    const checked = await identify(swap.staged);
    // Not by its date: network shares settle that when they please.
    if (!checked || !sameContent(checked, proven ?? checked)) throw new ResultLost(`${swap.staged} is missing`);
    // One that has gone is found out when it is to be kept, once the task is known to be ours.
    if (await exists(swap.source)) await copyMetadata(swap.source, swap.staged);
    const resultIdentity = await identify(swap.staged);
    // Carrying over may make an empty file of one that has gone.
    if (!resultIdentity || !sameContent(resultIdentity, checked)) throw new ResultLost(`${swap.staged} is missing`);
    const verified: Verified = { ...swap, step: 'verified', resultIdentity };
    this.#swaps.transaction(() => {
      const task = this.#jobs.task(swap.task);
      if (task?.epoch !== swap.epoch || task.state !== 'delivered') {
        throw new Fault('fenced', 'The task was reassigned.');
      }
      this.#jobs.apply(swap.file, 'swap');
      this.#jobs.endAttempt(swap.job, swap.epoch, { outcome: 'done', ...attempt });
      this.#swaps.write(verified);
    });
    return verified;
  }

  /**
   * Finishes or undoes replacements that a crash interrupted.
   * @returns a sentence for each that couldn't be finished
   */
  async recover(): Promise<string[]> {
    const problems: string[] = [];
    for (const swap of this.#swaps.all().filter(({ step }) => step !== 'waiting')) {
      try {
        await whileResponding(
          swap.root,
          this.#parts.lock.hold(swap.source, () => this.#settle(swap)),
        );
      } catch (error) {
        const message = messageOf(error).replace(/\.$/, '');
        const open = this.#swaps.all().find(({ id }) => id === swap.id);
        if (open && open.step !== 'waiting') {
          problems.push(
            `Couldn't finish the replacement of ${swap.source}: ${message}. Flotilla retries automatically.`,
          );
        } else if (error instanceof Fault && error.code === 'node') problems.push(`${message}.`);
        // Any other is undone too, which the file's own state tells.
      }
    }
    return problems;
  }

  /**
   * Retries postponed replacements, and those that could neither be finished nor recorded as postponed.
   * @param mayReplace whether this installation may replace a file now
   * @returns the number of replacements still postponed
   */
  async retry(mayReplace: (file: number) => Promise<boolean> = async () => true): Promise<number> {
    const waiting = () => this.#swaps.all().filter(({ id, step }) => step !== 'staging' && !this.#begun.has(id));
    for (const { id, source } of waiting()) {
      const work = async () => {
        const swap = waiting().find((one) => one.id === id);
        if (swap && (await mayReplace(swap.file))) await this.#settle(swap);
      };
      // The outcome is in the file's own state.
      await this.#parts.lock.tryHold(source, work).catch(() => undefined);
    }
    return waiting().length;
  }

  async #settle(swap: Swap): Promise<void> {
    await lstat(swap.root);
    const file = this.#files.get(swap.file);
    const isWanted = file?.job === swap.job && MAY_WAIT.has(file.state);
    if (await isOutOfReach(swap)) throw new Error('its files are missing; connect its disk or network share');
    await removeUnproven(swap.staged, swap.kept, swap.source);
    if (swap.step === 'staging') await this.discard(swap);
    else if (isVerified(swap) && isWanted) await this.#finishOrUndo(swap);
    else await this.#undo(swap);
  }

  /** Finishes the replacement; on any failure the original is at its path again afterwards. */
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
        const reason = `${name} changed during conversion. The new version will be analyzed again.`;
        await this.#undo(swap, 'change', reason);
        throw new Fault('conflict', reason, { cause: error });
      }
      if (error instanceof ResultLost) {
        const reason = `Couldn't replace ${name}: the verified result is missing.`;
        await this.#undo(swap, 'release', reason);
        throw new Fault('node', reason, { cause: error });
      }
      throw await this.#postpone(swap, error);
    }
  }

  /** Undoes everything except the staged result, which is kept for a retry. @returns the fault for the caller that delivered it */
  async #postpone(swap: Verified, error: unknown): Promise<Fault> {
    const fault = nodeFaultReason(error);
    const { code = '' } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST'
        ? `${path.basename(swap.target)} appeared next to it during the conversion; rename or remove one of the two`
        : (fault ?? IN_THE_WAY[code] ?? messageOf(error).replace(/\.$/, ''));
    const reason = `Couldn't replace ${path.basename(swap.source)}: ${why}. Its finished result is kept, and Flotilla retries automatically.`;
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
   * @param event what happens to the file, and why; left out where it has gone its own way
   */
  async #undo(swap: Swap, event?: 'change' | 'release', reason = ''): Promise<void> {
    const kept = await undoOnDisk(swap, false);
    this.#swaps.transaction(() => {
      if (kept) this.#swaps.keep({ ...this.#vaultRow(swap, swap.resultIdentity ?? kept), identity: kept });
      const file = this.#files.get(swap.file);
      if (event && file) this.#tell(swap, file.state, event, reason);
      this.#swaps.remove(swap.id);
    });
  }

  /** Updates the file's state after a replacement that failed; counts as wasted work, which is limited. */
  #tell({ file, job, epoch }: Swap, state: FileState, event: 'change' | 'release', reason: string): void {
    this.#jobs.reviseAttempt(job, epoch, 'undone', reason);
    this.#jobs.tries.noteWasted(job, epoch);
    if (event === 'change') this.#jobs.apply(file, 'change');
    else if (state === 'running') this.#jobs.apply(file, 'release', { reason });
    else if (state === 'blocked') this.#jobs.apply(file, 'queue');
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

/** True when nothing of a replacement is there, nor all of its folders: an empty mount point, not a video that was removed. */
async function isOutOfReach({ source, target, staged, kept }: Swap): Promise<boolean> {
  for (const file of [source, target, staged, kept]) if (await exists(file)) return false;
  return !((await exists(path.dirname(source))) && (await exists(path.dirname(kept))));
}
