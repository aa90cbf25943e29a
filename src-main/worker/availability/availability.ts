import type { Yielding } from '../../../src-shared/fleet/availability.ts';
import type { Orders } from '../../../src-shared/jobs/lease.ts';
import { ProcessSuspender } from '../../media/ffmpeg/process-manager.ts';
import { DisturbanceMonitor, type WatchParts } from './disturbance-monitor.ts';

/** Whether a worker works, by its own decision and by the wishes of its two users: the master's, and the one who sits at it. */
export class Availability {
  /** Suspends running jobs while work is paused. */
  readonly brake = new ProcessSuspender();
  readonly #watch: DisturbanceMonitor;
  readonly #changed: (yielding: Yielding | null) => void;
  #paused = false;
  #rest: { held: boolean } | null = null;
  #yielding: Yielding | null = null;

  /** @param parts `changed` gets every new {@link yielding} */
  constructor(parts: Omit<WatchParts, 'changed'> & { changed: (yielding: Yielding | null) => void }) {
    this.#changed = parts.changed;
    this.#watch = new DisturbanceMonitor({ ...parts, changed: () => this.#reconsider() });
  }

  /** Why no work is taken by this computer's own decision; null while it is. */
  get yielding(): Yielding | null {
    return this.#yielding;
  }

  /** The master's user wants something else. */
  setRules({ mode, settings }: Orders): void {
    this.#paused = mode === 'paused';
    this.#watch.setRules(settings);
    this.#hold();
  }

  /** Pauses work at the request of this computer's user, regardless of the master: with `held`, running jobs are suspended too. */
  pause(rest: { held: boolean } | null): void {
    this.#rest = rest;
    this.#reconsider();
  }

  /** Resolves when {@link yielding} is no older than a look. */
  whenFresh(): Promise<void> {
    return this.#watch.whenFresh();
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
    this.brake.setSuspended(this.#paused || this.#yielding?.held === true);
  }
}
