/** A place in a {@link Lane}. */
export interface Turn {
  /** Resolves when all that came before have passed. */
  comes: Promise<void>;
  /** Lets the next one have its turn; also where it was never this one's. */
  pass: () => void;
}

/** What several do in the order in which they came, whatever each has to wait for in between. */
export class Lane {
  #last: Promise<void> = Promise.resolve();

  turn(): Turn {
    const passed = Promise.withResolvers<void>();
    const comes = this.#last;
    this.#last = comes.then(() => passed.promise);
    return { comes, pass: passed.resolve };
  }
}
