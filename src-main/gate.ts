import type { Caller } from '../src-shared/contract.ts';
import { Fault } from '../src-shared/errors.ts';

const ENDED = 'This Flotilla is being ended.';

/** Where calls from outside come in: once it is shut none begins, and one that is still under way ends in a plain refusal. */
export class Gate {
  #shut = false;

  shut(): void {
    this.#shut = true;
  }

  /** The same calls, as long as the gate is open. */
  guard(call: Caller): Caller {
    return async (name, input) => {
      if (this.#shut) throw new Fault('node', ENDED);
      try {
        return await call(name, input);
      } catch (error) {
        // What it would have needed is closed.
        throw this.#shut && !(error instanceof Fault) ? new Fault('node', ENDED, { cause: error }) : error;
      }
    };
  }
}
