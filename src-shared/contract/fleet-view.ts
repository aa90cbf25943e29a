import { z } from 'zod';
import { SENSES, Yielding } from '../fleet/availability.ts';
import { DeviceId, Hello } from '../fleet/protocol.ts';
import { Load, TimeZone, WORKER_STATES, WorkerMode, WorkerSettings } from '../fleet/worker-info.ts';
import { RunningView } from '../jobs/lease.ts';

const id = z.int().positive();

/** How a worker gets at the videos of a library. */
const StorageView = z.object({
  library: id,
  /** The library's root as this worker reads it; null where its videos are fetched over the network. */
  path: z.string().nullable(),
});

/** A computer that does work for this master. */
export const WorkerView = z.object({
  id: DeviceId,
  name: z.string(),
  /** This very computer. */
  local: z.boolean(),
  mode: WorkerMode,
  connected: z.boolean(),
  state: z.enum(WORKER_STATES),
  /** Why it cannot work although it is connected or tries to be, as one sentence. */
  problem: z.string().nullable(),
  running: z.array(RunningView),
  /** The videos of other workers that it encodes a chunk of. */
  helping: z
    .array(
      z.object({
        task: id,
        file: id,
        path: z.string(),
        /** Name of the computer that converts the video. */
        worker: z.string(),
      }),
    )
    .default([]),
  /** Attempts that ended in a replacement, and that failed. */
  done: z.number(),
  failed: z.number(),
  settings: WorkerSettings,
  /** The libraries that it has worked on, and how it gets at their videos. */
  storage: z.array(StorageView),
  /** As it introduced itself last; null before it did. */
  hello: Hello.nullable(),
  /** How busy it was when it was last heard of; null before it was. */
  load: Load.nullable(),
  /** Milliseconds since 1970. */
  addedAt: z.number(),
  seenAt: z.number().nullable(),
});
export type WorkerView = z.infer<typeof WorkerView>;

/** A computer that asks to become a worker. */
export const PairingView = z.object({
  /** Six digits, to be compared with those that the computer shows. */
  code: z.string(),
  name: z.string(),
  device: DeviceId,
  /** Where it asks from. */
  address: z.string(),
  version: z.string(),
  /** Milliseconds since 1970. */
  expiresAt: z.number(),
});
export type PairingView = z.infer<typeof PairingView>;

/** How a computer's wish to become a worker ended. */
export const PairingOutcome = z.enum(['approved', 'refused', 'expired']);
export type PairingOutcome = z.infer<typeof PairingOutcome>;

/**
 * How it stands with the master that this computer works for:
 * - `joining`: looked for, or asked
 * - `pairing`: its user has to compare the six digits of `code` and approve
 * - `connecting`, `online`, `offline`: this computer is its worker
 * - `refused`: rejected for a reason that may end; it is tried again
 * - `stopped`: rejected, or given up; `problem` says why
 */
const MASTER_STATES = ['joining', 'pairing', 'connecting', 'online', 'offline', 'refused', 'stopped'] as const;

/** What this computer does for its master. */
const Employment = z.object({
  running: z.array(RunningView),
  settings: WorkerSettings,
  mode: WorkerMode,
  yielding: Yielding.nullable(),
  senses: z.array(z.enum(SENSES)),
  zone: TimeZone,
  /** Address of the master's page; null if only the master itself may open it, or if the master hasn't sent it. */
  page: z.string().nullable(),
});
export type Employment = z.infer<typeof Employment>;

/** The master that this computer works for. */
export const MasterView = z.object({
  name: z.string().nullable(),
  /** Its address, as it was given or as it is. */
  origin: z.string().nullable(),
  state: z.enum(MASTER_STATES),
  code: z.string().nullable(),
  problem: z.string().nullable(),
  /** Null until this computer has joined. */
  work: Employment.nullable(),
});
export type MasterView = z.infer<typeof MasterView>;

/** A master that was seen on the network: a hint, never a reason to trust it. */
export const SeenMaster = z.object({
  id: DeviceId,
  name: z.string(),
  version: z.string(),
  protocol: z.object({ oldest: z.number(), newest: z.number() }),
  /** The beginning of its fingerprint. */
  fingerprint: z.string(),
  /** `https://host:port` */
  origin: z.string(),
});
export type SeenMaster = z.infer<typeof SeenMaster>;
