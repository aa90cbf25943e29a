import { isDeepStrictEqual } from 'node:util';
import { WORKER_DEFAULTS, type WorkerSettings } from '../../src-shared/worker-info.ts';
import { type Cause, DEFAULT_RULES, type Rules } from '../../src-shared/yielding.ts';
import { Citizen, PACE, type Pace, type Reading } from './citizen.ts';
import type { DisturbanceSignals } from './disturbance.ts';

/** What takes longer to tell is not told, in ms. */
const PATIENCE_MS = 4000;

/** Rules about everything that can be told. */
const ALL: Rules = { idleMinutes: 1, battery: true, fullScreen: true, celsius: 100, running: 'hold' };

type Considered = Pick<WorkerSettings, 'rules' | 'schedule'>;

/** What a watch looks at, and who is told. */
export interface WatchParts {
  signals: DisturbanceSignals;
  pace?: Pace | undefined;
  /** While there is work, it looks more often. */
  isBusy: () => boolean;
  /** Told when {@link Watch.cause} or the rules are others now. */
  changed: () => void;
}

/** Looks again and again whether work would disturb, and says so. */
export class Watch {
  readonly #parts: WatchParts;
  readonly #pace: Pace;
  readonly #citizen: Citizen;
  #settings: Considered = WORKER_DEFAULTS;
  #cause: Cause | null = null;
  #looked = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#pace = parts.pace ?? PACE;
    this.#citizen = new Citizen(this.#pace);
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
  heed({ rules, schedule }: Considered): void {
    if (isDeepStrictEqual({ rules, schedule }, { rules: this.#settings.rules, schedule: this.#settings.schedule }))
      return;
    this.#settings = { rules, schedule };
    this.#parts.changed();
    this.look();
  }

  /** Resolves when what is known is no older than a look while there is work. */
  fresh(): Promise<void> {
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

/**
 * What a computer tells of itself now; what fails or takes too long is not told.
 * @param rules where given, only what one is about is asked: some answers take a program of the system
 */
export async function readSignals(signals: DisturbanceSignals, rules: Rules = ALL): Promise<Reading> {
  const { idleMinutes, battery, fullScreen, celsius } = rules;
  const [idleSeconds, onBattery, covered, hottest] = await Promise.all([
    idleMinutes === null ? undefined : patiently(signals.idleSeconds),
    battery ? patiently(signals.onBattery) : undefined,
    fullScreen ? patiently(signals.fullScreen) : undefined,
    celsius === null ? undefined : patiently(signals.cpuCelsius),
  ]);
  return { idleSeconds, onBattery, fullScreen: covered, celsius: hottest };
}

/** The answer to a question; undefined when it fails or takes too long. */
async function patiently<T>(ask: (() => T | undefined | Promise<T | undefined>) | undefined): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, PATIENCE_MS);
  try {
    return await Promise.race([ask?.(), late.promise]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
