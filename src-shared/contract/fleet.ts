import { z } from 'zod';
import { ComputerName } from '../fleet/protocol.ts';
import { WorkerSettings } from '../fleet/worker-info.ts';
import { line, Reason } from '../util/plain-text.ts';
import { changing, done, none, reading } from './call.ts';
import { MasterView, PairingOutcome, PairingView, SeenMaster, WorkerView } from './fleet-view.ts';

/** 256 random bits, or their hash, in base64url. */
const Nonce = z.string().regex(/^[\w-]{43}$/);
const PairingCode = z.string().regex(/^\d{6}$/);
const WorkerName = z.string().min(1).max(100);
/** Of a computer that asks; `randomUUID`. */
const Request = z.string().regex(/^[\da-f-]{36}$/);

/** Pairing and joining, and what a master and its workers call afterward. */
export const FLEET_CALLS = {
  'pair.ask': changing(
    'stranger',
    "Ask to become a worker: the hash of a nonce against the master's nonce",
    z.strictObject({ commitment: Nonce }),
    z.object({ request: z.string(), nonce: Nonce }),
  ),
  'pair.reveal': changing(
    'stranger',
    'Open the commitment, so that both sides can show the same six digits',
    z.strictObject({ request: Request, nonce: Nonce }),
    z.object({ expiresIn: z.number() }),
  ),
  'pair.wait': changing(
    'stranger',
    "Wait for the decision of the master's user",
    z.strictObject({ request: Request }),
    z.object({ outcome: PairingOutcome }),
  ),
  'invite.redeem': changing(
    'stranger',
    'Become a worker with the secret of a join token',
    z.strictObject({ secret: z.string().regex(/^[\w-]{1,100}$/) }),
    done,
  ),
  'invite.prove': changing(
    'stranger',
    'Become a worker by proving knowledge of the join secret; the master proves it in return',
    z.strictObject({ proof: z.string().regex(/^[\w-]{1,100}$/) }),
    z.object({ proof: z.string() }),
  ),
  'pair.list': reading('user', 'Computers that ask to become workers', none, z.array(PairingView)),
  'pair.approve': changing(
    'user',
    'Approve the computer that shows these six digits as a worker',
    z.strictObject({ code: PairingCode }),
    WorkerView,
  ),
  'pair.refuse': changing('user', 'Reject a computer', z.strictObject({ code: PairingCode }), done),
  'invite.create': changing(
    'user',
    'Create a join token, which lets one computer join without comparing digits',
    z.strictObject({ minutes: z.int().min(1).max(10_080).default(60) }),
    z.object({ token: z.string(), expiresAt: z.number() }),
  ),
  'master.search': reading(
    'user',
    'Find masters on the network',
    z.strictObject({ seconds: z.number().min(0.1).max(30).default(3) }),
    z.array(SeenMaster),
  ),
  'master.get': reading('user', 'The master that this computer works for', none, MasterView.nullable()),
  'master.join': changing(
    'user',
    'Work for the master at an address, with a join token or by six digits; the event `master` reports the progress',
    z.strictObject({ address: line(300).min(1), token: line(100).min(1).optional() }),
    MasterView.nullable(),
  ),
  'master.tune': changing(
    'user',
    'Change the limits of this computer as a worker, as worker.set does on its master',
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'master.leave': changing('user', 'Stop working for a master on another computer', none, done),
  'worker.list': reading('user', 'All workers, including this computer', none, z.array(WorkerView)),
  'worker.pause': changing(
    'user',
    'Pause a worker (by name or ID); its jobs are finished later',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.drain': changing(
    'user',
    'Drain a worker: it finishes its jobs and gets no more',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.resume': changing('user', 'Resume a worker', z.strictObject({ worker: WorkerName }), done),
  'worker.remove': changing(
    'user',
    'Remove a worker: closes its connections and reassigns its jobs',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.tune': changing(
    'worker',
    "Change the worker's own settings, as worker.set does on the master",
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'worker.prove': changing(
    'worker',
    'Report whether the self-test passed',
    z.strictObject({ problem: Reason.nullable() }),
    done,
  ),
  'worker.set': changing(
    'user',
    'Rename a worker or change its settings',
    z.strictObject({
      worker: WorkerName,
      name: ComputerName.optional(),
      settings: WorkerSettings.partial().optional(),
    }),
    WorkerView,
  ),
};
