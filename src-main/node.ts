import type { Actor, Caller, EventName, Events } from '../src-shared/contract.ts';
import { Fault, nodeFaultReason } from '../src-shared/errors.ts';
import { isLoopback } from '../src-shared/loopback.ts';
import { type ResolvedSettings, resolveSettings } from '../src-shared/settings.ts';
import { describeComputer } from './computer.ts';
import { dataPaths } from './config.ts';
import { type Core, type NodeConfig, openCore } from './core.ts';
import type { Scope } from './db/files.ts';
import { lockDataFolder } from './db/open.ts';
import { Gate } from './gate.ts';
import { wireInterface } from './interface.ts';
import { Leading } from './leading.ts';
import { makeLocalWorker } from './local-worker.ts';
import { type Logger, makeKeptLog } from './log.ts';
import { Originals } from './master/originals.ts';
import { type MasterParts, openMaster } from './master-parts.ts';
import { requireEncoders } from './media/capabilities.ts';
import { Membership } from './membership.ts';
import { userToken } from './server/auth.ts';
import { baseOf } from './server/base-path.ts';
import { makeCaller } from './server/handlers.ts';
import { metricsToken } from './server/metrics-token.ts';
import { Traffic } from './server/traffic.ts';
import { Converter } from './worker/converter.ts';
import type { Worker } from './worker/worker.ts';
import { Workspace } from './worker/workspace.ts';

/** A node at work. */
export interface RunningNode {
  /** Address of the interface; null when the node does not serve. */
  url: string | null;
  /** Where other computers are awaited; null when they are not. */
  lanPort: () => number | null;
  /** The address to open first: while there is no password, it lets in once without. */
  welcome: () => string;
  /** The address below which the pages of the interface are, without a slash at its end. */
  home: () => string;
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
    const opening = openCore(config, log, undo);
    // Loaded while the database is opened; a failure is told where it is needed.
    if (config.serve) import('./serving.ts').catch(() => undefined);
    const core = await opening;
    return await wire(core, await openMaster(core), stop);
  } catch (error) {
    await stop();
    const reason = nodeFaultReason(error);
    throw reason
      ? new Fault('node', `The data folder ${config.dataDir} cannot be used: ${reason}.`, { cause: error })
      : error;
  }
}

