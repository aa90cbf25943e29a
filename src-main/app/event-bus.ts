import { EventEmitter } from 'node:events';
import type { Emit, EventName, Events } from '../../src-shared/contract/index.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { plainText } from '../../src-shared/util/plain-text.ts';
import type { Logger } from '../log/logger.ts';

/** Carries events between the parts of a node. */
export class EventBus {
  readonly #log: Logger;
  readonly #emitter = new EventEmitter<{ [E in EventName]: [Events[E]] }>();
  #stopped = false;

  /** @param log - receives each notice as a warning, and the errors of listeners */
  constructor(log: Logger) {
    this.#log = log;
  }

  /** Publishes an event to all listeners. A notice loses control characters first: terminals and windows show it. */
  readonly emit: Emit = (event, payload) => {
    if (this.#stopped) return;
    if (event !== 'notice') return this.#publish(event, payload);
    const { level, text } = payload as Events['notice'];
    const notice = { level, text: plainText(text) };
    this.#log.warn(notice.text);
    this.#publish('notice', notice);
  };

  /** Listens to an event until the returned function is called. */
  readonly on = <E extends EventName>(event: E, listener: (payload: Events[E]) => void): (() => void) => {
    this.#emitter.on(event, listener as never);
    return () => void this.#emitter.off(event, listener as never);
  };

  /** Drops all later events: work that outlives the database can only fail, and no one has to know. */
  stop(): void {
    this.#stopped = true;
  }

  /** A listener that fails keeps neither the sender, which may be replacing a file, nor other listeners from their work. */
  #publish<E extends EventName>(event: E, payload: Events[E]): void {
    for (const listener of this.#emitter.listeners(event) as ((payload: Events[E]) => void)[]) {
      try {
        listener(payload);
      } catch (error) {
        this.#log.error(error, messageOf(error));
      }
    }
  }
}
