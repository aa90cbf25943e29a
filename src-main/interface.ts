import path from 'node:path';
import { z } from 'zod';
import type { Handlers } from '../src-shared/contract.ts';
import { Fault } from '../src-shared/errors.ts';
import { dataPaths } from './config.ts';
import { AccessTable } from './db/access.ts';
import { backupFinding } from './db/backups.ts';
import { FactTable } from './db/facts.ts';
import { FileList } from './db/file-list.ts';
import { StatTable } from './db/stats.ts';
import { FileActions } from './master/file-actions.ts';
import type { AskCapabilities } from './media/capabilities.ts';
import { examine } from './media/doctor.ts';
import { Frames } from './media/frames.ts';
import type { ProcessManager } from './media/process.ts';
import type { FoundTools } from './media/tools.ts';
import { Access } from './server/access.ts';
import type { FleetParts } from './server/fleet-handlers.ts';
import { type HandlerParts, makeHandlers } from './server/handlers.ts';
import { LiveFeed } from './server/live.ts';
import { liveParts } from './server/live-parts.ts';
import { Previews } from './server/previews.ts';
import type { TransferHandlerParts } from './server/transfer-handlers.ts';
import type { ServingParts } from './serving.ts';
import type { Converter } from './worker/converter.ts';
import { Sampler } from './worker/sampler.ts';

const PAUSED = z.object({ now: z.boolean(), until: z.number().nullable().default(null) });

/** What the interface is built on: the master, and the tools of this computer. */
interface Base
  extends Pick<
    HandlerParts,
    | 'ctx'
    | 'libraries'
    | 'dispatcher'
    | 'vault'
    | 'stored'
    | 'lookups'
    | 'resolved'
    | 'settingsChanged'
    | 'dataDir'
    | keyof FleetParts
    | keyof TransferHandlerParts
  > {
  processes: ProcessManager;
  tools: FoundTools;
  caps: AskCapabilities;
  converter: Converter;
  /** Folder for unfinished results. */
  temp: string;
  /** This install's own number. */
  install: string;
  /** What lets a user of this computer in. */
  token: string;
  undo: (() => unknown)[];
}

/** The functions behind the contract, and what serving them takes. */
export interface Interface extends Pick<ServingParts, 'access' | 'previews' | 'makeFeed'> {
  handlers: Handlers;
  /** What the user paused stays paused after a restart. */
  restorePause: () => void;
}

/** Wires together what users see and do. */
export function wireInterface(base: Base): Interface {
  const { ctx, dispatcher, libraries, vault, processes, tools, caps, converter, temp, token, undo, ...rest } = base;
  const { prober, verifier } = ctx;
  const sampler = new Sampler({ processes, tools, prober, verifier, converter, folder: path.join(temp, 'samples') });
  undo.push(() => sampler.stop());
  const frames = new Frames(processes, tools, path.join(temp, 'frames'));
  undo.push(() => frames.stop());
  const previews = new Previews(ctx, { frames, sampler });
  const facts = new FactTable(ctx.db);
  // Cookies know no ports: another install on this computer must have another name.
  const cookie = `flotilla-${base.install.slice(0, 8)}`;
  const access = new Access({ table: new AccessTable(ctx.db), facts, token, cookie });
  const stats = new StatTable(ctx.db);
  const list = new FileList(ctx.db);
  const throughput = () => stats.throughput(base.greeting.name) ?? sampler.throughput;
  let feed: LiveFeed | undefined;
  const handlers = makeHandlers({
    ...{ ...rest, ctx, libraries, dispatcher, vault, list, stats, facts, access, previews },
    ...{ throughput, ffmpeg: async () => (await caps()).version },
    actions: new FileActions(ctx, { list, dispatcher, libraries, vault }),
    live: () => {
      if (!feed) throw new Fault('conflict', 'This Flotilla does not serve.');
      return feed;
    },
    doctor: async () => {
      const roots = ctx.libraries.all().flatMap(({ root, watched }) => (watched ? [root] : []));
      const findings = await examine(processes, tools, { data: base.dataDir, temp, libraries: roots });
      return [...findings, backupFinding(dataPaths(base.dataDir).backups)];
    },
  });
  return {
    ...{ handlers, access, previews },
    makeFeed: (send, isWatched) => {
      feed = new LiveFeed(
        liveParts({
          ctx,
          dispatcher,
          libraries,
          stats,
          pairing: base.pairing,
          membership: base.membership,
          throughput,
        }),
        send,
        isWatched,
      );
      return feed;
    },
    restorePause: () => {
      const paused = facts.get('paused', PAUSED);
      if (paused && (paused.until === null || paused.until > Date.now()))
        dispatcher.pause.begin({ reason: 'Paused by you.', byUser: true, held: paused.now, until: paused.until });
    },
  };
}
