import path from 'node:path';
import {
  type Actor,
  type Caller,
  type CallName,
  CONTRACT,
  type Handlers,
  type Summary,
  USER,
} from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import type { Finding } from '../../src-shared/insights.ts';
import { parseSetting, type ResolvedSettings, SETTING_INFOS, type SettingKey } from '../../src-shared/settings.ts';
import type { FactTable } from '../db/facts.ts';
import type { FileList } from '../db/file-list.ts';
import type { SettingTable } from '../db/settings.ts';
import type { StatTable } from '../db/stats.ts';
import type { MasterContext } from '../master/context.ts';
import { type Dispatcher, workerOf } from '../master/dispatcher.ts';
import type { FileActions } from '../master/file-actions.ts';
import type { Libraries } from '../master/libraries.ts';
import type { LookupFiles } from '../master/lookup-files.ts';
import type { Vault } from '../master/vault.ts';
import type { Access } from './access.ts';
import { fileHandlers } from './file-handlers.ts';
import { type FleetParts, makeFleetHandlers } from './fleet-handlers.ts';
import { homeHandlers } from './home-handlers.ts';
import type { LiveFeed } from './live.ts';
import { summaryParts } from './live-parts.ts';
import { logHandlers } from './log-handlers.ts';
import type { Previews } from './previews.ts';
import { makeTransferHandlers, type TransferHandlerParts } from './transfer-handlers.ts';

/** What the calls act on. */
export interface HandlerParts extends FleetParts, TransferHandlerParts {
  libraries: Libraries;
  vault: Vault;
  stored: SettingTable;
  resolved: () => ResolvedSettings;
  /** Stored settings are others now: whoever holds them has to look again. */
  settingsChanged: () => Promise<void>;
  list: FileList;
  actions: FileActions;
  stats: StatTable;
  facts: FactTable;
  lookups: LookupFiles;
  access: Access;
  previews: Previews;
  /** Pixels a second that this computer gets through; undefined before it has converted anything. */
  throughput: () => number | undefined;
  live: () => LiveFeed;
  doctor: () => Promise<Finding[]>;
  dataDir: string;
  /** Version of ffmpeg. */
  ffmpeg: () => Promise<string>;
}

