import type { Actor, CallName, Handlers } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import type { WorkerView } from '../../src-shared/fleet-view.ts';
import type { Greeting } from '../../src-shared/protocol.ts';
import type { WorkerMode, WorkerSettings } from '../../src-shared/worker-info.ts';
import { ownAddress } from '../computer.ts';
import type { WorkerRow, WorkerTable } from '../db/workers.ts';
import type { MasterContext } from '../master/context.ts';
import { type Dispatcher, workerOf } from '../master/dispatcher.ts';
import type { Asker, Pairing } from '../master/pairing.ts';
import type { Membership } from '../membership.ts';

/** Letters of an id that are enough to name a worker. */
const SHORTEST_ID = 6;

/** What the calls about workers act on. */
export interface FleetParts {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  workers: WorkerTable;
  pairing: Pairing;
  greeting: Greeting;
  fingerprint: string;
  /** Where other computers are awaited now; null when they are not. */
  lanPort: () => number | null;
  /** Where other computers find the page; null when they do not. */
  webPort: () => number | null;
  /** What works for a master on another computer. */
  membership: Membership;
  /** Ends every connection of the computer with this certificate now. */
  cut: (fingerprint: string) => void;
}

type Changes = { [K in keyof WorkerSettings]?: WorkerSettings[K] | undefined };

/** Changes without those that are none. */
function given(changes: Changes): Partial<WorkerSettings> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

type FleetCall = Extract<
  CallName,
  'hello' | `invite.${string}` | `pair.${string}` | `master.${string}` | `worker.${string}`
>;

/** The functions behind the calls about joining and about workers. */
export function makeFleetHandlers(parts: FleetParts): Pick<Handlers, FleetCall> {
  const { ctx, dispatcher, workers, pairing } = parts;
  const setMode = (name: string, mode: WorkerMode) => {
    const { id } = findWorker(workers, name);
    workers.setMode(id, mode);
    dispatcher.fleet.changed(id);
    return {};
  };
  const change = ({ id, settings }: WorkerRow, changes: Changes) => {
    workers.setSettings(id, { ...settings, ...given(changes) });
    dispatcher.fleet.changed(id);
  };
  return {
    hello: () => ({
      ...parts.greeting,
      fingerprint: parts.fingerprint,
      address: ownAddress(),
      lanPort: parts.lanPort(),
      webPort: parts.webPort(),
    }),
    'pair.ask': ({ commitment }, actor) => pairing.ask(asker(actor), commitment),
    'pair.reveal': ({ request, nonce }, actor) => pairing.reveal(asker(actor), request, nonce),
    'pair.wait': async ({ request }, actor) => ({ outcome: await pairing.wait(asker(actor), request) }),
    'pair.list': () => pairing.list(),
    'pair.approve': ({ code }) => viewOf(dispatcher, pairing.approve(code)),
    'pair.refuse': ({ code }) => {
      pairing.refuse(code);
      return {};
    },
    'invite.create': ({ minutes }) => pairing.invite(minutes),
    'invite.redeem': async ({ secret }, actor) => {
      await pairing.redeem(asker(actor), secret);
      return {};
    },
    'invite.prove': ({ proof }, actor) => pairing.prove(asker(actor), proof),
    'master.search': async ({ seconds }) => {
      // Loaded by those only that look or let themselves be found.
      const { search } = await import('../discovery.ts');
      return search(seconds, (text) => ctx.emit('notice', { level: 'warn', text }));
    },
    'master.get': () => parts.membership.view,
    'master.join': ({ address, token }) => {
      // How it ends is told by its view.
      parts.membership.begin({ address, token }).catch(() => undefined);
      return parts.membership.view;
    },
    'master.tune': ({ settings }) => {
      parts.membership.tune(given(settings));
      return {};
    },
    'master.leave': async () => {
      await parts.membership.leave();
      return {};
    },
    'worker.list': () => dispatcher.fleet.views(),
    'worker.pause': ({ worker }) => setMode(worker, 'paused'),
    'worker.drain': ({ worker }) => setMode(worker, 'draining'),
    'worker.resume': ({ worker }) => {
      dispatcher.fleet.recovered(findWorker(workers, worker).id, false);
      return setMode(worker, 'active');
    },
    'worker.remove': ({ worker }) => {
      const row = findWorker(workers, worker);
      if (row.local) throw new Fault('conflict', `${row.name} is this computer; pause it instead.`);
      // Unknown first, so that nothing of it is let in again, then its tasks, then its connections.
      workers.remove(row.id);
      dispatcher.dismiss(row.id);
      parts.cut(row.fingerprint);
      ctx.emit('removed', { worker: row.id });
      return {};
    },
    'worker.tune': ({ settings }, actor) => {
      const worker = workers.get(workerOf(actor));
      if (!worker) throw new Fault('denied', 'This computer is no worker here any more.');
      change(worker, settings);
      return {};
    },
    'worker.prove': ({ problem }, actor) => {
      dispatcher.trials.ended(workerOf(actor), problem);
      return {};
    },
    'worker.set': ({ worker, name, settings }) => {
      const row = findWorker(workers, worker);
      if (name !== undefined && !workers.rename(row.id, name)) {
        throw new Fault('conflict', `There is another worker called ${name}; choose another name.`);
      }
      change(row, settings ?? {});
      return viewOf(dispatcher, row);
    },
  };
}

function asker(actor: Actor): Asker {
  if (actor.kind !== 'stranger') throw new Fault('denied', 'Only another computer can ask to become a worker.');
  return actor;
}

/** The worker with exactly this id, or else with exactly this name, or else the only one whose id begins so. */
export function findWorker(workers: WorkerTable, wanted: string): WorkerRow {
  const all = workers.all();
  const beginning = wanted.length >= SHORTEST_ID ? all.filter(({ id }) => id.startsWith(wanted)) : [];
  const worker =
    workers.get(wanted) ??
    all.find(({ name }) => name === wanted) ??
    (beginning.length === 1 ? beginning[0] : undefined);
  if (!worker)
    throw new Fault('missing', `There is no worker called ${wanted}; flotilla workers list shows their names.`);
  return worker;
}

function viewOf(dispatcher: Dispatcher, { id, name }: WorkerRow): WorkerView {
  const view = dispatcher.fleet.view(id);
  if (!view) throw new Fault('missing', `There is no worker called ${name} any more.`);
  return view;
}
