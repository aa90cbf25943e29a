import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Actor, Caller, EventName, Events } from '../src-shared/contract.ts';
import { Fault, messageOf, nodeFaultReason } from '../src-shared/errors.ts';
import { type Greeting, PROTOCOL } from '../src-shared/protocol.ts';
import { type ResolvedSettings, resolveSettings, type SettingKey } from '../src-shared/settings.ts';
import { describeComputer, LoadMeter } from './computer.ts';
import { dataPaths, nodeName, wishesOf } from './config.ts';
import { backUpDaily } from './db/backups.ts';
import { FileTable, type Scope } from './db/files.ts';
import { JobTable } from './db/jobs.ts';
import { LibraryTable } from './db/libraries.ts';
import { lockDataFolder, openDatabase } from './db/open.ts';
import { SettingTable } from './db/settings.ts';
import { StorageTable } from './db/storage.ts';
import { SwapTable } from './db/swaps.ts';
import { InviteTable, WorkerTable } from './db/workers.ts';
import { loadDevice } from './device.ts';
import { shortTerms } from './fault.ts';
import { Gate } from './gate.ts';
import { wireInterface } from './interface.ts';
import { Leading } from './leading.ts';
import { type Logger, makeKeptLog } from './log.ts';
import type { MasterContext } from './master/context.ts';
import { Dispatcher } from './master/dispatcher.ts';
import { Intake } from './master/intake.ts';
import { JobLog } from './master/job-log.ts';
import { Libraries } from './master/libraries.ts';
import { LookupFiles } from './master/lookup-files.ts';
import { Originals } from './master/originals.ts';
import { Pairing } from './master/pairing.ts';
import { Probing } from './master/probing.ts';
import { Scanner } from './master/scanner.ts';
import { Sentinels } from './master/sentinels.ts';
import { Swapper } from './master/swap.ts';
import { Uploads } from './master/uploads.ts';
import { Vault } from './master/vault.ts';
import { detectCapabilities, requireEncoders } from './media/capabilities.ts';
import { Prober } from './media/ffprobe.ts';
import { Brake, ProcessManager } from './media/process.ts';
import { Timelines } from './media/timeline.ts';
import { findTools } from './media/tools.ts';
import { Verifier } from './media/verify.ts';
import { Membership } from './membership.ts';
import { isLoopback, userToken } from './server/auth.ts';
import { baseOf } from './server/base-path.ts';
import { makeCaller } from './server/handlers.ts';
import { Metrics } from './server/metrics.ts';
import { metricsToken } from './server/metrics-token.ts';
import { Traffic } from './server/traffic.ts';
import { findSignals } from './signals.ts';
import { Space } from './space.ts';
import { VERSION } from './version.ts';
import { Converter } from './worker/converter.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';
import { Worker } from './worker/worker.ts';
import { Workspace } from './worker/workspace.ts';

/** What a node is started with. */
export interface NodeConfig {
  dataDir: string;
  /** Settings from the command line. */
  flags?: Partial<Record<SettingKey, unknown>>;
  /** Settings from the environment. */
  env?: Record<string, string | undefined>;
  /** True: listen, scan the watched libraries again and again, and convert them. False: do only what is asked. */
  serve: boolean;
  /** What tells whether work would disturb the user; the desktop program knows more of that than Node.js does. */
  signals?: DisturbanceSignals;
  /** Whoever knows it becomes a worker. */
  joinSecret?: string | undefined;
  /** Where left out: the terminal and files in the data folder, as much as the setting says. */
  log?: Logger;
}

/** A node at work. */
export interface RunningNode {
  /** Address of the interface; null when the node does not serve. */
  url: string | null;
  /** Where other computers are awaited; null when they are not. */
  lanPort: () => number | null;
  /** The address to open first: while there is no password, it lets in once without. */
  welcome: () => string;
  /** Makes a key for `#token=` behind the address: it lets in once. */
  makeKey: () => string;
  /** What lets a user of this computer in. */
  token: string;
  settings: ResolvedSettings;
  log: Logger;
  /** What the start found and put right or could not, as sentences for the user. */
  warnings: readonly string[];
  call: Caller;
  /** Listens to an event; returns how to stop listening. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void;
  /** Works on these (parts of) libraries only, from now on. */
  limitTo(scopes: Scope[]): void;
  /** True when nothing is left to do at present in the scopes. */
  isIdle(): boolean;
  /** True while found files are being looked into. */
  isProbing(): boolean;
  /** Starts the local worker of a node that does not serve. */
  startWorker(): void;
  /** Films in the hands of this computer, for itself or for a master on another one. */
  holds(): number;
  /** This computer takes no more work until {@link carryOn}; resolves when what it holds is done. */
  windDown(): Promise<void>;
  carryOn(): void;
  /** Ends all work without a trace but the database; what was running is queued again. */
  stop(): Promise<void>;
}

