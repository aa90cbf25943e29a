import type { CallName, EventName } from '../../src-shared/contract.ts';
import type { DisturbanceSignals } from '../worker/disturbance.ts';

/** What the node's thread is started with. */
export interface ThreadData {
  dataDir: string;
  /** Where the installed app keeps what it brings: Electron tells its main thread only. */
  resources: string;
}

/** What the node's thread does for the program. */
export interface ThreadFunctions {
  /** @returns as soon as the interface can be seen: its origin, its address with what a proxy has it below, and whether that is where the early page is */
  start: () => Promise<{ url: string; home: string; early: boolean }>;
  /** Lets the node begin its scans and conversions, which wait for the page of the window. */
  takeUpWork: () => void;
  call: (name: CallName, input: unknown) => Promise<unknown>;
  /** From now on the program is told of this event. */
  listen: (event: EventName) => void;
  makeKey: () => string;
  holds: () => number;
  windDown: () => Promise<void>;
  carryOn: () => void;
  stop: () => Promise<void>;
}

/** What the program does for the node's thread. */
export interface ProgramFunctions {
  /** What was started could not take up work: a sentence for the user. */
  failed: (reason: string) => void;
  /** The page is there before the node, at this address, and this key will let it in once. */
  early: (home: string, key: string) => void;
  heard: (event: EventName, payload: unknown) => void;
  /** What only Electron can tell of the user and of power. */
  sense: (signal: keyof DisturbanceSignals) => Promise<number | boolean | undefined>;
}
