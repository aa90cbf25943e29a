import type { Caller } from '../../src-shared/contract/index.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import type { Master } from './master.ts';
import type { NodeContext } from './types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Scans the watched libraries at their interval; backs up the database and purges the vault every hour. */
export class ScheduledTasks {
  readonly #node: NodeContext;
  readonly #master: Master;
  readonly #call: Caller;
  readonly #timers: NodeJS.Timeout[] = [];
  #stopped = false;

  constructor(node: NodeContext, master: Master, call: Caller) {
    this.#node = node;
    this.#master = master;
    this.#call = call;
  }

  /** Runs each task now and from then on at its interval. */
  start(): void {
    const { backUp, reportError, settings } = this.#node;
    const { vault, vaultClock } = this.#master;
    const { rescanMinutes } = settings.values;
    if (rescanMinutes > 0) this.#every(rescanMinutes * MINUTE_MS, () => this.#scanAll());
    else this.#scanAll().catch(reportError);
    this.#every(HOUR_MS, backUp);
    this.#every(HOUR_MS, async () => {
      vaultClock.tick();
      await vault.purge({ all: false, dryRun: false });
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  #every(ms: number, task: () => Promise<unknown>): void {
    let running = false;
    const run = async () => {
      // Skip this run if the previous one is still going.
      if (running) return;
      running = true;
      await task().catch(this.#warn);
      running = false;
    };
    this.#timers.push(setInterval(run, ms));
    run();
  }

  async #scanAll(): Promise<void> {
    const { mediaDirs } = this.#node.settings.values;
    const { ctx, libraries } = this.#master;
    // In parallel: a folder may be on a disk that doesn't answer.
    await Promise.all(mediaDirs.map((path) => this.#call('library.add', { path, watched: true }).catch(this.#warn)));
    for (const library of ctx.libraries.all().filter(({ watched }) => watched))
      await libraries.scan(library).catch(this.#warn);
  }

  readonly #warn = (error: unknown): void => {
    // Don't warn about errors that the shutdown causes.
    if (!this.#stopped) this.#node.emit('notice', { level: 'warn', text: messageOf(error) });
  };
}
