import pRetry from 'p-retry';
import { z } from 'zod';
import { Fault, type FaultCode, nodeFaultReason } from '../../../src-shared/util/errors.ts';

/** First and longest pause before an interrupted transfer resumes, in ms. */
const [RETRY_MS, MAX_RETRY_MS] = [500, 10_000];

/** A connection without a byte for this long is dead, in ms. */
export const IDLE_MS = 60_000;

/** Refusals that no repetition ends; of any other, the cause may be gone the next time. */
const FINAL: ReadonlySet<FaultCode> = new Set(['usage', 'denied', 'fenced']);

/**
 * Does `work` again and again until it succeeds, is refused for good, fails for a reason of this computer's own, or `signal`
 * is aborted: a transfer lives as long as its lease, however often the network fails.
 */
export function retryWhileLeased<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: RETRY_MS,
    maxTimeout: MAX_RETRY_MS,
    signal,
    shouldRetry: ({ error }) => (error instanceof Fault ? !FINAL.has(error.code) : isOfNetwork(error)),
  });
}

/** What arrives damaged so often is not damaged by the network alone. */
const DAMAGED = 3;

/**
 * Sends something until the master confirms that it is intact, as {@link retryWhileLeased} does.
 * @param what begins a sentence: `Its result`
 * @param confirm throws Fault `conflict` when it was damaged on its way
 * @throws Error when it arrives damaged again and again
 */
export function sendIntact(
  what: string,
  signal: AbortSignal,
  { send, confirm }: { send: () => Promise<void>; confirm: () => Promise<unknown> },
): Promise<void> {
  let damages = 0;
  return retryWhileLeased(signal, async () => {
    await send();
    try {
      await confirm();
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      damages += 1;
      if (damages < DAMAGED) throw error;
      throw new Error(
        `${what} arrived damaged ${DAMAGED} times; check the memory of this computer and of the master, and the network.`,
        { cause: error },
      );
    }
  });
}

/** Errors of the network carry a code, as do those of files; the latter name a file or are known as a fault of the computer. */
function isOfNetwork(error: NodeJS.ErrnoException): boolean {
  return typeof error.code === 'string' && typeof error.path !== 'string' && nodeFaultReason(error) === undefined;
}

/** A connection over which nothing came for {@link IDLE_MS}. */
export function idleError(): Error {
  return Object.assign(new Error('the connection timed out'), { code: 'ETIMEDOUT' });
}

const Refusal = z.object({
  code: z.enum(['usage', 'denied', 'missing', 'conflict', 'fenced', 'node'] satisfies FaultCode[]),
  sentence: z.string(),
});

/** What an answer of the master that is no success says. */
export function faultIn(status: number, body: string): Fault {
  try {
    const { code, sentence } = Refusal.parse(JSON.parse(body));
    return new Fault(code, sentence);
  } catch {
    return new Fault('node', `The master answered ${status}: ${body.slice(0, 200).trim()}`);
  }
}
