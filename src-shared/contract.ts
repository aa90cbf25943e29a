import { z } from 'zod';
import { ACCESS_CALLS } from './contract/access.ts';
import { FILE_CALLS } from './contract/files.ts';
import { FLEET_CALLS } from './contract/fleet.ts';
import { JOB_CALLS } from './contract/jobs.ts';
import { LIBRARY_CALLS, type LibraryView } from './contract/libraries.ts';
import { type Live, QUEUE_CALLS } from './contract/queue.ts';
import { SYSTEM_CALLS } from './contract/system.ts';
import { VAULT_CALLS } from './contract/vault.ts';
import { FileView } from './file-view.ts';
import type { MasterView, PairingView, WorkerView } from './fleet-view.ts';
import { Lease, Orders, type Progress, type RunningView } from './lease.ts';
import type { Hello } from './protocol.ts';

export type { Access } from './contract/call.ts';
export { JobLog } from './contract/jobs.ts';
export { LibraryView, ScanReport } from './contract/libraries.ts';
export { Live, Summary } from './contract/queue.ts';
export { Setup } from './contract/system.ts';
export { VaultEntry } from './contract/vault.ts';

/** Who makes a call; a computer's certificate has proved who it is. */
export type Actor =
  | { kind: 'user' }
  | { kind: 'worker'; worker: string; name: string }
  | { kind: 'stranger'; fingerprint: string; address: string; hello: Hello };

/** Whoever sits at this computer, or its own parts. */
export const USER: Actor = { kind: 'user' };

/** Every call between the interface or a worker and the master: THE schema. */
export const CONTRACT = {
  ...SYSTEM_CALLS,
  ...FLEET_CALLS,
  ...QUEUE_CALLS,
  ...LIBRARY_CALLS,
  ...FILE_CALLS,
  ...VAULT_CALLS,
  ...JOB_CALLS,
  ...ACCESS_CALLS,
};
export type Contract = typeof CONTRACT;
export type CallName = keyof Contract;
export type Input<N extends CallName> = z.input<Contract[N]['input']>;
export type Parsed<N extends CallName> = z.output<Contract[N]['input']>;
export type Output<N extends CallName> = z.output<Contract[N]['output']>;
/** Makes a call, in process or over the network. */
export type Caller = <N extends CallName>(name: N, input: Input<N>) => Promise<Output<N>>;
/** The functions behind the contract. */
export type Handlers = { [N in CallName]: (input: Parsed<N>, actor: Actor) => Output<N> | Promise<Output<N>> };

/** A file whose state changed, with all that a list shows of it. */
export const FileChanged = FileView.extend({ root: z.string() });
export type FileChanged = z.infer<typeof FileChanged>;

/** What the master tells its users as it happens. */
export interface Events {
  /** A file got another state. */
  file: FileChanged;
  /** A running task moved on. */
  progress: RunningView;
  /** Work can be had: an idle worker asks again. */
  work: Record<string, never>;
  /** Replacements that wait are to be tried again. */
  retry: Record<string, never>;
  /** Everything found has been looked into. */
  probed: Record<string, never>;
  /** Nothing is left to do at present. */
  idle: Record<string, never>;
  /** Files came, went or moved within the lists without another state. */
  listed: Record<string, never>;
  /** A library was paused or taken up again. */
  library: LibraryView;
  /** No work is given out or done any more, or again: the reason, or null. */
  paused: { reason: string | null };
  /** For one worker: see {@link WorkerEvents}. */
  revoked: Lease & { worker: string };
  orders: Orders & { worker: string };
  /** A worker came, went or changed. */
  worker: WorkerView;
  /** A worker was removed. */
  removed: { worker: string };
  /** How it stands with the master that this computer works for. */
  master: { master: MasterView | null };
  /** The computers that ask to become workers are others now. */
  pairing: { requests: PairingView[] };
  /** Libraries came, went or took others over, or a scan of one began or ended. */
  libraries: Record<string, never>;
  /**
   * What is others now than in the snapshot or delta before, each part whole; a gap in the revisions asks for a new snapshot.
   * `files` are those that changed; with `many` they were too many to tell, and lists look again.
   */
  delta: Partial<Live> & { revision: number; files: FileView[]; many: boolean };
  /** Settings or lookup tables are others now. */
  settings: Record<string, never>;
  /** How far the sample of a file is. */
  sample: { file: number; progress: Progress };
  /** Something a user should know, as one sentence. */
  notice: { level: 'info' | 'warn'; text: string };
}
export type EventName = keyof Events;

/** What the master tells a worker as it happens. */
export const WORKER_EVENTS = {
  /** Work can be had: an idle worker asks again. */
  work: z.object({}),
  /** A lease of it is lost: what is done under it is in vain. */
  revoked: Lease,
  /** Its settings or its mode are others now. */
  orders: Orders,
};
export type WorkerEvents = { [E in keyof typeof WORKER_EVENTS]: z.infer<(typeof WORKER_EVENTS)[E]> };
export type WorkerEventName = keyof WorkerEvents;
