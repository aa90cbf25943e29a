import type { MasterContext } from './context.ts';

/** What users take for granted at first. */
const NOT_PAUSED = 'null false null';
/** A pause that ends by the clock looks at it this often, in ms: timers stand still while the computer sleeps. */
const CLOCK_MS = 30_000;

/** One reason for a pause. */
interface Cause {
  reason: string;
  byUser: boolean;
  /** What runs stands still too, on every worker: its time does not count. */
  held: boolean;
  /** When it ends by itself, in ms since 1970; null: when it is ended. */
  until: number | null;
}

/** Why no work is given out: the user said so, this computer is at fault, or every worker is. */
export class Pause {
  readonly #emit: MasterContext['emit'];
  readonly #fleetFault: () => string | undefined;
  readonly #retryMs: number;
  readonly #standStill: (on: boolean) => void;
  #set: Cause | undefined;
  /** What users were told last. */
  #told = NOT_PAUSED;
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param parts `fleetFault` is what keeps all workers from working; `retryMs` is how soon it is tried again after a fault;
   *   `standStill` is told whether also what runs stands still
   */
  constructor(
    emit: MasterContext['emit'],
    parts: { fleetFault: () => string | undefined; retryMs: number; standStill: (on: boolean) => void },
  ) {
    this.#emit = emit;
    this.#fleetFault = parts.fleetFault;
    this.#retryMs = parts.retryMs;
    this.#standStill = parts.standStill;
  }

  /** As one sentence; null while work is given out. */
  get reason(): string | null {
    return this.#set?.reason ?? this.#fleetFault() ?? null;
  }

  /** True where the workers themselves are not the reason. */
  get on(): boolean {
    return this.#set !== undefined;
  }

  get byUser(): boolean {
    return this.#set?.byUser ?? false;
  }

  /** True while also what runs stands still. */
  get held(): boolean {
    return this.#set?.held ?? false;
  }

  /** When it ends by itself, in ms since 1970; null where nobody has said so. */
  get until(): number | null {
    return this.#set?.until ?? null;
  }

  /** For a fault of this computer: it ends by itself, to try again, and does not take the place of the user's. */
  beginFor(reason: string): void {
    this.begin({ reason, byUser: false, held: false, until: null });
  }

  /** Gives out no more work. */
  begin(pause: Cause): void {
    if (this.#set?.byUser && !pause.byUser) return;
    this.#set = pause;
    this.#standStill(pause.held);
    clearTimeout(this.#retry);
    if (pause.until !== null) this.#endAt(pause.until);
    else if (!pause.byUser) this.#endIn(this.#retryMs, () => this.end());
    this.tell();
  }

  #endAt(until: number): void {
    const left = until - Date.now();
    if (left <= 0) this.end();
    else this.#endIn(Math.min(left, CLOCK_MS), () => this.#endAt(until));
  }

  #endIn(ms: number, end: () => void): void {
    this.#retry = setTimeout(end, ms);
    this.#retry.unref();
  }

  end(): void {
    this.stop();
    this.#set = undefined;
    this.#standStill(false);
    this.tell();
    this.#emit('work', {});
  }

  /** Tells users, unless they know. */
  tell(): void {
    const { reason, held, until } = this;
    const now = `${reason} ${held} ${until}`;
    if (now === this.#told) return;
    this.#told = now;
    this.#emit('paused', { reason });
  }

  stop(): void {
    clearTimeout(this.#retry);
  }
}