async function wire(core: Core, master: MasterParts, stop: () => Promise<void>): Promise<RunningNode> {
  const { config, log, undo, emit, on, defect, signals } = core;
  const { dispatcher, probing, intake, self } = master;
  const settings = () => core.resolved().values;
  const membership = makeMembership(core, master);
  const converter = new Converter({ ...core, ...(core.terms?.stallMs && { stallMs: core.terms.stallMs }) });
  const workspace = await Workspace.reopen({
    folder: master.temp,
    memory: core.paths.masterTemps,
    space: master.space,
    warn: (text) => log.warn(text),
  });
  const token = await userToken(config.dataDir);
  const { handlers, access, previews, makeFeed, restorePause } = wireInterface({
    ...{ ...core, ...master, converter, token, membership },
    dataDir: config.dataDir,
    settingsChanged: async () => {
      core.refresh();
      if (config.serve) await leading.apply();
    },
    fingerprint: master.device.fingerprint,
    lanPort: () => leading.port,
    webPort: () => (node.url === null || isLoopback(settings().listen) ? null : Number(new URL(node.url).port || 80)),
    cut: (fingerprint) => leading.cut(fingerprint),
  });
  const gate = new Gate();
  const traffic = new Traffic();
  const callAs = (actor: Actor) => gate.guard(makeCaller(handlers, actor));
  const leading = makeLeading(core, master, { callAs, traffic });
  const checkIdle = () => master.isIdle() && emit('idle', {});
  const worker = makeLocalWorker(core, master, {
    call: makeCaller(handlers, { kind: 'worker', worker: self.id, name: self.name }),
    ...{ converter, workspace },
    onNoWork: checkIdle,
  });
  undo.push(() => leading.stop());
  connect(core, master, { worker, leading, membership });
  on('probed', checkIdle);

  const call = gate.guard(makeCaller(handlers));
  const base = baseOf(settings());
  const home = () => `${node.url}${base}`;
  const node: RunningNode = {
    url: null,
    lanPort: () => leading.port,
    welcome: () => `${home()}/${access.hasPassword ? '' : `#setup=${access.makeKey()}`}`,
    home,
    makeKey: () => access.makeKey(),
    token,
    settings: core.resolved(),
    log,
    warnings: core.warnings,
    ...{ call, on, stop },
    limitTo: master.limitTo,
    isIdle: master.isIdle,
    isProbing: () => probing.busy,
    startWorker: () => {
      requireEncoders(caps);
      dispatcher.linked(self.id, true);
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
  };
  let startChores: (() => void) | undefined;
  if (config.serve) {
    restorePause();
    // A conversion on the command line needs no server.
    const { serve } = await import('./serving.ts');
    membership.remember();
    ({ url: node.url, startChores } = await serve({
      settings: settings(),
      ...{ call, access, previews, makeFeed },
      metrics: {
        parts: { ctx: master.ctx, dispatcher, traffic, on },
        token: () => metricsToken(config.dataDir, config.env ?? {}),
      },
      libraryTable: master.ctx.libraries,
      libraries: master.libraries,
      vault: master.vault,
      clock: master.clock,
      instanceFile: core.paths.instance,
      door: config.door,
      on,
      warn: (text) => emit('notice', { level: 'warn', text }),
      defect,
      backUp: core.backUp,
      undo,
    }));
  }
  // First of all: whoever calls would find one part after the other closed. And Ctrl-C or a logout ends our children together
  // with us: all that waits for one is told before connections are closed, so that its end is no verdict on a film.
  undo.push(() => {
    gate.shut();
    for (const part of [worker, membership, intake, probing]) part.stop().catch(defect);
  });
  if (startChores) {
    await Promise.all([config.onServing?.(node), leading.apply()]);
    startChores();
  }
  const caps = await core.caps();
  master.workers.seen(self.id, { ...master.greeting, computer: await describeComputer(master.temp, caps, signals) });
  if (config.serve) {
    node.startWorker();
    membership.resume();
  }
  return node;
}

/** What works for a master on another computer, if the user has it so. */
function makeMembership(core: Core, { device, space }: MasterParts): Membership {
  const { emit, undo } = core;
  const membership = new Membership({
    ...{ ...core, device, space },
    settings: core.resolved().values,
    changed: (master) => {
      emit('master', { master });
      if (master?.state === 'stopped' && master.problem) emit('notice', { level: 'warn', text: master.problem });
    },
  });
  undo.push(() => membership.stop());
  return membership;
}

/** What lets other computers work for this one, while the setting says so. */
function makeLeading(
  { resolved, emit, defect }: Core,
  { ctx, device, greeting, workers, pairing, dispatcher, uploads }: MasterParts,
  { callAs, traffic }: { callAs: (actor: Actor) => Caller; traffic: Traffic },
): Leading {
  return new Leading({
    settings: () => resolved().values,
    ...{ device, greeting, workers, pairing, callAs, defect },
    routes: async () => {
      const { makeTransferRouter } = await import('./server/transfer.ts');
      return { '/': makeTransferRouter({ originals: new Originals(ctx, dispatcher), uploads, traffic }) };
    },
    onLinked: (id, linked) => dispatcher.linked(id, linked),
    dismiss: () => {
      for (const { id, local } of workers.all()) if (!local) dispatcher.recall(id, 'is led no more');
    },
    notice: (text) => emit('notice', { level: 'warn', text }),
  });
}

/** Has the parts hear of each other. */
function connect(
  { on, defect }: Core,
  { self, dispatcher, libraries, uploads, intake }: MasterParts,
  { worker, leading, membership }: { worker: Worker; leading: Leading; membership: Membership },
): void {
  on('work', () => {
    worker.hint();
    leading.emit('work', {});
  });
  on('retry', () => intake.retryWaiting());
  // A lease has ended: nothing that came under it is kept.
  on('file', ({ state }) => state !== 'running' && uploads.sweep().catch(defect));
  on('revoked', ({ worker: id, ...lease }) => {
    if (id === self.id) worker.revoke(lease);
    else leading.emit('revoked', lease, id);
  });
  on('orders', ({ worker: id, ...orders }) => {
    if (id === self.id) worker.obey(orders);
    else leading.emit('orders', orders, id);
  });
  // A film may change while it is looked into or converted; no scan may be near to see it.
  on('file', ({ state }) => state === 'found' && libraries.lookAgain());
  on('probed', () => libraries.waitForSettling());
  // Who pauses this computer means all that it does, also for a master elsewhere.
  on('paused', () => membership.rest(dispatcher.pause.byUser ? { held: dispatcher.pause.held } : null));
}
