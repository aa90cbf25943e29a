import type { Orders } from '../../src-shared/lease.ts';
import type { Yielding } from '../../src-shared/yielding.ts';
import { Brake } from '../media/process.ts';
import { Watch, type WatchParts } from './watch.ts';

/** Whether a worker works, by its own decision and by the wishes of its two users: the master's, and the one who sits at it. */
export class Stance {
  /** Holds what runs, while it is to stand still. */
  readonly brake = new Brake();
  readonly #watch: Watch;
  readonly #changed: (yielding: Yielding | null) => void;
  #paused = false;
  #rest: { held: boolean } | null = null;
  #yielding: Yielding | null = null;

  /** @param parts `changed` is told of every new {@link yielding} */
  constructor(parts: Omit<WatchParts, 'changed'> & { changed: (yielding: Yielding | null) => void }) {
    this.#changed = parts.changed;
    this.#watch = new Watch({ ...parts, changed: () => this.#reconsider() });
  }

  /** Why no work is taken by this computer's own decision; null while it is. */
  get yielding(): Yielding | null {
    return this.#yielding;
  }

  /** The master's user wants something else. */
  obey({ mode, settings }: Orders): void {
    this.#paused = mode === 'paused';
    this.#watch.heed(settings);
    this.#hold();
  }

  /** The user of this computer wants it to rest, whatever the master's wants: `held`, what runs stands still too. */
  rest(rest: { held: boolean } | null): void {
    this.#rest = rest;
    this.#reconsider();
  }

  /** Resolves when {@link yielding} is no older than a look. */
  fresh(): Promise<void> {
    return this.#watch.fresh();
  }

  stop(): void {
    this.#watch.stop();
  }

  #reconsider(): void {
    const { cause, rules } = this.#watch;
    const now: Yielding | null = this.#rest
      ? { cause: 'user', held: this.#rest.held }
      : cause && { cause, held: rules.running === 'hold' };
    if (now?.cause === this.#yielding?.cause && now?.held === this.#yielding?.held) return;
    this.#yielding = now;
    this.#hold();
    this.#changed(now);
  }

  #hold(): void {
    this.brake.set(this.#paused || this.#yielding?.held === true);
  }
}
