import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { app } from 'electron';
import type { Caller, EventName, Events } from '../../src-shared/contract.ts';
import type { ProgramFunctions, ThreadData, ThreadFunctions } from './node-channel.ts';
import { desktopSignals } from './power.ts';

/** The node of this program, which lives in a thread of its own. */
export interface DesktopNode {
  /** Origin of the interface. */
  url: string;
  /** Its address, to which those of pages are added. */
  home: string;
  /** The early page is this node's. */
  early: boolean;
  /** Lets the node begin its scans and conversions, which wait for the page of the window. */
  takeUpWork: () => void;
  call: Caller;
  /** Listens to an event; returns how to stop listening. */
  on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => () => void;
  /** Makes a key for `#token=` behind the address: it lets in once. */
  makeKey: () => Promise<string>;
  /** Films in the hands of this computer, for itself or for a master on another one. */
  holds: () => Promise<number>;
  /** This computer takes no more work until {@link carryOn}; resolves when what it holds is done. */
  windDown: () => Promise<void>;
  carryOn: () => void;
  /** Ends all work without a trace but the database; what was running is queued again. */
  stop: () => Promise<void>;
}

/** The page before its node. */
export interface EarlyPage {
  /** The address below which it is. */
  home: string;
  /** For `#token=`: lets it in once, when the node is there. */
  key: string;
}

/** A node that starts. */
export interface StartingNode {
  /** Resolves as soon as its interface can be seen. @throws Error with a sentence for the user when it cannot start */
  node: Promise<DesktopNode>;
  /** Resolves where the page can be loaded before that. */
  early: Promise<EarlyPage>;
  /** Resolves when it cannot take up work, or ends by itself. */
  crashed: Promise<Error>;
}

/** Starts a serving node. */
export function startDesktopNode(dataDir: string): StartingNode {
  const workerData: ThreadData = { dataDir, resources: process.resourcesPath };
  const thread = new Worker(new URL('./node-thread.js', import.meta.url), { workerData });
  const { promise: early, resolve: tellEarly } = Promise.withResolvers<EarlyPage>();
  const { promise: crashed, resolve: crash } = Promise.withResolvers<Error>();
  const events = new EventEmitter();
  const heard = new Set<EventName>();
  const functions: ProgramFunctions = {
    failed: (reason) => crash(new Error(reason)),
    early: (home, key) => tellEarly({ home, key }),
    heard: (event, payload) => void events.emit(event, payload),
    sense: async (signal) => {
      await app.whenReady();
      return desktopSignals()[signal]?.();
    },
  };
  const node = createBirpc<ThreadFunctions, ProgramFunctions>(functions, {
    post: (message) => thread.postMessage(message),
    on: (listener) => thread.on('message', listener),
    timeout: -1,
  });
  let ended = false;
  const end = (error: Error) => {
    if (ended) return;
    ended = true;
    node.$close(error);
    crash(error);
  };
  thread.on('error', end);
  thread.on('exit', () => end(new Error('Flotilla ended by itself; start it again.')));
  const running = async (): Promise<DesktopNode> => ({
    ...(await node.start()),
    takeUpWork: () => void node.takeUpWork.asEvent().catch(() => undefined),
    call: node.call as Caller,
    on: (event, listener) => {
      if (!heard.has(event)) node.listen.asEvent(event);
      heard.add(event);
      events.on(event, listener);
      return () => void events.off(event, listener);
    },
    makeKey: () => node.makeKey(),
    holds: () => node.holds(),
    windDown: () => node.windDown(),
    carryOn: () => void node.carryOn.asEvent(),
    stop: async () => {
      await node.stop();
      ended = true;
      await thread.terminate();
    },
  });
  return { node: running(), early, crashed };
}
