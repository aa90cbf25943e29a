import type { WorkerSettings } from '../../src-shared/worker-info.ts';
import { CAUSES, type Cause, DEFAULT_RULES } from '../../src-shared/yielding.ts';
import { isWithin } from './schedule.ts';

/** What the computer told of itself at one moment; undefined is what it cannot tell. */
export interface Reading {
  idleSeconds: number | undefined;
  onBattery: boolean | undefined;
  fullScreen: boolean | undefined;
  celsius: number | undefined;
}

/** How fast a worker steps back and comes again, in ms. */
export interface Pace {
  /** Between two looks while it has work, and while it has none. */
  tick: number;
  rest: number;
  /** A disturbance must be gone for so long: plugs are pulled out again, films have breaks. */
  clear: number;
  /** Heat must last so long: processors run hot for moments by design. */
  hot: number;
}

export const PACE: Pace = { tick: 5000, rest: 15_000, clear: 30_000, hot: 15_000 };

/** After heat, it must be cooler than the limit by so many degrees: else it would be back in moments. */
export const COOLER = 8;

/** A yes or no that turns only when it was told so for a while. */
class Latch {
  #on = false;
  #turning: number | undefined;

  /**
   * @param told undefined where it may stay as it is
   * @param after how long it has to be told on, or off, in ms
   */
  set(told: boolean | undefined, now: number, after: { on: number; off: number }): boolean {
    if (told === undefined || told === this.#on) this.#turning = undefined;
    else {
      this.#turning ??= now;
      if (now - this.#turning >= (told ? after.on : after.off)) {
        this.#on = told;
        this.#turning = undefined;
      }
    }
    return this.#on;
  }

  reset(): void {
    this.#on = false;
    this.#turning = undefined;
  }
}

/** Decides whether work would disturb whoever uses this computer. It knows no clock and no computer: both are told to it. */
export class Citizen {
  readonly #pace: Pace;
  readonly #battery = new Latch();
  readonly #fullScreen = new Latch();
  readonly #hot = new Latch();

  constructor(pace: Pace = PACE) {
    this.#pace = pace;
  }

  /**
   * @param now ms of a clock that only goes on
   * @param at the time of day here
   * @returns why no work is to be done now, what counts most; null when nothing is against it
   */
  consider(
    settings: Pick<WorkerSettings, 'rules' | 'schedule'>,
    reading: Reading,
    now: number,
    at: Date,
  ): Cause | null {
    const rules = settings.rules ?? DEFAULT_RULES;
    const { clear, hot } = this.#pace;
    const latched = (latch: Latch, rule: boolean, told: boolean | undefined, on: number) => {
      if (rule) return latch.set(told, now, { on, off: clear });
      latch.reset();
      return false;
    };
    const { celsius: limit, idleMinutes } = rules;
    const { celsius, idleSeconds } = reading;
    const between = limit !== null && celsius !== undefined && celsius <= limit && celsius > limit - COOLER;
    const tooHot = limit !== null && celsius !== undefined && celsius > limit;
    const on: Record<Cause, boolean> = {
      user: false,
      hours: !isWithin(settings.schedule, at),
      battery: latched(this.#battery, rules.battery, reading.onBattery ?? false, 0),
      fullScreen: latched(this.#fullScreen, rules.fullScreen, reading.fullScreen ?? false, 0),
      // The minutes that have to go by are its delay.
      active: idleMinutes !== null && idleSeconds !== undefined && idleSeconds < idleMinutes * 60,
      hot: latched(this.#hot, limit !== null, between ? undefined : tooHot, hot),
    };
    return CAUSES.find((cause) => on[cause]) ?? null;
  }
}
