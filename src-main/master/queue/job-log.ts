import type { EventName, Events } from '../../../src-shared/contract/index.ts';
import { formatBytes } from '../../../src-shared/text/format.ts';
import type { Logger } from '../../log/logger.ts';
import type { MasterContext } from '../context.ts';

/** A job that is at work, as its log knows it. */
interface Entry {
  log: Logger;
  stage?: string;
}

/** States that a user wants to find in the log, also where nothing was converted. */
const TOLD = new Set(['done', 'skipped', 'failed', 'blocked']);

/** Writes the log of each job: lines with the ids of job, task, file and worker, so that one job's can be found among all. */
export class JobLog {
  readonly #ctx: Pick<MasterContext, 'jobs'>;
  readonly #log: Logger;
  /** By file; one at a time works on it. */
  readonly #open = new Map<number, Entry>();

  constructor(ctx: Pick<MasterContext, 'jobs'>, log: Logger) {
    this.#ctx = ctx;
    this.#log = log;
  }

  /** Subscribes to the events from which the log entries of jobs are made. */
  listen(on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => unknown): void {
    // A grant is written to the database step by step; its ids are there when that is done.
    on('file', (file) => (file.state === 'running' ? queueMicrotask(() => this.#begin(file)) : this.#end(file)));
    on('progress', ({ file, path, progress }) => this.#enter(file, path, progress.stage));
  }

  #begin({ id, path, worker }: Events['file']): void {
    const known = this.#open.get(id);
    // A replacement continues under the same lease.
    if (!known) this.#entry(id).log.info(`${path}: assigned to ${worker}`);
  }

  #enter(file: number, path: string, stage: string): void {
    const entry = this.#entry(file);
    if (entry.stage === stage) return;
    entry.stage = stage;
    entry.log.info(`${path}: ${stage}`);
  }

  #end({ id, path, state, reason, sourceSize, resultSize }: Events['file']): void {
    const wasOpen = this.#open.has(id);
    if (!wasOpen && !TOLD.has(state)) return;
    const { log } = this.#entry(id);
    this.#open.delete(id);
    const sizes =
      state === 'done' && sourceSize && resultSize
        ? `, ${formatBytes(sourceSize)} became ${formatBytes(resultSize)}`
        : '';
    const level = state === 'failed' || state === 'blocked' ? 'warn' : 'info';
    const what = TOLD.has(state) ? state : `returned, ${state === 'found' ? 'to be analyzed again' : state}`;
    log[level](`${path}: ${what}${sizes}${reason ? ` (${reason})` : ''}`);
  }

  #entry(file: number): Entry {
    const known = this.#open.get(file);
    if (known) return known;
    const entry: Entry = { log: this.#log.child({ ...this.#ctx.jobs.idsOf(file), file }) };
    this.#open.set(file, entry);
    return entry;
  }
}
