import { CAUSES, type Cause, DEFAULT_RULES } from '../../../src-shared/fleet/availability.ts';
import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import type { Pace, Reading } from '../../platform/activity-types.ts';
import { isWithin } from './schedule.ts';
export const PACE: Pace = { tick: 5000, rest: 15_000, clear: 30_000, hot: 15_000 };

/** Hysteresis in °C: after overheating, work resumes this far below the limit, since it would be back in moments otherwise. */
export const COOLER = 8;

/** A boolean that changes only after its input has been stable for a while. */
class Debounce {
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

/** Decides whether work would disturb the user of this computer. A pure function of the signals and times it's given. */
export class DisturbancePolicy {
  readonly #pace: Pace;
  readonly #battery = new Debounce();
  readonly #fullScreen = new Debounce();
  readonly #hot = new Debounce();

  constructor(pace: Pace = PACE) {
    this.#pace = pace;
  }

  /**
   * @param now ms of a monotonic clock
   * @param at the local time of day
   * @returns the most important reason not to work now; null when there is none
   */
  consider(
    settings: Pick<WorkerSettings, 'rules' | 'schedule'>,
    reading: Reading,
    now: number,
    at: Date,
  ): Cause | null {
    const rules = settings.rules ?? DEFAULT_RULES;
    const { clear, hot } = this.#pace;
    const latched = (latch: Debounce, rule: boolean, told: boolean | undefined, on: number) => {
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
