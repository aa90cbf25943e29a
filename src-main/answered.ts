import { Fault } from '../src-shared/errors.ts';

/** How long a disk may take to answer, in ms: one that sleeps needs some ten seconds, a share whose server restarts half a minute. */
export const ANSWER_MS = 45_000;

/** How long what ends by itself may take at the end of the program, in ms. */
const END_MS = 15_000;

/** Calls into each folder that have not come back in time; the kernel holds a thread of this program for each of them. */
const overdue = new Map<string, number>();

/**
 * Asks a disk or share something, and gives up waiting when it takes too long: a network mount whose server is gone holds
 * whoever asks it, often for ever. As long as one call into a folder is overdue no other is made, so that a dead mount never
 * holds all threads that files are read by.
 * @param folder the root that is asked, by which it is known
 * @throws Fault `node` when there is no answer
 */
export async function answered<T>(folder: string, ask: () => Promise<T>, ms = ANSWER_MS): Promise<T> {
  if (isOverdue(folder)) throw unanswered(folder);
  const answer = ask();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    overdue.set(folder, (overdue.get(folder) ?? 0) + 1);
    const back = () => {
      const left = (overdue.get(folder) ?? 1) - 1;
      if (left > 0) overdue.set(folder, left);
      else overdue.delete(folder);
    };
    answer.then(back, back);
    late.reject(unanswered(folder));
  }, ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** True while a call into this folder has not come back in time. */
export function isOverdue(folder: string): boolean {
  return overdue.has(folder);
}

/** The fault of a folder that does not answer. */
export function unanswered(folder: string): Fault {
  return new Fault('node', `The folder ${folder} does not answer; is its disk or network share connected?`);
}

/**
 * Ends this program a moment after its work is over, although calls that no disk answers are under way: Node waits for them,
 * also when it is told to exit.
 */
export function endEvenSo(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), END_MS).unref();
}
