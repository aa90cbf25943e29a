/** States of a file in a library. `missing` is no state: a file that is gone keeps its own, with the date it was missed. */
export type FileState = 'found' | 'queued' | 'running' | 'done' | 'skipped' | 'failed' | 'blocked';

/** States of the conversion of one version of a file. */
export type JobState =
  | 'queued'
  | 'leased'
  | 'swapping'
  | 'done'
  | 'skipped'
  | 'failed'
  | 'blocked'
  | 'superseded'
  | 'restored';

/** States of the piece of a job that one worker leases. */
export type TaskState = 'ready' | 'leased' | 'delivered' | 'closed';

/**
 * What happens to a file, its job and its task:
 * - `queue`: a plan exists; the file waits for a worker
 * - `lease`: a worker took the task
 * - `deliver`: the worker handed over its result
 * - `release`: the task was given back, to be leased again
 * - `reopen`: the master lost a result that was not yet verified; its worker may deliver it again
 * - `swap`: the result is verified; from here the original is being replaced
 * - `complete`: the result stands in the original's place; it may have waited for that with the video blocked, and finish just
 *   when the user takes the video up again or skips it
 * - `skip`: left as it is, with a reason
 * - `block`: cannot continue without the user
 * - `fail`: given up after its attempts
 * - `change`: the file is another version now
 * - `restore`: the user took the original back
 */
export type JobEvent =
  | 'queue'
  | 'lease'
  | 'deliver'
  | 'release'
  | 'reopen'
  | 'swap'
  | 'complete'
  | 'skip'
  | 'block'
  | 'fail'
  | 'change'
  | 'restore';

type Table<S extends string> = Record<S, Partial<Record<JobEvent, S>>>;

const FILE: Table<FileState> = {
  found: { queue: 'queued', skip: 'skipped', block: 'blocked', fail: 'failed', change: 'found' },
  queued: { lease: 'running', skip: 'skipped', block: 'blocked', complete: 'done', change: 'found' },
  running: {
    deliver: 'running',
    release: 'queued',
    reopen: 'running',
    swap: 'running',
    complete: 'done',
    skip: 'skipped',
    block: 'blocked',
    fail: 'failed',
    change: 'found',
  },
  done: { change: 'found', restore: 'skipped' },
  skipped: { queue: 'queued', change: 'found', skip: 'skipped', complete: 'done' },
  failed: { queue: 'queued', skip: 'skipped', change: 'found' },
  blocked: { queue: 'queued', skip: 'skipped', change: 'found', complete: 'done' },
};

const JOB: Table<JobState> = {
  queued: { lease: 'leased', skip: 'skipped', block: 'blocked', complete: 'done', change: 'superseded' },
  leased: {
    deliver: 'leased',
    release: 'queued',
    reopen: 'leased',
    swap: 'swapping',
    skip: 'skipped',
    block: 'blocked',
    fail: 'failed',
    change: 'superseded',
  },
  swapping: { complete: 'done', release: 'queued', block: 'blocked', change: 'superseded' },
  done: { restore: 'restored', change: 'done' },
  skipped: { change: 'superseded', queue: 'queued', skip: 'skipped', complete: 'done' },
  failed: { change: 'superseded', queue: 'queued', skip: 'skipped' },
  blocked: { change: 'superseded', queue: 'queued', skip: 'skipped', complete: 'done' },
  superseded: {},
  restored: { change: 'restored', skip: 'restored' },
};

const TASK: Table<TaskState> = {
  ready: { lease: 'leased', skip: 'closed', block: 'closed', complete: 'closed', change: 'closed' },
  leased: { deliver: 'delivered', release: 'ready', skip: 'closed', block: 'closed', fail: 'closed', change: 'closed' },
  delivered: {
    swap: 'delivered',
    complete: 'closed',
    release: 'ready',
    reopen: 'leased',
    skip: 'closed',
    block: 'closed',
    fail: 'closed',
    change: 'closed',
  },
  closed: { queue: 'ready', change: 'closed', restore: 'closed', skip: 'closed', complete: 'closed' },
};

const TABLES = { file: FILE, job: JOB, task: TASK };
interface States {
  file: FileState;
  job: JobState;
  task: TaskState;
}

/**
 * The state that follows; nothing else changes a state.
 * @throws Error when the event cannot happen in that state, which is a defect of the caller or a lost race
 */
export function transition<K extends keyof States>(kind: K, state: States[K], event: JobEvent): States[K] {
  const next = (TABLES[kind] as Table<States[K]>)[state][event];
  if (!next) throw new Error(`${kind} is ${state}: ${event} is not possible`);
  return next;
}
