import type { z } from 'zod';
import type { Hello } from '../fleet/protocol.ts';
import { ACCESS_CALLS } from './access.ts';
import { BACKUP_CALLS } from './backup.ts';
import { CHUNK_CALLS } from './chunks.ts';
import { FILE_CALLS } from './files.ts';
import { FLEET_CALLS } from './fleet.ts';
import { FORECAST_CALLS } from './forecast.ts';
import { HISTORY_CALLS } from './history.ts';
import { JOB_CALLS } from './jobs.ts';
import { LIBRARY_CALLS } from './libraries.ts';
import { LOG_CALLS } from './logs.ts';
import { QUEUE_CALLS } from './queue.ts';
import { SYSTEM_CALLS } from './system.ts';
import { VAULT_CALLS } from './vault.ts';

/** Who makes a call; a computer's certificate has proved who it is. */
export type Actor =
  | { kind: 'user' }
  | { kind: 'worker'; worker: string; name: string }
  | { kind: 'stranger'; fingerprint: string; address: string; hello: Hello };

/** The user at this computer, or its own components. */
export const USER: Actor = { kind: 'user' };

/** Every call between the interface or a worker and the master: THE schema. */
export const CONTRACT = {
  ...SYSTEM_CALLS,
  ...FLEET_CALLS,
  ...QUEUE_CALLS,
  ...LIBRARY_CALLS,
  ...FILE_CALLS,
  ...FORECAST_CALLS,
  ...VAULT_CALLS,
  ...JOB_CALLS,
  ...CHUNK_CALLS,
  ...ACCESS_CALLS,
  ...BACKUP_CALLS,
  ...HISTORY_CALLS,
  ...LOG_CALLS,
};
export type Contract = typeof CONTRACT;
export type CallName = keyof Contract;
export type Input<N extends CallName> = z.input<Contract[N]['input']>;
export type Parsed<N extends CallName> = z.output<Contract[N]['input']>;
export type Output<N extends CallName> = z.output<Contract[N]['output']>;
/** Makes a call, in process or over the network. */
export type Caller = <N extends CallName>(name: N, input: Input<N>) => Promise<Output<N>>;
/** The functions behind the contract. */
export type Handlers = { [N in CallName]: (input: Parsed<N>, actor: Actor) => Output<N> | Promise<Output<N>> };
