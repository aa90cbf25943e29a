import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../../src-shared/errors.ts';
import type { FileAction, FileSelection } from '../../src-shared/file-view.ts';
import type { FileState } from '../../src-shared/job.ts';
import type { FileList } from '../db/file-list.ts';
import type { FileRow } from '../db/files.ts';
import type { MasterContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Libraries } from './libraries.ts';
import type { Vault } from './vault.ts';

/** Files in one transaction: few commits, and no long wait for anybody else. */
const BATCH = 200;

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
    this.#dispatcher = parts.dispatcher;
    this.#libraries = parts.libraries;
    this.#vault = parts.vault;
  }

  /** How many of the selected files an action would act on. */
  count(action: FileAction, selection: FileSelection): { count: number; bytes: number; of: number } {
    const ids = this.#ids(selection);
    return { ...this.#list.count(ids, TAKES_PART[action]), of: ids.length };
  }

  /** Queues files again. What was never looked into, or is another film since, is looked into first. */
  async retry(selection: FileSelection): Promise<number> {
    const queued = await this.#each('retry', selection, (file) => this.#queue(file));
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
    let queued = 0;
    for (const id of this.#ids(selection)) {
      const file = this.#ctx.files.get(id);
      if (!file || !TAKES_PART.reencode.includes(file.state)) continue;
      const original = kept.get(id);
      try {
        if (file.state === 'done') {
          if (!original) {
            refused.push(`${path.basename(file.path)} was left as it is: its original is not kept any more.`);
            continue;
          }
          await this.#vault.restore(original);
        }
        const fresh = this.#ctx.files.get(id);
        if (fresh) this.#queue(fresh);
        queued += 1;
      } catch (error) {
        refused.push(messageOf(error));
      }
    }
    this.#wake();
    return { queued, refused: refused.slice(0, MOST_REFUSALS) };
  }

  async forget(selection: FileSelection): Promise<number> {
    const forgotten = await this.#each('forget', selection, ({ id }) => {
      this.#ctx.files.remove(id);
      return true;
    });
    this.#ctx.emit('listed', {});
    return forgotten;
  }

  async setPriority(selection: FileSelection, priority: number): Promise<void> {
    await this.#each('priority', selection, ({ id }) => {
      this.#ctx.jobs.setPriority(id, priority);
      return true;
    });
    this.#ctx.emit('listed', {});
  }

  #ids(selection: FileSelection): number[] {
    if ('files' in selection) return selection.files;
    const except = new Set(selection.except);
    return this.#list.ids(selection.filter).filter((id) => !except.has(id));
  }

  #queue(file: FileRow): boolean {
    if (file.probe) this.#ctx.jobs.queue(file);
    else this.#ctx.jobs.apply(file.id, 'change');
    return true;
  }

  #wake(): void {
    this.#libraries.lookAgain();
    this.#ctx.emit('work', {});
  }

  #leave(action: 'skip' | 'cancel', selection: FileSelection, reason: string): Promise<number> {
    const { jobs } = this.#ctx;
    return this.#each(action, selection, (file) => {
      // Once the original is being replaced, the replacement is finished.
      if (file.job !== null && jobs.get(file.job)?.state === 'swapping') return false;
      if (file.state === 'running') {
        this.#dispatcher.cancel(file.id);
      }
      jobs.apply(file.id, 'skip', { code: 'user', reason });
      return true;
    });
  }

  /** @returns how many files `act` has acted on */
  async #each(action: FileAction, selection: FileSelection, act: (file: FileRow) => boolean): Promise<number> {
    const ids = this.#ids(selection);
    let acted = 0;
    for (let from = 0; from < ids.length; from += BATCH) {
      this.#ctx.db.transaction(() => {
        for (const id of ids.slice(from, from + BATCH)) {
          const file = this.#ctx.files.get(id);
          if (file && TAKES_PART[action].includes(file.state) && act(file)) acted += 1;
        }
      })();
      await nextTurn();
    }
    return acted;
  }
}