/** An install's own number, so that two of them can share a temporary folder. */
function installId(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomUUID());
  return readFileSync(file, 'utf8').trim();
}

/**
 * Wires a node together and starts it. What a crash left is settled first: children, temporary files, replacements.
 * @throws Fault with a sentence for the user when it cannot start
 */
export async function startNode(config: NodeConfig): Promise<RunningNode> {
  // Wrong values are refused before anything is made.
  const { values } = resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {} });
  const log = config.log ?? (await makeKeptLog(values.logLevel, dataPaths(config.dataDir).logs));
  // Undone in reverse order, also when the start fails half way.
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    undo.push(lockDataFolder(config.dataDir));
    return await wire(config, log, undo, stop);
  } catch (error) {
    await stop();
    const reason = nodeFaultReason(error);
    throw reason
      ? new Fault('node', `The data folder ${config.dataDir} cannot be used: ${reason}.`, { cause: error })
      : error;
  }
}

async function wire(
  config: NodeConfig,
  log: Logger,
  undo: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<RunningNode> {
  const paths = dataPaths(config.dataDir);
  const { db, repaired } = openDatabase(paths.database, paths.backups);
  undo.push(() => db.close());
  const events = new EventEmitter<{ [E in EventName]: [Events[E]] }>();
  // Once the database is closed, what is still under way can only fail, and nothing is lost by it: nobody is told.
  const emit: MasterContext['emit'] = (event, payload) => {
    if (!db.open) return;
    if (event === 'notice') log.warn((payload as Events['notice']).text);
    (events.emit as (event: string, payload: unknown) => boolean)(event, payload);
  };
  const defect = (error: unknown) => db.open && log.error(error, messageOf(error));

  const backUp = () => backUpDaily(paths.database, paths.backups);
  // A serving node makes its backups while it runs, and ends at once.
  if (!config.serve) undo.push(() => backUp().catch(defect));
  const warnings = repaired ? [repaired] : [];
  const stored = new SettingTable(db);
  const resolve = () => resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {}, stored: stored.all() });
  let resolved = resolve();
  const followLevel = () => {
    if (!config.log) log.level = resolved.values.logLevel;
  };
  followLevel();

  const processes = await ProcessManager.create(paths.children);
  const tools = findTools(resolved.values.ffmpegPath);
  const caps = await detectCapabilities(processes, tools);
  const prober = new Prober(processes, tools);
  const timelines = new Timelines(processes, tools);
  const signals = await findSignals(config.signals);
  const verifier = new Verifier({ processes, tools, caps, prober, timelines });

  const lookups = new LookupFiles(config.dataDir, (text) => emit('notice', { level: 'warn', text }));
  const libraryTable = new LibraryTable(db);
  const files = new FileTable(db);
  const jobs = new JobTable(db, (file) => {
    const view = files.view(file);
    const root = view && libraryTable.get(view.library)?.root;
    if (view && root) emit('file', { ...view, root });
  });
  const swaps = new SwapTable(db);
  const watched = (): Scope[] => libraryTable.all().flatMap((l) => (l.watched ? [{ library: l.id, prefix: '' }] : []));
  let scopes = config.serve ? watched : (): Scope[] => [];
  const ctx: MasterContext = {
    db,
    libraries: libraryTable,
    files,
    jobs,
    swaps,
    storage: new StorageTable(db),
    prober,
    verifier,
    settings: () => resolved.values,
    tables: () => lookups.tables,
    scopes: () => scopes(),
    emit,
  };
  const swapper = new Swapper({ swaps, jobs, files });
  const vault = new Vault({ swaps, jobs, files });
  warnings.push(...(await swapper.recover()), ...(await vault.recover()));
  for (const warning of warnings) log.warn(warning);
  const device = await loadDevice(paths.device);
  const workers = new WorkerTable(db, device.id);
  undo.push(() => workers.save());
  const self = workers.add({ ...device, name: nodeName(resolved.values) });
  const own = wishesOf(resolved.values);
  if (Object.keys(own).length > 0) workers.setSettings(self.id, { ...self.settings, ...own });
  const greeting: Greeting = { name: self.name, device: device.id, version: VERSION, protocol: PROTOCOL };
  const terms = shortTerms();
  const dispatcher = new Dispatcher(ctx, {
    swapper,
    members: () => workers.all(),
    ...(terms && { terms, retryMs: terms.retryMs }),
  });
  undo.push(() => dispatcher.stop());
  if (config.serve) new JobLog(ctx, log).listen((event, listener) => events.on(event, listener as never));
  dispatcher.restore();
  const probing = new Probing(ctx);
  undo.push(() => probing.stop());
  const libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing, vault });
  undo.push(() => libraries.stop());
  // Checks disturb as encodes do.
  const checks = new Brake();
  const intake = new Intake(ctx, { dispatcher, swapper, vault, brake: checks, retryMs: terms?.retryMs });
  const install = installId(paths.installId);
  const temp = path.join(resolved.values.tempDir ?? paths.temp, `flotilla-${install}`);
  const space = new Space();
  const uploads = new Uploads(ctx, { folder: `${temp}-uploads`, dispatcher, intake, space });
  await uploads.recover();
  const sentinels = new Sentinels(ctx, device.id);
  undo.push(() => sentinels.stop());
  const pairing = new Pairing({
    fingerprint: device.fingerprint,
    workers,
    invites: new InviteTable(db),
    changed: (requests) => emit('pairing', { requests }),
    joined: ({ id }) => dispatcher.fleet.changed(id),
    secret: config.joinSecret,
  });
  undo.push(() => pairing.stop());

  const membership = new Membership({
    device,
    paths,
    settings: resolved.values,
    processes,
    tools,
    caps,
    space,
    signals,
    log,
    changed: (master) => {
      emit('master', { master });
      if (master?.state === 'stopped' && master.problem) emit('notice', { level: 'warn', text: master.problem });
    },
  });
  undo.push(() => membership.stop());

  const isIdle = () => {
    const { fileOrder } = resolved.values;
    const atWork =
      probing.busy ||
      dispatcher.running.length > 0 ||
      dispatcher.fleet.doubting ||
      jobs.first(scopes(), fileOrder) !== undefined;
    return !atWork && !scopes().some((scope) => files.settling(scope).count > 0);
  };
  const checkIdle = () => isIdle() && emit('idle', {});
  const workspace = await Workspace.create(temp, space);
  const converter = new Converter({
    ...{ processes, tools, caps, timelines },
    ...(terms?.stallMs && { stallMs: terms.stallMs }),
  });
  const token = userToken(config.dataDir);
  const { handlers, access, previews, makeFeed, restorePause } = wireInterface({
    ...{
      ctx,
      libraries,
      dispatcher,
      vault,
      stored,
      lookups,
      processes,
      tools,
      caps,
      converter,
      temp,
      install,
      token,
      undo,
    },
    dataDir: config.dataDir,
    resolved: () => resolved,
    settingsChanged: async () => {
      resolved = resolve();
      followLevel();
      if (config.serve) await leading.apply();
    },
    uploads,
    sentinels,
    workers,
    pairing,
    greeting,
    fingerprint: device.fingerprint,
    membership,
    lanPort: () => leading.port,
    webPort: () => {
      return node.url === null || isLoopback(resolved.values.listen) ? null : Number(new URL(node.url).port || 80);
    },
    cut: (fingerprint) => leading.cut(fingerprint),
  });
  const gate = new Gate();
  const traffic = new Traffic();
  const leading = new Leading({
    settings: () => resolved.values,
    device,
    greeting,
    workers,
    pairing,
    routes: async () => {
      const { makeTransferRouter } = await import('./server/transfer.ts');
      return { '/': makeTransferRouter({ originals: new Originals(ctx, dispatcher), uploads, traffic }) };
    },
    callAs: (actor: Actor) => gate.guard(makeCaller(handlers, actor)),
    onLinked: (id, linked) => dispatcher.fleet.linked(id, linked),
    dismiss: () => {
      for (const { id, local } of workers.all()) if (!local) dispatcher.recall(id, 'is led no more');
    },
    notice: (text) => emit('notice', { level: 'warn', text }),
    defect,
  });
  const call = gate.guard(makeCaller(handlers));
  const callAsWorker = makeCaller(handlers, { kind: 'worker', worker: self.id, name: self.name });

  workers.seen(self.id, { ...greeting, computer: await describeComputer(temp, caps, signals) });
  const meter = new LoadMeter(temp);
  const worker = new Worker({
    load: () => meter.read(),
    call: async (name, input) => {
      const output = await callAsWorker(name, input);
      if (name === 'job.lease' && output === null) checkIdle();
      return output;
    },
    transfer: {
      ahead: 0,
      limit: () => undefined,
      holds: async () => true,
      needs: async () => 0,
      source: async (grant) => path.join(libraries.get(grant.library).root, grant.path),
      deliver: (grant, result) => intake.accept({ task: grant.task, epoch: grant.epoch }, result),
    },
    converter,
    workspace,
    keeps: false,
    jobs: 1,
    signals,
    pace: terms?.pace,
    onYield: (yielding) => checks.set(yielding?.held === true),
    ...(terms && { beatMs: terms.beat }),
    onFault: (error) => {
      defect(error);
      dispatcher.pause(nodeFaultReason(error) ?? messageOf(error), false);
    },
  });
  undo.push(async () => {
    await Promise.all([worker.stop(), intake.stop()]);
  });
  undo.push(() => leading.stop());
  events.on('work', () => {
    worker.hint();
    leading.emit('work', {});
  });
  // A lease has ended: nothing that came under it is kept.
  events.on('file', ({ state }) => state !== 'running' && uploads.sweep().catch(defect));
  events.on('revoked', ({ worker: id, ...lease }) => {
    if (id === self.id) worker.revoke(lease);
    else leading.emit('revoked', lease, id);
  });
  events.on('orders', ({ worker: id, ...orders }) => {
    if (id === self.id) worker.obey(orders);
    else leading.emit('orders', orders, id);
  });
  // A film may change while it is looked into or converted; no scan may be near to see it.
  events.on('file', ({ state }) => state === 'found' && libraries.lookAgain());
  events.on('probed', () => libraries.waitForSettling());
  events.on('probed', checkIdle);
  // Who pauses this computer means all that it does, also for a master elsewhere.
  events.on('paused', () => membership.rest(dispatcher.pausedByUser ? { held: dispatcher.held } : null));

  const node: RunningNode = {
    url: null,
    lanPort: () => leading.port,
    welcome: () => `${node.url}${baseOf(resolved.values)}/${access.hasPassword ? '' : `#setup=${access.makeKey()}`}`,
    makeKey: () => access.makeKey(),
    token,
    settings: resolved,
    log,
    warnings,
    call,
    on: (event, listener) => {
      events.on(event, listener as never);
      return () => events.off(event, listener as never);
    },
    limitTo: (only) => {
      scopes = () => only;
    },
    isIdle,
    isProbing: () => probing.busy,
    startWorker: () => {
      requireEncoders(caps);
      dispatcher.fleet.linked(self.id, true);
      worker.start().catch(defect);
    },
    holds: () => worker.holds + membership.holds,
    windDown: async () => {
      await Promise.all([worker.windDown(), membership.windDown()]);
    },
    carryOn: () => {
      worker.carryOn();
      membership.carryOn();
    },
    stop,
  };
  if (config.serve) {
    restorePause();
    // A conversion on the command line needs no server.
    const { serve } = await import('./serving.ts');
    node.url = await serve({
      settings: resolved.values,
      ...{ call, access, previews, makeFeed },
      metrics: {
        metrics: new Metrics({
          ...{ ctx, dispatcher, traffic },
          on: (event, listener) => events.on(event, listener as never),
        }),
        token: () => metricsToken(config.dataDir, config.env ?? {}),
      },
      libraryTable,
      libraries,
      vault,
      instanceFile: paths.instance,
      on: (event, listener) => events.on(event, listener as never),
      warn: (text) => emit('notice', { level: 'warn', text }),
      defect,
      backUp,
      undo,
    });
    await leading.apply();
    node.startWorker();
    membership.resume();
  }
  // First of all: whoever calls would find one part after the other closed.
  undo.push(() => gate.shut());
  return node;
}
