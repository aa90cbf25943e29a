import type { Caller } from '../../src-shared/contract/index.ts';
import { SHUTTING_DOWN } from '../../src-shared/text/messages.ts';
import { Fault } from '../../src-shared/util/errors.ts';

/** Rejects calls once the node shuts down, and turns errors that the shutdown causes into a plain refusal. */
export class ShutdownGuard {
  #closed = false;

  /** Rejects all calls from now on. */
  close(): void {
    this.#closed = true;
  }

  /** Returns the same calls, which are rejected after {@link close}. */
  wrap(call: Caller): Caller {
    return async (name, input) => {
      if (this.#closed) throw new Fault('node', SHUTTING_DOWN);
      try {
        return await call(name, input);
      } catch (error) {
        // Parts that the call needs have stopped.
        throw this.#closed && !(error instanceof Fault) ? new Fault('node', SHUTTING_DOWN, { cause: error }) : error;
      }
    };
  }
}
