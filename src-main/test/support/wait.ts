import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { messageOf } from '../../../src-shared/util/errors.ts';

/** True while a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** How often a check is repeated at first, and once it has taken a while, in ms: checks compete with what they wait for. */
const [FIRST_INTERVAL_MS, LAST_INTERVAL_MS] = [20, 250];

/** What a failed check found: it tells progress from standstill. */
const findingOf = (error: unknown): string => `${messageOf(error)} ${inspect((error as { actual?: unknown }).actual)}`;

/**
 * Resolves with what `check` returns as soon as it throws no more.
 * @param timeout how long it may find the same, in ms: a slow machine gets on too, and what hangs finds nothing new
 * @throws what `check` threw last
 */
export async function until<T>(check: () => T | Promise<T>, timeout = 60_000): Promise<T> {
  let finding = '';
  let since = performance.now();
  const began = since;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      const next = findingOf(error);
      if (next !== finding) [finding, since] = [next, performance.now()];
      else if (performance.now() - since > timeout) throw error;
    }
    const waited = performance.now() - began;
    await setTimeout(Math.min(LAST_INTERVAL_MS, FIRST_INTERVAL_MS + waited / 10));
  }
}
