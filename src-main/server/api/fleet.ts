import type { FLEET_CALLS } from '../../../src-shared/contract/fleet.ts';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import type { Actor, Handlers } from '../../../src-shared/contract/index.ts';
import type { WorkerMode, WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { WorkerRow, WorkerTable } from '../../db/tables/workers.ts';
import type { MasterContext } from '../../master/context.ts';
import type { Applicant, Pairing } from '../../master/pairing.ts';
import type { Dispatcher } from '../../master/queue/dispatcher.ts';
import type { Membership } from '../../worker/session/membership.ts';
import { workerOf } from './caller.ts';

/** Letters of an id that are enough to name a worker. */
const MIN_ID_LENGTH = 6;

export interface FleetHandlerParts {
  ctx: MasterContext;
  dispatcher: Dispatcher;
  workers: WorkerTable;
  pairing: Pairing;
  /** The session with the remote master that this computer works for. */
  membership: Membership;
  /** The server for workers; `cut` ends every connection of a certificate. */
  lan: { cut(fingerprint: string): void };
}

type Changes = { [K in keyof WorkerSettings]?: WorkerSettings[K] | undefined };

/** Changes without those that are none. */
function given(changes: Changes): Partial<WorkerSettings> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/** Returns the handlers for pairing, workers, and the master that this computer works for. */
export function fleetHandlers(parts: FleetHandlerParts): Pick<Handlers, keyof typeof FLEET_CALLS> {
  const { ctx, dispatcher, workers, pairing } = parts;
  const setMode = (name: string, mode: WorkerMode) => {
    const { id } = findWorker(workers, name);
    workers.setMode(id, mode);
    dispatcher.workers.changed(id);
    return {};
  };
  const change = ({ id, settings }: WorkerRow, changes: Changes) => {
    workers.setSettings(id, { ...settings, ...given(changes) });
    dispatcher.workers.changed(id);
  };
  return {
    'pair.ask': ({ commitment }, actor) => pairing.ask(applicant(actor), commitment),
    'pair.reveal': ({ request, nonce }, actor) => pairing.reveal(applicant(actor), request, nonce),
    'pair.wait': async ({ request }, actor) => ({ outcome: await pairing.wait(applicant(actor), request) }),
    'pair.list': () => pairing.list(),
    'pair.approve': ({ code }) => viewOf(dispatcher, pairing.approve(code)),
    'pair.refuse': ({ code }) => {
      pairing.refuse(code);
      return {};
    },
    'invite.create': ({ minutes }) => pairing.invite(minutes),
    'invite.redeem': async ({ secret }, actor) => {
      await pairing.redeem(applicant(actor), secret);
      return {};
    },
    'invite.prove': ({ proof }, actor) => pairing.prove(applicant(actor), proof),
    'master.search': async ({ seconds }) => {
      // Loaded by those only that look or let themselves be found.
      const { search } = await import('../../lan/discovery.ts');
      return search(seconds, (text) => ctx.emit('notice', { level: 'warn', text }));
    },
    'master.get': () => parts.membership.view,
    'master.join': ({ address, token }) => {
      // Its view shows how it ends.
      parts.membership.join({ address, token }).catch(() => undefined);
      return parts.membership.view;
    },
    'master.tune': ({ settings }) => {
      parts.membership.updateSettings(given(settings));
      return {};
    },
    'master.leave': async () => {
      await parts.membership.leave();
      return {};
    },
    'worker.list': () => dispatcher.workers.views(),
    'worker.pause': ({ worker }) => setMode(worker, 'paused'),
    'worker.drain': ({ worker }) => setMode(worker, 'draining'),
    'worker.resume': ({ worker }) => {
      dispatcher.breaker.reset(findWorker(workers, worker).id);
      return setMode(worker, 'active');
    },
    'worker.remove': ({ worker }) => {
      const row = findWorker(workers, worker);
      if (row.local) throw new Fault('conflict', `${row.name} is this computer; pause it instead.`);
      // Removed from the database first, so that it can't reconnect, then its tasks, then its connections.
      workers.remove(row.id);
      dispatcher.removeWorker(row.id);
      parts.lan.cut(row.fingerprint);
      ctx.emit('removed', { worker: row.id });
      return {};
    },
    'worker.tune': ({ settings }, actor) => {
      const worker = workers.get(workerOf(actor));
      if (!worker) throw new Fault('denied', 'This computer is no longer a worker here.');
      change(worker, settings);
      return {};
    },
    'worker.prove': ({ problem }, actor) => {
      dispatcher.breaker.recordSelfTest(workerOf(actor), problem);
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

function applicant(actor: Actor): Applicant {
  if (actor.kind !== 'stranger') throw new Fault('denied', 'Only another computer can ask to become a worker.');
  return actor;
}

/** The worker with exactly this id, or else with exactly this name, or else the only one whose id begins so. */
export function findWorker(workers: WorkerTable, wanted: string): WorkerRow {
  const all = workers.all();
  const beginning = wanted.length >= MIN_ID_LENGTH ? all.filter(({ id }) => id.startsWith(wanted)) : [];
  const worker =
    workers.get(wanted) ??
    all.find(({ name }) => name === wanted) ??
    (beginning.length === 1 ? beginning[0] : undefined);
  if (!worker)
    throw new Fault('missing', `There is no worker called ${wanted}; flotilla workers list shows their names.`);
  return worker;
}

function viewOf(dispatcher: Dispatcher, { id, name }: WorkerRow): WorkerView {
  const view = dispatcher.workers.view(id);
  if (!view) throw new Fault('missing', `There is no worker called ${name}.`);
  return view;
}
