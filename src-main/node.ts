import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Actor, Caller, EventName, Events } from '../src-shared/contract.ts';
import { Fault, messageOf, nodeFaultReason } from '../src-shared/errors.ts';
import { type Greeting, PROTOCOL } from '../src-shared/protocol.ts';
import { type ResolvedSettings, resolveSettings, type SettingKey } from '../src-shared/settings.ts';
import { parseRules } from '../src-shared/yielding.ts';
import { describeComputer, LoadMeter } from './computer.ts';
import { dataPaths, nodeName } from './config.ts';
import { FileTable, type Scope } from './db/files.ts';
import { JobTable } from './db/jobs.ts';
import { LibraryTable } from './db/libraries.ts';
import { backUp, lastBackup, lockDataFolder, openDatabase } from './db/open.ts';
import { SettingTable } from './db/settings.ts';
import { StorageTable } from './db/storage.ts';
import { SwapTable } from './db/swaps.ts';
import { InviteTable, WorkerTable } from './db/workers.ts';
import { loadDevice } from './device.ts';
import { shortTerms } from './fault.ts';
import { wireInterface } from './interface.ts';
import { Leading } from './leading.ts';
import { type Logger, makeLog } from './log.ts';
import type { MasterContext } from './master/context.ts';
import { Dispatcher } from './master/dispatcher.ts';
import { Intake } from './master/intake.ts';
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
import { DEFAULT_TOOLS, detectCapabilities, requireEncoders } from './media/capabilities.ts';
import { Prober } from './media/ffprobe.ts';
import { Brake, ProcessManager } from './media/process.ts';
import { Timelines } from './media/timeline.ts';
import { Verifier } from './media/verify.ts';
import { Membership } from './membership.ts';
import { isLoopback, userToken } from './server/auth.ts';
import { makeCaller } from './server/handlers.ts';
import { makeTransferRouter } from './server/transfer.ts';
import { serve } from './serving.ts';
import { findSignals } from './signals.ts';
import { Space } from './space.ts';
import { VERSION } from './version.ts';
import { Converter } from './worker/converter.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';
import { Worker } from './worker/worker.ts';
import { Workspace } from './worker/workspace.ts';

const DAY_MS = 86_400_000;

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
  /** What lets a user of this computer in. */
  token: string;
  settings: ResolvedSettings;
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
  resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {} });
  const log = config.log ?? makeLog('info');
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
  const events = new EventEmitter<{ [E in EventName]: [Events[E]] }>();
  const emit: MasterContext['emit'] = (event, payload) => {
    if (event === 'notice') log.warn((payload as Events['notice']).text);
    (events.emit as (event: string, payload: unknown) => boolean)(event, payload);
  };
  const defect = (error: unknown) => log.error(error, messageOf(error));

  const { db, repaired } = openDatabase(paths.database, paths.backups);
  undo.push(() => db.close());
  const backUpDaily = async () => {
    if (Date.now() - lastBackup(paths.backups) > DAY_MS) await backUp(db, paths.backups);
  };
  undo.push(() => backUpDaily().catch(defect));
  const warnings = repaired ? [repaired] : [];
  const stored = new SettingTable(db);
  const resolve = () => resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {}, stored: stored.all() });
  let resolved = resolve();

  const processes = await ProcessManager.create(paths.children);
  const tools = DEFAULT_TOOLS;
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
  const { jobs: atATime } = resolved.values;
  const rules = parseRules(resolved.values.rules);
  const own = { ...(atATime !== null && { jobs: atATime }), ...(rules && { rules }) };
  if (Object.keys(own).length > 0) workers.setSettings(self.id, { ...self.settings, ...own });
  const greeting: Greeting = { name: self.name, device: device.id, version: VERSION, protocol: PROTOCOL };
  const terms = shortTerms();
  const dispatcher = new Dispatcher(ctx, {
    swapper,
    members: () => workers.all(),
    ...(terms && { terms, retryMs: terms.retryMs }),
  });
  undo.push(() => dispatcher.stop());
  dispatcher.restore();
  const probing = new Probing(ctx);
  undo.push(() => probing.stop());
  const libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing, vault });
  undo.push(() => libraries.stop());
  // Checks disturb as encodes do.
  const checks = new Brake();
  const intake = new Intake(ctx, { dispatcher, swapper, vault, brake: checks });
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
    const atWork = probing.busy || dispatcher.running.length > 0 || jobs.first(scopes(), fileOrder) !== undefined;
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
  const leading = new Leading({
    settings: () => resolved.values,
    device,
    greeting,
    workers,
    pairing,
    routes: { '/': makeTransferRouter({ originals: new Originals(ctx, dispatcher), uploads }) },
    callAs: (actor: Actor) => makeCaller(handlers, actor),
    onLinked: (id, linked) => dispatcher.fleet.linked(id, linked),
    dismiss: () => {
      for (const { id, local } of workers.all()) if (!local) dispatcher.recall(id, 'is led no more');
    },
    notice: (text) => emit('notice', { level: 'warn', text }),
    defect,
  });
  const call = makeCaller(handlers);
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
    welcome: () => `${node.url}/${access.hasPassword ? '' : `#setup=${access.makeKey()}`}`,
    token,
    settings: resolved,
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
    stop,
  };
  if (config.serve) {
    restorePause();
    node.url = await serve({
      settings: resolved.values,
      ...{ call, access, previews, makeFeed },
      libraryTable,
      libraries,
      vault,
      instanceFile: paths.instance,
      on: (event, listener) => events.on(event, listener as never),
      warn: (text) => emit('notice', { level: 'warn', text }),
      defect,
      backUp: backUpDaily,
      undo,
    });
    await leading.apply();
    node.startWorker();
    membership.resume();
  }
  return node;
}
