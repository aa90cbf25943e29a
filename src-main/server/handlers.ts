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
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { estimateSize } from '../../src-shared/estimate.ts';
import { makePlan } from '../../src-shared/plan.ts';
import { parseSetting, type ResolvedSettings, SETTING_INFOS, type SettingKey } from '../../src-shared/settings.ts';
import type { SettingTable } from '../db/settings.ts';
import type { MasterContext } from '../master/context.ts';
import { type Dispatcher, workerOf } from '../master/dispatcher.ts';
import type { Libraries } from '../master/libraries.ts';
import type { Vault } from '../master/vault.ts';
import { type FleetParts, makeFleetHandlers } from './fleet-handlers.ts';
import { makeTransferHandlers, type TransferHandlerParts } from './transfer-handlers.ts';

/** Results that a summary shows. */
const RECENT = 10;

/** What the calls act on. */
export interface HandlerParts extends FleetParts, TransferHandlerParts {
  libraries: Libraries;
  vault: Vault;
  stored: SettingTable;
  resolved: () => ResolvedSettings;
  /** Stored settings are others now: whoever holds them has to look again. */
  settingsChanged: () => Promise<void>;
}

/** The functions behind the contract. */
export function makeHandlers(parts: HandlerParts): Handlers {
  const { ctx, libraries, dispatcher, vault } = parts;
  const eachFile = (files: number[], act: (file: number) => boolean) => files.filter((file) => act(file)).length;
  const { name, version } = parts.greeting;
  return {
    ...makeFleetHandlers(parts),
    ...makeTransferHandlers(parts),
    status: () => ({ name, version, role: 'master' }),
    'queue.summary': () => summarize(ctx, dispatcher),
    'queue.pause': () => {
      dispatcher.pause('Paused by you.', true);
      return {};
    },
    'queue.resume': () => {
      dispatcher.resume();
      return {};
    },
    'library.list': () => ctx.libraries.all(),
    'library.add': ({ path: place, watched }) => libraries.add(path.resolve(place), watched),
    'library.remove': ({ library }) => {
      const { root } = libraries.get(library);
      if (dispatcher.running.some((r) => r.library === library)) {
        throw new Fault('conflict', `A film of ${root} is being converted; wait for it or pause the queue first.`);
      }
      ctx.libraries.remove(library);
      return {};
    },
    'library.scan': ({ library, prefix }) => libraries.scan(libraries.get(library), prefix),
    'library.resume': async ({ library }) => {
      await libraries.scan(libraries.get(library), '', true);
      dispatcher.resume();
      ctx.emit('work', {});
      return {};
    },
    'file.list': (filter) => ctx.files.list(filter),
    'file.get': ({ file }) => {
      const view = ctx.files.view(file);
      const row = ctx.files.get(file);
      if (!view || !row) throw new Fault('missing', `There is no file ${file}.`);
      const attempts = ctx.jobs
        .attempts(file)
        .map(({ started, ended, ...rest }) => ({ ...rest, startedAt: started, endedAt: ended }));
      const plan = row.probe && makePlan(row.probe, ctx.settings(), ctx.tables());
      const estimate = row.probe && plan?.kind === 'convert' ? estimateSize(row.probe, plan, row.size) : null;
      return { file: view, plan, estimate, attempts };
    },
    'file.retry': ({ files }) => {
      const queued = eachFile(files, (id) => {
        const row = ctx.files.get(id);
        if (!row?.probe || !['failed', 'blocked', 'skipped'].includes(row.state)) return false;
        ctx.jobs.queue(row);
        return true;
      });
      ctx.emit('work', {});
      return { queued };
    },
    'file.skip': ({ files }) => {
      const skipped = eachFile(files, (id) => {
        const row = ctx.files.get(id);
        if (!row || row.state === 'done') return false;
        dispatcher.cancel(id);
        ctx.jobs.apply(id, 'skip', { code: 'user', reason: 'You chose to leave it as it is.' });
        return true;
      });
      return { skipped };
    },
    'file.priority': ({ files, priority }) => {
      for (const file of files) ctx.jobs.setPriority(file, priority);
      return {};
    },
    'vault.list': () => vault.list(),
    'vault.restore': async ({ path: place, ...rest }) => {
      const rows = vault.select({ ...rest, ...(place && { path: path.resolve(place) }) });
      if (rows.length === 0)
        throw new Fault('missing', `The vault holds no original of ${place ?? rest.ids?.join(', ') ?? 'any film'}.`);
      const report = { restored: [] as string[], refused: [] as string[] };
      for (const row of rows) {
        try {
          await vault.restore(row);
          report.restored.push(row.original);
        } catch (error) {
          report.refused.push(messageOf(error));
        }
      }
      return report;
    },
    'vault.purge': (options) => vault.purge(options),
    'settings.get': () => parts.resolved(),
    'settings.set': async ({ values }) => {
      // Everything is parsed before anything is stored.
      const parsed = Object.entries(values).map(([key, value]) => {
        if (!SETTING_INFOS.some((info) => info.key === key))
          throw new Fault('usage', `There is no setting called ${key}.`);
        return [key as SettingKey, value === null ? null : parseSetting(key as SettingKey, value)] as const;
      });
      ctx.db.transaction(() => {
        for (const [key, value] of parsed) parts.stored.set(key, value);
      })();
      await parts.settingsChanged();
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

function summarize(ctx: MasterContext, dispatcher: Dispatcher): Summary {
  return {
    counts: ctx.files.counts(),
    ...ctx.jobs.totals(),
    settling: ctx.scopes().reduce((n, scope) => n + ctx.files.settling(scope).count, 0),
    running: dispatcher.running,
    recent: ctx.files.recent(RECENT),
    paused: dispatcher.paused,
  };
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
