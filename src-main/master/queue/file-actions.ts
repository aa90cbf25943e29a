import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileAction, FileSelection } from '../../../src-shared/contract/file-view.ts';
import type { FileState } from '../../../src-shared/jobs/job.ts';
import { ruleOf } from '../../../src-shared/plan/override.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { BulkUpdates } from '../../db/tables/bulk-updates.ts';
import type { FileList } from '../../db/tables/file-list.ts';
import type { MasterContext } from '../context.ts';
import type { Libraries } from '../library/libraries.ts';
import type { Vault } from '../vault/vault.ts';
import type { Dispatcher } from './dispatcher.ts';
import { overridesFor } from './overrides.ts';

/** Files in one transaction: few commits, without blocking other writers for long. */
const BATCH = 2000;
/** For more files than this, one change of the list is sent instead of one event per file. */
const MAX_TOLD = 200;

/** Plans made before others have their turn. */
const PLANS_AT_A_TIME = 25;

/** Refusals that are listed one by one. */
const MAX_REFUSALS = 100;

/** States in which a file takes part in an action. */
const TAKES_PART: Record<FileAction, readonly FileState[]> = {
  retry: ['failed', 'blocked', 'skipped'],
  skip: ['found', 'queued', 'running', 'skipped', 'failed', 'blocked'],
  cancel: ['queued', 'running'],
  reencode: ['done', 'failed', 'blocked', 'skipped'],
  priority: ['queued'],
  allComputers: ['queued', 'running'],
  forget: ['found', 'queued', 'done', 'skipped', 'failed', 'blocked'],
};

/** Actions of users on many files at once. */
export class FileActions {
  readonly #ctx: MasterContext;
  readonly #list: FileList;
  readonly #batches: BulkUpdates;
  readonly #dispatcher: Dispatcher;
  readonly #libraries: Libraries;
  readonly #vault: Vault;

  constructor(
    ctx: MasterContext,
    parts: {
      list: FileList;
      dispatcher: Dispatcher;
      libraries: Libraries;
      vault: Vault;
    },
  ) {
    this.#ctx = ctx;
    this.#list = parts.list;
    this.#batches = new BulkUpdates(ctx.db);
    this.#dispatcher = parts.dispatcher;
    this.#libraries = parts.libraries;
    this.#vault = parts.vault;
  }

