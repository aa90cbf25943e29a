import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTime } from './cpu-time.ts';

/** The longest wait between two looks, in ms: a stopped clock can't say when the time will be over. */
const LOOK_MS = 1000;
/** A longer gap between two checks, in ms, doesn't count: the computer slept, or this process was stopped or frozen with its container. */
const AWAKE_MS = 2 * LOOK_MS;

/** Bites when a time is over, of which only what this process was awake for counts, on a clock that may be stopped. */
export class Watchdog {
  readonly #now: () => number;
  readonly #bite: () => void;
  #left = 0;
  #looked = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param now a clock in ms */
  constructor(now: () => number, bite: () => void) {
    this.#now = now;
    this.#bite = bite;
  }

  /** Begins again, in ms. */
  wait(ms: number): void {
    this.#left = ms;
    this.#looked = this.#now();
    this.#timer ??= setTimeout(() => this.#look(), Math.min(ms, LOOK_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const now = this.#now();
    this.#left -= Math.max(0, Math.min(now - this.#looked, AWAKE_MS));
    this.#looked = now;
    this.#timer = undefined;
    if (this.#left > 0) this.#timer = setTimeout(() => this.#look(), Math.min(this.#left, LOOK_MS));
    else this.#bite();
  }
}

/** What `-progress` reports that grows with the work; the rest of a block (`fps`, `speed`) changes in a standstill as well. */
const WORK_DONE = /^(frame|out_time_us|total_size)=(.*)$/;

/** How long a silent child is looked at before it is called stuck, in ms. */
const WITNESS_MS = 10_000;
/** Share of one processor that a child at work uses at least, also beside everything else on a busy computer. */
const AT_WORK = 0.05;
/** How many times in a row a child may work without showing anything for it: slow presets keep dozens of frames before the first comes out. */
const MAX_EXCUSES = 12;

/** Input of a {@link SilenceWatch}. */
interface Silence {
  pid: number | undefined;
  args: readonly string[];
  /** How long it may show no work, in ms. */
  stallMs: number;
  /** A clock in ms. */
  now: () => number;
  bite: () => void;
}

/**
 * Bites a child that hangs. Its lines alone prove nothing: since version 7, ffmpeg prints a block of progress each second,
 * whether or not a frame moves. So frames, time and bytes count; and before it bites, whether the child uses the processor.
 */
export class SilenceWatch {
  readonly #of: Silence;
  readonly #dog: Watchdog;
  readonly #reportsProgress: boolean;
  readonly #last = new Map<string, string>();
  #heard = 0;
  #excuses = 0;
  #stopped = false;

  constructor(of: Silence) {
    this.#of = of;
    this.#reportsProgress = of.args.includes('-progress');
    this.#dog = new Watchdog(of.now, () => void this.#doubt());
    this.#dog.wait(of.stallMs);
  }

  /** Takes a line of the child's stdout. */
  onOutput(line: string): void {
    if (!this.#isProgress(line)) return;
    this.#heard += 1;
    this.#excuses = 0;
    this.#dog.wait(this.#of.stallMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#dog.stop();
  }

  #isProgress(line: string): boolean {
    if (!this.#reportsProgress) return true;
    const [, key, value = ''] = WORK_DONE.exec(line) ?? [];
    if (key === undefined || this.#last.get(key) === value) return false;
    this.#last.set(key, value);
    return true;
  }

  async #doubt(): Promise<void> {
    const before = this.#heard;
    const found = await this.#look();
    if (this.#stopped || this.#heard !== before) return;
    if (found === 'working') this.#excuses += 1;
    if (found === 'idle' || this.#excuses > MAX_EXCUSES) this.#of.bite();
    else this.#dog.wait(this.#of.stallMs);
  }

  /** Looks at the child itself; one that is held, by whomever, can do nothing for its silence. */
  async #look(): Promise<'working' | 'held' | 'idle'> {
    const { pid, stallMs, now } = this.#of;
    const witnessMs = Math.min(stallMs, WITNESS_MS);
    const [start, before] = [now(), pid && (await cpuTime(pid))];
    await sleep(witnessMs, undefined, { ref: false });
    const [passed, after] = [now() - start, pid && (await cpuTime(pid))];
    if (!before || !after) return 'idle';
    const slept = passed < witnessMs / 2 || passed > witnessMs + AWAKE_MS;
    if (after.stopped || slept) return 'held';
    return (after.seconds - before.seconds) * 1000 >= AT_WORK * passed ? 'working' : 'idle';
  }
}
