import { isDeepStrictEqual } from 'node:util';
import { type Cause, DEFAULT_RULES, type Rules } from '../../../src-shared/fleet/availability.ts';
import { WORKER_DEFAULTS, type WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { readSignals } from '../../platform/activity-signals.ts';
import type { DisturbanceSignals, Pace } from '../../platform/activity-types.ts';
import { DisturbancePolicy, PACE } from './disturbance-policy.ts';

type Considered = Pick<WorkerSettings, 'rules' | 'schedule'>;

/** Signals and rules to watch, and the listener for changes. */
export interface WatchParts {
  signals: DisturbanceSignals;
  pace?: Pace | undefined;
  /** While there is work, it looks more often. */
  isBusy: () => boolean;
  /** Called when {@link DisturbanceMonitor.cause} or the rules have changed. */
  changed: () => void;
}

/** Looks again and again whether work would disturb, and says so. */
export class DisturbanceMonitor {
  readonly #parts: WatchParts;
  readonly #pace: Pace;
  readonly #citizen: DisturbancePolicy;
  #settings: Considered = WORKER_DEFAULTS;
  #cause: Cause | null = null;
  #looked = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#pace = parts.pace ?? PACE;
    this.#citizen = new DisturbancePolicy(this.#pace);
  }

  /** Why no work is to be done now; null when nothing is against it. */
  get cause(): Cause | null {
    return this.#cause;
  }

  /** The rules in force. */
  get rules(): Rules {
    return this.#settings.rules ?? DEFAULT_RULES;
  }

  /** Takes the rules and hours that count from now on; others than before are looked at at once. */
  setRules({ rules, schedule }: Considered): void {
    if (isDeepStrictEqual({ rules, schedule }, { rules: this.#settings.rules, schedule: this.#settings.schedule }))
      return;
    this.#settings = { rules, schedule };
    this.#parts.changed();
    this.look();
  }

  /** Resolves when the signals are no older than the polling interval of a working computer. */
  whenFresh(): Promise<void> {
    return performance.now() - this.#looked < this.#pace.tick ? this.#looking : this.look();
  }

  /** Looks now, and from now on again and again; one look at a time. */
  look(): Promise<void> {
    this.#looked = performance.now();
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const settings = this.#settings;
    const reading = await readSignals(this.#parts.signals, this.rules);
    const cause = this.#citizen.consider(settings, reading, performance.now(), new Date());
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), this.#parts.isBusy() ? this.#pace.tick : this.#pace.rest);
    this.#timer.unref();
    if (cause === this.#cause) return;
    this.#cause = cause;
    this.#parts.changed();
  }
}
