import path from 'node:path';
import type { Handlers } from '../../src-shared/contract/index.ts';
import { backupFinding } from '../db/backups.ts';
import { AccessTable } from '../db/tables/access.ts';
import { FileList } from '../db/tables/file-list.ts';
import { ForecastTable } from '../db/tables/forecasts.ts';
import { HistoryTable } from '../db/tables/history.ts';
import { KeyValueTable } from '../db/tables/key-value.ts';
import { StatTable } from '../db/tables/stats.ts';
import { TotalForecasts } from '../master/forecast/total-forecasts.ts';
import { FileActions } from '../master/queue/file-actions.ts';
import { examine } from '../media/ffmpeg/doctor.ts';
import { Frames } from '../media/ffmpeg/frames.ts';
import { makeHandlers } from '../server/api/handlers.ts';
import { followEvents, withHistory } from '../server/api/history.ts';
import { Access } from '../server/auth/access.ts';
import { fleetSpeed } from '../server/live/eta.ts';
import { LiveFeed } from '../server/live/live-feed.ts';
import { liveParts } from '../server/live/live-parts.ts';
import { Previews } from '../server/previews/previews.ts';
import { SizeSamples } from '../server/previews/size-samples.ts';
import type { Converter } from '../worker/encode/converter.ts';
import { Sampler } from '../worker/encode/sampler.ts';
import { SizeSampler } from '../worker/encode/size-sampler.ts';
import type { Membership } from '../worker/session/membership.ts';
import type { LanService } from './lan-service.ts';
import type { Master } from './master.ts';
import type { NodeContext } from './types.ts';
import type { WebService } from './web-service.ts';

/** Dependencies of the handlers. */
export interface ApiParts {
  node: NodeContext;
  master: Master;
  membership: Membership;
  converter: Converter;
  lan: LanService;
  web: WebService;
}

/** The functions behind the contract, and the parts that they share with the server for users. */
export interface Api {
  handlers: Handlers;
  access: Access;
  previews: Previews;
  feed: LiveFeed;
  facts: KeyValueTable;
  sampler: Sampler;
  /** Samples for the forecast. */
  samples: SizeSamples;
  frames: Frames;
}

/** Builds everything that users see and do. */
export function createApi({ node, master, membership, converter, lan, web }: ApiParts): Api {
  const { caps, config, device, greeting, install, processes, tools } = node;
  const { ctx, dispatcher, libraries, pairing, temp, vault } = master;
  const { prober, verifier } = ctx;
  const sampler = new Sampler({ processes, tools, prober, verifier, converter, folder: path.join(temp, 'samples') });
  const frames = new Frames(processes, tools, path.join(temp, 'frames'));
  const previews = new Previews(ctx, { frames, sampler });
  const facts = new KeyValueTable(ctx.db);
  // Cookies ignore ports: another install on this computer needs another name.
  const cookie = `flotilla-${install.slice(0, 8)}`;
  const access = new Access({ table: new AccessTable(ctx.db), facts, token: node.token, cookie });
  const stats = new StatTable(ctx.db);
  const list = new FileList(ctx.db);
  const forecastTable = new ForecastTable(ctx.db);
  const { name: computer } = greeting;
  const throughput = () => stats.throughput(computer) ?? sampler.throughput ?? forecastTable.sampledSpeed(computer);
  const speed = fleetSpeed({ dispatcher, stats, throughput });
  const totals = new TotalForecasts({
    table: forecastTable,
    forecasts: ctx.forecasts,
    fleet: () => ({ speed: speed(), computers: dispatcher.workers.ready.length }),
  });
  const samples = new SizeSamples({
    ...{ ctx, table: forecastTable, totals, computer },
    sampler: new SizeSampler({
      processes,
      tools,
      caps,
      timelines: node.timelines,
      folder: path.join(temp, 'size-samples'),
    }),
  });
  const feed = new LiveFeed(liveParts({ ctx, dispatcher, libraries, stats, pairing, membership, throughput }));
  const history = new HistoryTable(ctx.db);
  const recorded = {
    ctx,
    history,
    workers: node.workers,
    isPausedByUser: () => dispatcher.pause.byUser,
    reportError: node.reportError,
  };
  followEvents(node.on, recorded);
  const handlers = makeHandlers({
    ctx,
    dispatcher,
    libraries,
    vault,
    pairing,
    membership,
    access,
    previews,
    feed,
    list,
    stats,
    history,
    facts,
    throughput,
    totals,
    samples,
    lan,
    web,
    greeting,
    uploads: master.uploads,
    chunks: master.chunkDispatcher,
    chunkUploads: master.chunkUploads,
    sentinels: master.sentinels,
    workers: node.workers,
    lookups: node.lookups,
    settings: node.settings,
    fingerprint: device.fingerprint,
    dataDir: config.dataDir,
    ffmpegVersion: async () => (await caps()).version,
    actions: new FileActions(ctx, { list, dispatcher, libraries, vault }),
    doctor: async () => {
      const roots = ctx.libraries.all().flatMap(({ root, watched }) => (watched ? [root] : []));
      const findings = await examine(processes, tools, { data: config.dataDir, temp, libraries: roots });
      return [...findings, backupFinding(node.paths.backups)];
    },
  });
  return { handlers: withHistory(handlers, recorded), access, previews, feed, facts, sampler, samples, frames };
}
