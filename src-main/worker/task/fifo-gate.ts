/** A place in a {@link FifoGate}. */
export interface Ticket {
  /** Resolves when all that came before have passed. */
  ready: Promise<void>;
  /** Lets the next one have its turn; also where it was never this one's. */
  release: () => void;
}

/** Admits its users in the order in which they came, even if each has to wait for something else in between. */
export class FifoGate {
  #last: Promise<void> = Promise.resolve();

  turn(): Ticket {
    const passed = Promise.withResolvers<void>();
    const ready = this.#last;
    this.#last = ready.then(() => passed.promise);
    return { ready, release: passed.resolve };
  }
}
