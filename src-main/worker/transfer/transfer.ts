import type { Grant, Progress } from '../../../src-shared/jobs/lease.ts';
import type { ByteRange } from '../../../src-shared/util/byte-ranges.ts';
import type { Conversion } from '../encode/converter.ts';
import type { FetchedBytes } from './fetched-bytes.ts';

export type Result = Extract<Conversion, { kind: 'result' }>;

/** Destination, abort signal, and progress listener of a transfer. */
export interface TransferWork {
  /** The lease's own folder, which is gone with the lease. */
  folder: string;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** Fetches some bytes of an original to their places in a file that has holes elsewhere. */
export interface PartialFetch {
  wanted: readonly ByteRange[];
  /** Those that were fetched before, to which new ones are added; none as long as the original is read in place. */
  fetched: FetchedBytes;
}

/** How a worker gets at originals and hands results over: in place here, over the network elsewhere. */
export interface Transfer {
  /** Videos that may be under way beside those that are encoded, one to come and the others to go; 0 where nothing travels. */
  readonly ahead: number;
  /** @param rate bytes a second, each way; null is no limit */
  limit(rate: number | null): void;
  /** Bytes that `source` writes at the most: 0 where originals are read in place. */
  needs(grant: Grant): Promise<number>;
  /**
   * Absolute path of the original on this computer, fetched into `work.folder` where it cannot be read in place; it waits by
   * itself for the connection.
   * @param part what has to be there of a file that is fetched; all of it by default
   * @throws Fault `node` when it is out of reach, `fenced` when the lease is lost
   */
  source(grant: Grant, work: TransferWork, part?: PartialFetch): Promise<string>;
  /** False when the original can no longer be read at the path that `source` returned, for example because its storage is gone. */
  holds(grant: Grant, source: string): Promise<boolean>;
  /** Sees to it that nothing more comes from the storage of an original that is out of reach; without it this computer is at fault. */
  lost?(grant: Grant): void;
  /**
   * Resolves when the master has the result and needs nothing else; resumes where an earlier call for the same lease stopped,
   * even before a restart.
   * @throws Fault `node` when the master can't be reached or can't accept it now, `fenced` when it came too late
   */
  deliver(grant: Grant, result: Result, work: TransferWork): Promise<void>;
}
