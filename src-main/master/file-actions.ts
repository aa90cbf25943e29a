import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../../src-shared/errors.ts';
import type { FileAction, FileSelection } from '../../src-shared/file-view.ts';
import type { FileState } from '../../src-shared/job.ts';
import { Batches } from '../db/batches.ts';
import type { FileList } from '../db/file-list.ts';
import type { MasterContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Libraries } from './libraries.ts';
import type { Vault } from './vault.ts';

/** Files in one transaction: few commits, and no long wait for anybody else. */
const BATCH = 2000;
/** More files than this are told of as a change of the list, not one by one. */
const MOST_TOLD = 200;

/** Refusals that are told one by one. */
const MOST_REFUSALS = 100;

/** States in which a file takes part in an action. */
const TAKES_PART: Record<FileAction, readonly FileState[]> = {
  retry: ['failed', 'blocked', 'skipped'],
  skip: ['found', 'queued', 'running', 'skipped', 'failed', 'blocked'],
  cancel: ['queued', 'running'],
  reencode: ['done', 'failed', 'blocked', 'skipped'],
  priority: ['queued'],
  forget: ['found', 'queued', 'done', 'skipped', 'failed', 'blocked'],
};

/** What a user does to many files at once. */
export class FileActions {
  readonly #ctx: MasterContext;
  readonly #list: FileList;
  readonly #batches: Batches;
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
    this.#batches = new Batches(ctx.db);
    this.#dispatcher = parts.dispatcher;
    this.#libraries = parts.libraries;
    this.#vault = parts.vault;
  }

  /** How many of the selected files an action would act on. */
  count(action: FileAction, selection: FileSelection): { count: number; bytes: number; of: number } {
    const ids = this.#ids(selection);
    return { ...this.#list.count(ids, TAKES_PART[action]), of: ids.length };
  }

  /**
   * Queues files again. What was never looked into, or is another film since, is looked into first.
   * @param asked with `convertDamaged`, those that were left alone as damaged are converted as far as they can be read
   */
  async retry({ convertDamaged, ...selection }: FileSelection & { convertDamaged: boolean }): Promise<number> {
    const queued = await this.#each(
      'retry',
      selection,
      all((ids) => {
        if (convertDamaged) this.#batches.salvage(ids);
        this.#batches.queue(ids);
      }),
    );
    this.#wake();
    return queued;
  }

  skip(selection: FileSelection): Promise<number> {
    return this.#leave('skip', selection, 'You chose to leave it as it is.');
  }

  cancel(selection: FileSelection): Promise<number> {
    return this.#leave('cancel', selection, 'You cancelled it; retry it when you like.');
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
        refused.push(`${path.basename(file.path)} was left as it is: its original is not kept any more.`);
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
    return { queued, refused: refused.slice(0, MOST_REFUSALS) };
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

  #ids(selection: FileSelection): number[] {
    if ('files' in selection) return selection.files;
    const except = new Set(selection.except);
    return this.#list.ids(selection.filter).filter((id) => !except.has(id));
  }

  #wake(): void {
    this.#libraries.lookAgain();
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
      const many = done.length > MOST_TOLD;
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
