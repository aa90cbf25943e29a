import type { MasterContext } from './context.ts';

/** Why no work is given out: the user said so, this computer is at fault, or every worker is. */
export class Pause {
  readonly #emit: MasterContext['emit'];
  readonly #fleetFault: () => string | undefined;
  readonly #retryMs: number;
  #set: { reason: string; byUser: boolean } | undefined;
  /** What users were told last. */
  #told: string | null = null;
  #retry: NodeJS.Timeout | undefined;

  /** @param parts `fleetFault` is what keeps all workers from working; `retryMs` is how soon it is tried again after a fault */
  constructor(emit: MasterContext['emit'], parts: { fleetFault: () => string | undefined; retryMs: number }) {
    this.#emit = emit;
    this.#fleetFault = parts.fleetFault;
    this.#retryMs = parts.retryMs;
  }

  /** As one sentence; null while work is given out. */
  get reason(): string | null {
    return this.#set?.reason ?? this.#fleetFault() ?? null;
  }

  /** True where the workers themselves are not the reason. */
  get on(): boolean {
    return this.#set !== undefined;
  }

  /** One for a fault of this computer ends by itself, to try again; it does not take the place of the user's. */
  begin(reason: string, byUser: boolean): void {
    if (this.#set?.byUser && !byUser) return;
    this.#set = { reason, byUser };
    clearTimeout(this.#retry);
    if (!byUser) {
      this.#retry = setTimeout(() => this.end(), this.#retryMs);
      this.#retry.unref();
    }
    this.tell();
  }

  end(): void {
    this.stop();
    this.#set = undefined;
    this.tell();
    this.#emit('work', {});
  }

  /** Tells users, unless they know. */
  tell(): void {
    const { reason } = this;
    if (reason === this.#told) return;
    this.#told = reason;
    this.#emit('paused', { reason });
  }

  stop(): void {
    clearTimeout(this.#retry);
  }
}