  /** How many of the selected files an action would act on. */
  count(action: FileAction, selection: FileSelection): { count: number; bytes: number; of: number } {
    const ids = this.#ids(selection);
    const able = action === 'reencode' ? this.#withOriginals(ids) : ids;
    return { ...this.#list.count(able, TAKES_PART[action]), of: ids.length };
  }

  /** Leaves out done files whose originals are no longer in the vault. */
  #withOriginals(ids: number[]): number[] {
    const kept = new Set(this.#vault.select({ all: true }).map(({ file }) => file));
    const done = new Set(this.#batches.inStates(ids, ['done']).map(({ id }) => id));
    return ids.filter((id) => !done.has(id) || kept.has(id));
  }

  /**
   * Counts the skipped files of a selection that a retry with `override` converts despite a rule, by skip code. Whether it
   * really can takes a plan of each, which is made here for a single file, with every rule to overrule.
   */
  overridable(selection: FileSelection): { code: SkipCode; count: number }[] {
    const ids = this.#ids(selection);
    const skipped = this.#list.skippedFor(ids);
    if (skipped.length !== 1 || skipped[0]?.count !== 1) return skipped.filter(({ code }) => ruleOf(code));
    const file = this.#batches.inStates(ids, ['skipped']).map(({ id }) => this.#ctx.files.get(id))[0];
    return ((file && overridesFor(this.#ctx, file)) ?? []).map((code) => ({ code, count: 1 }));
  }

  /**
   * Queues files again. Files that were never analyzed, or changed since, are analyzed first.
   * @param asked with `override`, files that a rule skipped are converted despite it where that is possible
   */
  async retry({ override, ...selection }: FileSelection & { override: boolean }): Promise<number> {
    if (override) await this.#override(selection);
    const queued = await this.#each(
      'retry',
      selection,
      all((ids) => this.#batches.queue(ids)),
    );
    this.#wake();
    return queued;
  }

  async #override(selection: FileSelection): Promise<void> {
    for (const [index, { id }] of this.#batches.inStates(this.#ids(selection), ['skipped']).entries()) {
      const file = this.#ctx.files.get(id);
      const codes = file && overridesFor(this.#ctx, file);
      if (codes) this.#batches.setOverrides(id, codes);
      if (index % PLANS_AT_A_TIME === 0) await nextTurn();
    }
  }

  skip(selection: FileSelection): Promise<number> {
    return this.#leave('skip', selection, 'Skipped by you.');
  }

  cancel(selection: FileSelection): Promise<number> {
    return this.#leave('cancel', selection, 'Canceled by you. You can retry it anytime.');
  }

  /** Takes the originals of done files back and queues them; any other is queued again. */
  async reencode(selection: FileSelection): Promise<{ queued: number; refused: string[] }> {
    const refused: string[] = [];
    const kept = new Map(this.#vault.select({ all: true }).map((row) => [row.file, row]));
    const done: number[] = [];
    let queued = await this.#each('reencode', selection, (ids, stateOf) => {
      const others = ids.filter((id) => stateOf(id) !== 'done');
      done.push(...ids.filter((id) => stateOf(id) === 'done'));
      this.#batches.queue(others);
      return others;
    });
    for (const id of done) {
      const file = this.#ctx.files.get(id);
      if (file?.state !== 'done') continue;
      const original = kept.get(id);
      if (!original) {
        refused.push(`${path.basename(file.path)} was skipped: its original is no longer in the vault.`);
        continue;
      }
      try {
        await this.#vault.restore(original);
        this.#batches.queue([id]);
        this.#ctx.jobs.tell(id);
        queued += 1;
      } catch (error) {
        refused.push(messageOf(error));
      }
    }
    this.#wake();
    return { queued, refused: refused.slice(0, MAX_REFUSALS) };
  }

  async forget(selection: FileSelection): Promise<number> {
    const forgotten = await this.#each(
      'forget',
      selection,
      all((ids) => this.#batches.remove(ids)),
    );
    this.#ctx.emit('listed', {});
    return forgotten;
  }

  async setPriority(selection: FileSelection, priority: number): Promise<void> {
    await this.#each(
      'priority',
      selection,
      all((ids) => this.#batches.setPriority(ids, priority)),
    );
    this.#ctx.emit('listed', {});
  }

  /** Has all computers work on queued or running files before they begin others, or no longer. @returns how many it applies to */
  async setAllComputers(selection: FileSelection, on: boolean): Promise<number> {
    const changed = await this.#each(
      'allComputers',
      selection,
      all((ids) => this.#batches.setAllComputers(ids, on)),
    );
    this.#dispatcher.matcher.rereadMarks();
    this.#ctx.emit('listed', {});
    this.#ctx.emit('work', {});
    return changed;
  }

  #ids(selection: FileSelection): number[] {
    if ('files' in selection) return selection.files;
    const except = new Set(selection.except);
    return this.#list.ids(selection.filter).filter((id) => !except.has(id));
  }

  #wake(): void {
    this.#libraries.analyzeFound();
    this.#ctx.emit('work', {});
  }

  #leave(action: 'skip' | 'cancel', selection: FileSelection, reason: string): Promise<number> {
    return this.#each(action, selection, (ids, stateOf) => {
      const left = ids.filter((id) => stateOf(id) !== 'running' || this.#end(id));
      this.#batches.apply(left, 'skip', { code: 'user', reason });
      return left;
    });
  }

  /** Ends the conversion of a file. @returns false when its original is being replaced already: that is finished */
  #end(id: number): boolean {
    const { files, jobs } = this.#ctx;
    const job = files.get(id)?.job ?? null;
    if (job !== null && jobs.get(job)?.state === 'swapping') return false;
    this.#dispatcher.cancel(id);
    return true;
  }

  /** Acts on thousands of files at a time. @returns how many it has acted on */
  async #each(action: FileAction, selection: FileSelection, act: Act): Promise<number> {
    const chosen = this.#ids(selection);
    let acted = 0;
    for (let from = 0; from < chosen.length; from += BATCH) {
      const part = chosen.slice(from, from + BATCH);
      const states = new Map(this.#batches.inStates(part, TAKES_PART[action]).map(({ id, state }) => [id, state]));
      const stateOf = (id: number) => states.get(id);
      const done = this.#ctx.db.transaction(() => act([...states.keys()], stateOf))();
      const many = done.length > MAX_TOLD;
      for (const id of done) if (!many || stateOf(id) === 'running') this.#ctx.jobs.tell(id);
      if (many) this.#ctx.emit('listed', {});
      acted += done.length;
      await nextTurn();
    }
    return acted;
  }
}

/** Acts on files that are in a state for it, and tells on which it did. */
type Act = (ids: number[], stateOf: (id: number) => FileState | undefined) => number[];

/** An act that leaves none out. */
const all =
  (act: (ids: number[]) => void): Act =>
  (ids) => {
    act(ids);
    return ids;
  };
