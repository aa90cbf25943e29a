import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { app } from 'electron';
import type { Caller, EventName, Events } from '../../../src-shared/contract/index.ts';
import type { Holding } from '../../worker/worker.ts';
import { desktopSignals } from '../system/power.ts';
import type { ProgramFunctions, ThreadData, ThreadFunctions } from './node-channel.ts';

/** How long a thread whose work is over may take to end, in ms. */
const TERMINATE_MS = 5000;

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
  /** Creates a key for `#token=` in the address: it signs in once. */
  makeKey: () => Promise<string>;
  /** Videos in the hands of this computer, for itself or for a master on another one. */
  holding: () => Promise<Holding>;
  /** Stops taking work until {@link resume}; resolves when the held tasks are done. */
  drain: () => Promise<void>;
  resume: () => void;
  /**
   * Stops all work, leaving nothing but the database; running jobs are queued again.
   * @returns false when calls to an unresponsive disk block its thread, and therefore the program
   */
  stop: () => Promise<boolean>;
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
  /** Resolves when it can't start work, or ends unexpectedly. */
  crashed: Promise<Error>;
}

/** Starts a serving node. */
export function startDesktopNode(dataDir: string): StartingNode {
  const workerData: ThreadData = { dataDir, resources: process.resourcesPath };
  const thread = new Worker(new URL('./node-thread.js', import.meta.url), { workerData });
  const { promise: early, resolve: resolveEarly } = Promise.withResolvers<EarlyPage>();
  const { promise: crashed, resolve: crash } = Promise.withResolvers<Error>();
  const events = new EventEmitter();
  const subscribed = new Set<EventName>();
  const functions: ProgramFunctions = {
    failed: (reason) => crash(new Error(reason)),
    early: (home, key) => resolveEarly({ home, key }),
    emit: (event, payload) => void events.emit(event, payload),
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
  thread.on('exit', () => end(new Error('Flotilla stopped unexpectedly. Start it again.')));
  const running = async (): Promise<DesktopNode> => ({
    ...(await node.start()),
    takeUpWork: () => void node.takeUpWork.asEvent().catch(() => undefined),
    call: node.call as Caller,
    on: (event, listener) => {
      if (!subscribed.has(event)) node.listen.asEvent(event);
      subscribed.add(event);
      events.on(event, listener);
      return () => void events.off(event, listener);
    },
    makeKey: () => node.makeKey(),
    holding: () => node.holding(),
    drain: () => node.drain(),
    resume: () => void node.resume.asEvent(),
    stop: async () => {
      await node.stop();
      ended = true;
      const terminated = thread.terminate().then(() => true);
      return Promise.race([terminated, delay(TERMINATE_MS, false)]);
    },
  });
  return { node: running(), early, crashed };
}
