import { z } from 'zod';
import { MasterView, PairingOutcome, PairingView, SeenMaster, WorkerView } from '../fleet-view.ts';
import { line, Reason } from '../plain-text.ts';
import { ComputerName } from '../protocol.ts';
import { WorkerSettings } from '../worker-info.ts';
import { changing, done, none, reading } from './call.ts';

/** 256 random bits, or their hash, in base64url. */
const Nonce = z.string().regex(/^[\w-]{43}$/);
const PairingCode = z.string().regex(/^\d{6}$/);
const WorkerName = z.string().min(1).max(100);
/** Of a computer that asks; `randomUUID`. */
const Request = z.string().regex(/^[\da-f-]{36}$/);

/** How computers become acquainted, and how a master and its workers go on. */
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
    'Wait for what the user of the master decides',
    z.strictObject({ request: Request }),
    z.object({ outcome: PairingOutcome }),
  ),
  'invite.redeem': changing(
    'stranger',
    'Become a worker with the secret of an invitation',
    z.strictObject({ secret: z.string().regex(/^[\w-]{1,100}$/) }),
    done,
  ),
  'invite.prove': changing(
    'stranger',
    'Become a worker by proving to know the secret that the master was started with; the master proves it in return',
    z.strictObject({ proof: z.string().regex(/^[\w-]{1,100}$/) }),
    z.object({ proof: z.string() }),
  ),
  'pair.list': reading('user', 'Computers that ask to become workers', none, z.array(PairingView)),
  'pair.approve': changing(
    'user',
    'Make the computer that shows these six digits a worker',
    z.strictObject({ code: PairingCode }),
    WorkerView,
  ),
  'pair.refuse': changing('user', 'Turn a computer away', z.strictObject({ code: PairingCode }), done),
  'invite.create': changing(
    'user',
    'Make a token that lets one computer in without a look at six digits',
    z.strictObject({ minutes: z.int().min(1).max(10_080).default(60) }),
    z.object({ token: z.string(), expiresAt: z.number() }),
  ),
  'master.search': reading(
    'user',
    'Look for masters on the network',
    z.strictObject({ seconds: z.number().min(0.1).max(30).default(3) }),
    z.array(SeenMaster),
  ),
  'master.get': reading('user', 'The master that this computer works for', none, MasterView.nullable()),
  'master.join': changing(
    'user',
    'Work for the master at an address, with a join token or by six digits; the event `master` tells how it goes',
    z.strictObject({ address: line(300).min(1), token: line(100).min(1).optional() }),
    MasterView.nullable(),
  ),
  'master.tune': changing(
    'user',
    'Change how much of this computer its master uses, as worker.set does there',
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'master.leave': changing('user', 'Work for no master on another computer any more', none, done),
  'worker.list': reading('user', 'All workers, this computer among them', none, z.array(WorkerView)),
  'worker.pause': changing(
    'user',
    'Give a worker (by name or id) no more work; what it holds is finished later',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.drain': changing(
    'user',
    'Let a worker finish what it holds and give it no more',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.resume': changing('user', 'Give a worker work again', z.strictObject({ worker: WorkerName }), done),
  'worker.remove': changing(
    'user',
    'Forget a worker: its connections end and what it holds goes to others',
    z.strictObject({ worker: WorkerName }),
    done,
  ),
  'worker.tune': changing(
    'worker',
    'Change its own settings, as worker.set does on the master',
    z.strictObject({ settings: WorkerSettings.partial() }),
    done,
  ),
  'worker.prove': changing(
    'worker',
    'Tell whether a picture that is known to be good could be converted',
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
