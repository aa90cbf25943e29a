import { z } from 'zod';
import { RunningView, Stage } from '../jobs/lease.ts';
import { changing, done, id, none, reading, search } from './call.ts';
import { FileView, QueuedView, State } from './file-view.ts';
import { MasterView, PairingView, WorkerView } from './fleet-view.ts';
import { LibraryView } from './libraries.ts';
import { Problem, Stats } from './stats-view.ts';

export const Summary = z.object({
  counts: z.record(State, z.number()),
  /** Found and queued files of libraries that are held or paused, which `counts` includes. */
  onHold: z.number().default(0),
  /** Files that are skipped because they are damaged, unreadable, or empty. */
  damaged: z.number().default(0),
  /** Bytes of originals and results of everything done. */
  sourceBytes: z.number(),
  resultBytes: z.number(),
  /** Bytes of the originals in the vault, which are freed when those are purged. */
  vaultBytes: z.number().default(0),
  /** Files still being written, to be looked at again later. */
  settling: z.number(),
  running: z.array(RunningView),
  /** Results that were delivered and wait for this computer's check. */
  awaitingCheck: z.int().nonnegative().default(0),
  /** The files whose conversion ended last, newest first, ten at the most. */
  recent: z.array(FileView),
  /** Why all work is paused, if it is. */
  paused: z.string().nullable(),
  /** True while running conversions are suspended too. */
  held: z.boolean(),
  /** When the user's pause ends automatically, in ms since 1970; null if it doesn't. */
  pausedUntil: z.number().nullable(),
});
export type Summary = z.infer<typeof Summary>;

/** Everything that changes while a user watches. */
export const Live = Summary.extend({
  libraries: z.array(LibraryView),
  /** Libraries that are being scanned. */
  scanning: z.array(id),
  workers: z.array(WorkerView),
  pairings: z.array(PairingView),
  /** How it stands with the master that this computer works for; null where it works for none. */
  master: MasterView.nullable(),
  problems: z.array(Problem),
  /** Seconds until nothing waits any more; null while that is being estimated, or nothing is done. */
  eta: z.number().nullable(),
  /** Seconds that each stage took in the latest conversions together; empty before the first. */
  stages: z.partialRecord(Stage, z.number()).default({}),
});
export type Live = z.infer<typeof Live>;

/** The queue, running jobs, and results. */
export const QUEUE_CALLS = {
  'queue.summary': reading('user', 'Counts by state, bytes saved, and running jobs', none, Summary),
  'queue.pause': changing(
    'user',
    'Pause the queue; now: suspends running conversions too; until (ms since 1970): resumes automatically then',
    z.strictObject({ now: z.boolean().default(false), until: z.int().positive().nullable().default(null) }),
    done,
  ),
  'queue.resume': changing('user', 'Resume the queue', none, done),
  'queue.list': reading(
    'user',
    'Queued files, in the order in which they are assigned',
    z.strictObject({
      /** Words that all have to be in the path. */
      search,
      offset: z.int().nonnegative().default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.object({ total: z.number(), files: z.array(QueuedView) }),
  ),
  'queue.move': changing(
    'user',
    'Move queued files before another one, to the top (null), or behind all others (end), in the given order',
    z.strictObject({ files: z.array(id).min(1).max(1000), before: id.nullable().or(z.literal('end')) }),
    z.object({ moved: z.number() }),
  ),
  'queue.unpin': changing(
    'user',
    'Undo the moves of queued files, these or all: they return to the queue order',
    z.strictObject({ files: z.array(id).min(1).max(1000).optional() }),
    z.object({ unpinned: z.number() }),
  ),
  'live.snapshot': reading('user', 'Initial state for `delta` events', none, Live.extend({ revision: z.number() })),
  'stats.get': reading('user', 'Savings by time, library, codec, resolution, and worker', none, Stats),
};
