import type { CallName, EventName } from '../../../src-shared/contract/index.ts';
import type { DisturbanceSignals } from '../../platform/activity-types.ts';
import type { Holding } from '../../worker/worker.ts';

/** Start parameters of the node's thread. */
export interface ThreadData {
  dataDir: string;
  /** Where the installed app keeps its resources, which Electron reveals to its main thread only. */
  resources: string;
}

/** Functions of the node's thread that the program calls. */
export interface ThreadFunctions {
  /** @returns as soon as the interface is reachable: its origin, its address with the base path, and whether the early page is there */
  start: () => Promise<{ url: string; home: string; early: boolean }>;
  /** Lets the node begin its scans and conversions, which wait for the page of the window. */
  takeUpWork: () => void;
  call: (name: CallName, input: unknown) => Promise<unknown>;
  /** Forwards this event to the program from now on. */
  listen: (event: EventName) => void;
  makeKey: () => string;
  holding: () => Holding;
  drain: () => Promise<void>;
  resume: () => void;
  stop: () => Promise<void>;
}

/** Functions of the program that the node's thread calls. */
export interface ProgramFunctions {
  /** The started node couldn't begin its work: a sentence for the user. */
  failed: (reason: string) => void;
  /** The page is there before the node, at this address, and this key will let it in once. */
  early: (home: string, key: string) => void;
  emit: (event: EventName, payload: unknown) => void;
  /** Signals about the user and power that only Electron provides. */
  sense: (signal: keyof DisturbanceSignals) => Promise<number | boolean | undefined>;
}
