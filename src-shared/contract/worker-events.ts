import { z } from 'zod';
import { Lease, Orders } from '../jobs/lease.ts';

/** Events from the master to a worker, with the schema by which the worker parses them. */
export const WORKER_EVENTS = {
  /** Work is available: an idle worker asks again. */
  work: z.object({}),
  /** A worker lost a lease: results under it are discarded. */
  revoked: Lease,
  /** The settings or the mode of a worker changed. */
  orders: Orders,
};
export type WorkerEvents = { [E in keyof typeof WORKER_EVENTS]: z.infer<(typeof WORKER_EVENTS)[E]> };
export type WorkerEventName = keyof WorkerEvents;
