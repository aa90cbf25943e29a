/**
 * The thread that the node lives in. Nothing that the node does keeps the window, its menus or the tray waiting, and it starts
 * while Chromium does.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { SHUTTING_DOWN } from '../../../src-shared/text/messages.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { NodeConfig, RunningNode } from '../../app/types.ts';
import type { DisturbanceSignals } from '../../platform/activity-types.ts';
import { dataPaths } from '../../platform/data-paths.ts';
import { EarlyServer } from '../../server/web/early-server.ts';
import { readLastEndpoint, writeLastEndpoint } from './last-endpoint.ts';
import type { ProgramFunctions, ThreadData, ThreadFunctions } from './node-channel.ts';

const port = parentPort as MessagePort;
const { dataDir, resources } = workerData as ThreadData;
const endpointFile = dataPaths(dataDir).endpoint;
let node: RunningNode | undefined;
let starting: Promise<void> | undefined;
const { promise: timeForWork, resolve: takeUpWork, reject: giveUpWork } = Promise.withResolvers<void>();
let stopping = false;
let door: EarlyServer | undefined;

/** @throws Fault before the node has started */
function running(): RunningNode {
  if (!node) throw new Fault('conflict', "Flotilla hasn't started yet.");
  return node;
}

const functions: ThreadFunctions = {
  start: () =>
    new Promise((resolve, reject) => {
      const onServing = (serving: RunningNode) => {
        node = serving;
        resolve({ url: serving.url as string, home: serving.home(), early: door?.taken ?? false });
        return Promise.all([timeForWork, writeLastEndpoint(endpointFile, serving.settings.values)]);
      };
      starting = startServing(onServing);
      starting.catch((error) => {
        reject(error);
        if (node && !stopping) program.failed.asEvent(messageOf(error));
      });
    }),
  takeUpWork,
  call: async (name, input) => (running().call as (...args: Parameters<Caller>) => unknown)(name, input as never),
  listen: (event) => void running().on(event, (payload) => program.emit.asEvent(event, payload)),
  makeKey: () => running().makeKey(),
  holding: () => running().holding(),
  drain: () => running().drain(),
  resume: () => running().resume(),
  stop: async () => {
    stopping = true;
    // One that has not begun to work need not begin; half of the rest of a start cannot be stopped.
    giveUpWork(new Fault('conflict', SHUTTING_DOWN));
    timeForWork.catch(() => undefined);
    await starting?.catch(() => undefined);
    await running().stop();
  },
};

const program = createBirpc<ProgramFunctions, ThreadFunctions>(functions, {
  post: (message) => port.postMessage(message),
  on: (listener) => port.on('message', listener),
  timeout: -1,
});

const signals: DisturbanceSignals = {
  idleSeconds: () => program.sense('idleSeconds') as Promise<number | undefined>,
  onBattery: () => program.sense('onBattery') as Promise<boolean | undefined>,
  fullScreen: () => program.sense('fullScreen') as Promise<boolean | undefined>,
};

/**
 * Starts a serving node. Where its port is taken by another program it takes a free one: a window finds it anyway.
 * @throws Fault with a sentence for the user when it cannot start
 */
async function startServing(onServing: (node: RunningNode) => Promise<unknown>): Promise<void> {
  const endpoint = await readLastEndpoint(endpointFile);
  // The node meets the same obstacle and reports it.
  door = endpoint && (await EarlyServer.open(endpoint).catch(() => undefined));
  if (door) program.early.asEvent(door.home, door.key);
  // Not before: the page builds itself while this is loaded.
  const { startNode } = await import('../../app/start-node.ts');
  const config: NodeConfig = {
    ...{ dataDir, env: process.env, serve: true, signals, resources, onServing },
    ...(door && { door }),
  };
  try {
    await startNode(config);
  } catch (error) {
    if (node || !(error instanceof Fault && error.code === 'conflict')) throw error;
    await startNode({ ...config, flags: { webPort: 0 } });
  }
}
