import type { Hello } from '../../../src-shared/fleet/protocol.ts';
import type { WorkerMode, WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';

/** A worker as the master has stored it. */
export interface Member {
  id: string;
  name: string;
  /** True for the worker in the master's own process. */
  local: boolean;
  mode: WorkerMode;
  settings: WorkerSettings;
  hello: Hello | null;
  /** Milliseconds since 1970. */
  addedAt: number;
  seenAt: number | null;
}
