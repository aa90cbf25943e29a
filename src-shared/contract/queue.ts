import { z } from 'zod';
import { FileView, QueuedView, State } from '../file-view.ts';
import { MasterView, PairingView, WorkerView } from '../fleet-view.ts';
import { Problem, Stats } from '../insights.ts';
import { RunningView } from '../lease.ts';
import { changing, done, id, none, reading } from './call.ts';
import { LibraryView } from './libraries.ts';

export const Summary = z.object({
  counts: z.record(State, z.number()),
  /** Bytes of originals and results of everything done. */
  sourceBytes: z.number(),
  resultBytes: z.number(),
  /** Files still being written, to be looked at again later. */
  settling: z.number(),
  running: z.array(RunningView),
  /** Results that were delivered and wait for this computer's check. */
  awaitingCheck: z.int().nonnegative().default(0),
  /** The files whose conversion ended last, newest first, ten at the most. */
  recent: z.array(FileView),
  /** Why no work is given out or done at present, if so. */
  paused: z.string().nullable(),
  /** True while also what runs stands still. */
  held: z.boolean(),
  /** When the user's pause ends by itself, in ms since 1970; null where it does not. */
  pausedUntil: z.number().nullable(),
});
export type Summary = z.infer<typeof Summary>;

/** All that changes by itself while a user looks on. */
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
});
export type Live = z.infer<typeof Live>;

/** What waits and runs, and what it has brought. */
export const QUEUE_CALLS = {
  'queue.summary': reading('user', 'Counts by state, bytes saved and what runs now', none, Summary),
  'queue.pause': changing(
    'user',
    'Give out no more work; now: what runs stands still too; until (ms since 1970): it ends by itself then',
    z.strictObject({ now: z.boolean().default(false), until: z.int().positive().nullable().default(null) }),
    done,
  ),
  'queue.resume': changing('user', 'Give out work again', none, done),
  'queue.list': reading(
    'user',
    'Films that wait, in the order in which they are given out',
    z.strictObject({ offset: z.int().nonnegative().default(0), limit: z.int().min(1).max(500).default(100) }),
    z.object({ total: z.number(), files: z.array(QueuedView) }),
  ),
  'queue.move': changing(
    'user',
    'Put films in front of another one that waits, or in front of all (null), in the order in which they are named',
    z.strictObject({ files: z.array(id).min(1).max(1000), before: id.nullable() }),
    z.object({ moved: z.number() }),
  ),
  'live.snapshot': reading('user', 'All that `delta` events go on from', none, Live.extend({ revision: z.number() })),
  'stats.get': reading('user', 'What was saved, by time, library, codec, resolution and worker', none, Stats),
};
