import { messageOf } from '../../src-shared/util/errors.ts';
import type { Logger } from '../log/logger.ts';

/** A part of a node that runs from its start to its stop. */
export interface Part {
  start?(): unknown;
  stop(): unknown;
}

/** Starts parts in order and stops them in reverse order. */
export class Lifecycle {
  readonly #log: Logger;
  readonly #started: { name: string; part: Part }[] = [];

  /** @param log - receives the name and duration of each step, and the error of each stop that fails */
  constructor(log: Logger) {
    this.#log = log;
  }

  /** Starts a part. {@link stop} stops it even if its start fails halfway. */
  async start(name: string, part: Part): Promise<void> {
    this.#started.push({ name, part });
    const startedAt = performance.now();
    await part.start?.();
    this.#log.debug({ part: name, ms: since(startedAt) }, 'Part started.');
  }

  /** Stops all parts, the latest first. A part that fails to stop is logged and keeps no other from stopping. */
  async stop(): Promise<void> {
    for (const { name, part } of this.#started.splice(0).reverse()) {
      const startedAt = performance.now();
      try {
        await part.stop();
        this.#log.debug({ part: name, ms: since(startedAt) }, 'Part stopped.');
      } catch (error) {
        this.#log.error(error, `Couldn't stop the ${name} after ${since(startedAt)} ms: ${messageOf(error)}`);
      }
    }
  }
}

const since = (startedAt: number) => Math.round(performance.now() - startedAt);