/** The functions behind the contract. */
export function makeHandlers(parts: HandlerParts): Handlers {
  const { ctx, libraries, dispatcher, vault } = parts;
  const { name, version } = parts.greeting;
  return {
    status: () => ({ name, version, role: 'master' }),
    ...makeFleetHandlers(parts),
    ...makeTransferHandlers(parts),
    ...homeHandlers(parts),
    ...logHandlers(parts),
    'queue.summary': () => summarize(ctx, dispatcher),
    'queue.pause': ({ now, until }) => {
      if (until !== null && until <= Date.now())
        throw new Fault('usage', 'The pause would be over already; choose a later time.');
      parts.facts.set('paused', { now, until });
      dispatcher.pause.begin({ reason: 'Paused by you.', byUser: true, held: now, until });
      return {};
    },
    'queue.resume': () => {
      parts.facts.set('paused', undefined);
      dispatcher.resume();
      return {};
    },
    'library.list': () => ctx.libraries.all(),
    'library.add': ({ path: place, watched, hold }) => libraries.add(path.resolve(place), watched, hold),
    'library.release': ({ library }) => {
      libraries.release(libraries.get(library));
      return {};
    },
    'library.remove': ({ library }) => {
      const { root } = libraries.get(library);
      const isReplacing = ctx.swaps
        .all()
        .some(({ step, file }) => step !== 'waiting' && ctx.files.get(file)?.library === library);
      if (isReplacing || dispatcher.running.some((r) => r.library === library)) {
        throw new Fault('conflict', `A film of ${root} is being converted; wait for it or pause the queue first.`);
      }
      ctx.libraries.remove(library);
      ctx.emit('libraries', {});
      // What waited with its result is cleared away.
      ctx.emit('retry', {});
      return {};
    },
    'library.scan': ({ library, prefix }) => libraries.scan(libraries.get(library), prefix),
    'library.takeOver': async ({ library }) => {
      await libraries.takeOver(libraries.get(library));
      return {};
    },
    'library.resume': async ({ library }) => {
      await libraries.scan(libraries.get(library), '', true);
      if (!dispatcher.pause.byUser) dispatcher.resume();
      ctx.emit('work', {});
      return {};
    },
    ...fileHandlers(parts),
    'vault.list': (part) => vault.list(part),
    'vault.tally': ({ search }) => vault.tally(search),
    'vault.restore': ({ path: place, ...rest }) => {
      const rows = vault.select({ ...rest, ...(place && { path: path.resolve(place) }) });
      if (rows.length === 0)
        throw new Fault('missing', `The vault holds no original of ${place ?? rest.ids?.join(', ') ?? 'any film'}.`);
      return vault.restoreAll(rows);
    },
    'vault.purge': (options) => vault.purge(options),
    'vault.history': (part) => vault.history(part),
    'settings.get': () => parts.resolved(),
    'settings.set': async ({ values }) => {
      // Everything is looked at before anything is stored.
      const parsed = Object.entries(values).map(([name, value]) => parseChange(name, value, parts.resolved()));
      ctx.db.transaction(() => {
        for (const [key, value] of parsed) parts.stored.set(key, value);
      })();
      await parts.settingsChanged();
      ctx.emit('settings', {});
      return {};
    },
    'job.attach': (held, actor) => dispatcher.beat(workerOf(actor), held, true),
    'job.beat': (held, actor) => dispatcher.beat(workerOf(actor), held, false),
    'job.lease': ({ ahead }, actor) => dispatcher.lease(workerOf(actor), ahead),
    'job.progress': ({ progress, ...lease }, actor) => {
      dispatcher.progress(lease, progress, workerOf(actor));
      return {};
    },
    'job.finish': ({ outcome, ...lease }, actor) => {
      dispatcher.giveBack(lease, outcome, workerOf(actor));
      return {};
    },
  };
}

/** @throws Fault `usage` for a wrong name or value, `conflict` for a setting that is fixed from outside */
function parseChange(name: string, value: unknown, { sources }: ResolvedSettings): [SettingKey, unknown] {
  const info = SETTING_INFOS.find(({ key }) => key === name);
  if (!info) throw new Fault('usage', `There is no setting called ${name}.`);
  const { key, env, flag, outside } = info;
  if (outside)
    throw new Fault(
      'usage',
      `${key} names a program that runs; set it on the computer itself, with ${env} or ${flag}.`,
    );
  const parsed = value === null ? null : parseSetting(key, value);
  const pin = { flag: `the flag ${flag?.split(' ')[0]}`, environment: `the environment variable ${env}` }[
    sources[key] as string
  ];
  if (pin) throw new Fault('conflict', `${key} is fixed by ${pin}; change it there.`);
  return [key, parsed];
}

function summarize(ctx: MasterContext, dispatcher: Dispatcher): Summary {
  const parts = Object.entries(summaryParts({ ctx, dispatcher })).map(([key, look]) => [key, look()]);
  return Object.fromEntries(parts);
}

/** A caller that acts for `actor`: inputs are parsed here, those of this process exactly as those of another computer. */
export function makeCaller(handlers: Handlers, actor: Actor = USER): Caller {
  return async (name, input) => {
    const parsed = CONTRACT[name].input.safeParse(input);
    if (!parsed.success) throw new Fault('usage', `The call ${name} is not right: ${firstIssue(parsed.error.issues)}.`);
    return (handlers[name] as (input: unknown, actor: Actor) => never)(parsed.data, actor);
  };
}

/** True for the name of a call that such a caller may make. */
export function mayCall(caller: Actor['kind'], name: unknown): name is CallName {
  if (typeof name !== 'string' || !Object.hasOwn(CONTRACT, name)) return false;
  const { access } = CONTRACT[name as CallName];
  return access === caller || access === 'public';
}

function firstIssue(issues: { path: PropertyKey[]; message: string }[]): string {
  const [issue] = issues;
  return `${issue?.path.map(String).join('.') || 'its input'}: ${issue?.message ?? 'invalid'}`;
}
