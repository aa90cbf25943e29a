import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../../src-shared/util/errors.ts';
import { writeFileAtomic } from '../../fs/atomic-write.ts';

/** Join requests that one computer makes, at most one per validity period of a code. */
export const MAX_ASKS = 5;

/**
 * Remembers over restarts when this computer showed six digits. Each time is one try for somebody in between, so a program that is
 * restarted again and again must not make more of them than one that runs on.
 */
export class JoinRequests {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Counts one more.
   * @param termMs how long six digits are good
   * @throws Fault `limited` after {@link MAX_ASKS} in as many terms
   */
  async count(termMs: number): Promise<void> {
    const [now, windowMs] = [Date.now(), MAX_ASKS * termMs];
    // A clock that was set back must not keep this computer out for long.
    const recent = (await this.#read()).filter((time) => time <= now && now - time < windowMs);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= MAX_ASKS) {
      const minutes = Math.ceil((oldest + windowMs - now) / 60_000);
      throw new Fault(
        'limited',
        `This computer has asked to pair ${MAX_ASKS} times without being approved. Try again in ${minutes} min, or use a join token (flotilla invite on the master).`,
      );
    }
    await writeFileAtomic(this.#file, JSON.stringify([...recent, now]), 0o600);
  }

  async #read(): Promise<number[]> {
    try {
      return z.array(z.number()).parse(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch {
      return [];
    }
  }

  /** Called once this computer has joined. */
  async clear(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
