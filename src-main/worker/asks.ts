import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../src-shared/errors.ts';
import { writeWhole } from '../write-whole.ts';

/** Requests to be let in that one computer makes in as many terms. */
export const MOST_ASKS = 5;

/**
 * Remembers over restarts when this computer showed six digits. Each time is one try for somebody in between, so a program that is
 * restarted again and again must not make more of them than one that runs on.
 */
export class Asks {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Counts one more.
   * @param termMs how long six digits are good
   * @throws Fault `limited` after {@link MOST_ASKS} in as many terms
   */
  async count(termMs: number): Promise<void> {
    const [now, windowMs] = [Date.now(), MOST_ASKS * termMs];
    // A clock that was set back must not keep this computer out for long.
    const recent = (await this.#read()).filter((time) => time <= now && now - time < windowMs);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= MOST_ASKS) {
      const minutes = Math.ceil((oldest + windowMs - now) / 60_000);
      throw new Fault(
        'limited',
        `This computer has shown six digits ${MOST_ASKS} times without being let in. Try again in ${minutes} min, or use a join token (flotilla invite on the master).`,
      );
    }
    await writeWhole(this.#file, JSON.stringify([...recent, now]), 0o600);
  }

  async #read(): Promise<number[]> {
    try {
      return z.array(z.number()).parse(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch {
      return [];
    }
  }

  /** This computer was let in. */
  async clear(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
