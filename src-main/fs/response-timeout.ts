import { lstat } from 'node:fs/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { Fault, messageOf } from '../../src-shared/util/errors.ts';
import { shortTerms } from '../platform/test-overrides.ts';

/** How long a disk may take to answer, in ms: one that sleeps needs some ten seconds, a share whose server restarts half a minute. */
export const ANSWER_MS = shortTerms()?.answerMs ?? 45_000;

/** How long a disk may take to answer while the program ends, in ms. */
export const STOP_MS = 3000;

/** How long what ends on its own may take at the end of the program, in ms; less where a disk is known not to answer. */
const END_MS = 15_000;
const END_DEAD_MS = 1000;

/**
 * Threads that this program reads all its files by. In Electron they are four unless it was started with the variable: what
 * the program itself sets comes too late, since its first module is read by them.
 */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;

/** Calls into one folder at a time. Each holds a thread, and a dead mount must leave some to other folders. */
const AT_A_TIME = THREADS > 4 ? 2 : 1;

/** Calls into all folders: however many mounts are dead, the page, the logs and the end of the program have threads left. */
const everywhere = pLimit(Math.max(1, THREADS - 2));

interface Asked {
  turns: LimitFunction;
  /** Calls that wait or are under way. */
  open: number;
  /** Calls that hold a thread. */
  begun: number;
  /** Those of them that have not come back in time. */
  overdue: number;
}

/** Folders that are being asked something. */
const folders = new Map<string, Asked>();

/**
 * Calls a disk or share and gives up waiting when it takes too long: a network mount whose server is gone blocks its callers,
 * often indefinitely. Few calls into a folder run at a time, and none while one is overdue, so that a dead mount never blocks
 * all threads of the pool. Not reentrant.
 * @param folder the root that identifies the disk
 * @param ask a short call: longer ones are watched by {@link whileResponding}
 * @throws Fault `node` when there is no response, or other unresponsive disks block all threads for such calls
 */
export async function callWithTimeout<T>(folder: string, ask: () => Promise<T>, ms = ANSWER_MS): Promise<T> {
  if (isUnresponsive(folder)) throw notResponding(folder);
  const asked = folders.get(folder) ?? { turns: pLimit(AT_A_TIME), open: 0, begun: 0, overdue: 0 };
  folders.set(folder, asked);
  asked.open += 1;
  let [hasBegun, isLate] = [false, false];
  const begin = () => {
    // The callers no longer wait.
    if (isLate) throw notResponding(folder);
    hasBegun = true;
    asked.begun += 1;
    return ask();
  };
  const answer = asked.turns(() => everywhere(begin));
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    isLate = true;
    if (hasBegun) asked.overdue += 1;
    // One that could not even be asked may do well.
    late.reject(notResponding(asked.begun > 0 ? folder : (firstOverdue() ?? folder)));
  }, ms);
  const back = () => {
    asked.open -= 1;
    if (hasBegun) asked.begun -= 1;
    if (isLate && hasBegun) asked.overdue -= 1;
    if (asked.open === 0) folders.delete(folder);
  };
  answer.then(back, back);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for work in a folder that may take as long as it needs, such as a copy or its turn among others, but not once the
 * folder itself does not answer: then the work is left to itself.
 * @param ms how long the folder may take to answer; it is asked again as often
 * @throws Fault `node` when it does not answer; as the work does otherwise
 */
export async function whileResponding<T>(folder: string, work: Promise<T>, ms = ANSWER_MS): Promise<T> {
  const silent = Promise.withResolvers<never>();
  const { message } = notResponding(folder);
  // An error is a response, too.
  const look = () =>
    callWithTimeout(folder, () => lstat(folder), ms).catch(
      (error) => messageOf(error) === message && silent.reject(error),
    );
  const watch = setInterval(look, ms);
  look();
  try {
    return await Promise.race([work, silent.promise]);
  } finally {
    clearInterval(watch);
  }
}

/** True while a call into this folder has not come back in time. */
export function isUnresponsive(folder: string): boolean {
  return (folders.get(folder)?.overdue ?? 0) > 0;
}

function firstOverdue(): string | undefined {
  return [...folders.keys()].find(isUnresponsive);
}

/** Whether a reason is that some folder does not answer, and it still does not. */
export function isSilence(reason: string): boolean {
  return [...folders.keys()].some((folder) => isUnresponsive(folder) && notResponding(folder).message === reason);
}

/** The fault of a folder that does not answer. */
export function notResponding(folder: string): Fault {
  return new Fault('node', `The folder ${folder} does not answer; is its disk or network share connected?`);
}

/**
 * Ends this program a moment after its work is over, although calls that no disk answers are under way: Node waits for them,
 * also when it is asked to exit.
 */
export function forceExit(): void {
  const ms = firstOverdue() === undefined ? END_MS : END_DEAD_MS;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ms).unref();
}
