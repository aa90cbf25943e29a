import type { Actor, Caller, EventName, Events } from '../../src-shared/contract/index.ts';
import type { Capabilities } from '../../src-shared/fleet/worker-info.ts';
import type { ResolvedSettings } from '../../src-shared/settings/settings.ts';
import type { Scope } from '../db/tables/files.ts';
import { isSilence } from '../fs/response-timeout.ts';
import type { Logger } from '../log/logger.ts';
import { requireEncoders } from '../media/ffmpeg/capabilities.ts';
import { describeComputer } from '../platform/computer.ts';
import { InstanceFile } from '../platform/instance-file.ts';
import { shortChunks } from '../platform/test-overrides.ts';
import { makeCaller } from '../server/api/caller.ts';
import { restorePause } from '../server/api/queue.ts';
import { metricsToken } from '../server/metrics/token.ts';
import { TransferMetrics } from '../server/metrics/transfer-metrics.ts';
import { Converter } from '../worker/encode/converter.ts';
import { Membership } from '../worker/session/membership.ts';
import { Workspace } from '../worker/task/workspace.ts';
import type { Holding, Worker } from '../worker/worker.ts';
import { type Api, createApi } from './create-api.ts';
import { LanService } from './lan-service.ts';
import type { Lifecycle } from './lifecycle.ts';
import { createLocalWorker } from './local-worker.ts';
import { Master } from './master.ts';
import { ScheduledTasks } from './scheduled-tasks.ts';
import { ShutdownGuard } from './shutdown-guard.ts';
import type { NodeContext, RunningNode } from './types.ts';
import { WebService } from './web-service.ts';

/** A node with a database: a master with its own worker, which may also work for a remote master. */
export class MasterNode implements RunningNode {
  readonly settings: ResolvedSettings;
  readonly call: Caller;
  readonly #node: NodeContext;
  readonly #lifecycle: Lifecycle;
  readonly #master: Master;
  readonly #membership: Membership;
  readonly #workspace: Workspace;
  readonly #worker: Worker;
  readonly #api: Api;
  readonly #lan: LanService;
  readonly #web: WebService;
  readonly #tasks: ScheduledTasks;
  readonly #transfers = new TransferMetrics();
  readonly #guard = new ShutdownGuard();
  #capabilities: Capabilities | undefined;

  /** Only constructs: {@link start} is the first to change anything. */
  constructor(node: NodeContext, lifecycle: Lifecycle) {
    const { caps, device, emit, greeting, log, paths, processes, signals, space, terms, timelines, tools } = node;
    this.#node = node;
    this.#lifecycle = lifecycle;
    this.settings = node.settings.resolved;
    const master = new Master(node);
    this.#master = master;
    this.#membership = new Membership({
      device,
      paths,
      settings: node.settings.values,
      processes,
      tools,
      caps,
      space,
      signals,
      log,
      changed: (view) => {
        emit('master', { master: view });
        if (view?.state === 'stopped' && view.problem) emit('notice', { level: 'warn', text: view.problem });
      },
    });
    const converter = new Converter({
      processes,
      tools,
      caps,
      timelines,
      log,
      ...(terms?.stallMs && { stallMs: terms.stallMs }),
      chunkSeconds: shortChunks(),
    });
    this.#workspace = new Workspace({
      folder: master.temp,
      memory: paths.masterTemps,
      space,
      warn: (text) => log.warn(text),
    });
    const instance = new InstanceFile(paths.instance);
    this.#lan = new LanService(node, master, this.#transfers, instance);
    this.#web = new WebService(node, instance);
    this.#api = createApi({
      node,
      master,
      membership: this.#membership,
      converter,
      lan: this.#lan,
      web: this.#web,
    });
    const { handlers } = this.#api;
    this.#worker = createLocalWorker(node, master, {
      call: makeCaller(handlers, { kind: 'worker', worker: device.id, name: greeting.name }),
      converter,
      workspace: this.#workspace,
    });
    this.call = this.#guard.wrap(makeCaller(handlers));
    this.#tasks = new ScheduledTasks(node, master, this.call);
  }

  /**
   * Starts the parts in order, the interface before the work.
   * @throws Fault with a sentence for the user when a part can't start
   */
  async start(): Promise<void> {
    const { config, caps, device, greeting, on, signals, workers } = this.#node;
    const { ctx, dispatcher, intake, probeQueue, temp } = this.#master;
    const { access, facts, feed, frames, handlers, previews, sampler, samples } = this.#api;
    const lifecycle = this.#lifecycle;
    const membership = this.#membership;
    await lifecycle.start('master', this.#master);
    await this.#workspace.recover();
    await lifecycle.start('session with a remote master', membership);
    await lifecycle.start('samples', sampler);
    await lifecycle.start('samples of the forecast', samples);
    await lifecycle.start('frames', frames);
    await lifecycle.start('local worker', { stop: () => this.#worker.stop() });
    await lifecycle.start('LAN service', { stop: () => this.#lan.stop() });
    this.#connectEvents();
    if (config.serve) {
      restorePause(facts, dispatcher);
      membership.showSaved();
      const metrics = {
        parts: { ctx, dispatcher, traffic: this.#transfers, on },
        token: () => metricsToken(config.dataDir, config.env ?? {}),
      };
      const { call } = this;
      await lifecycle.start('web service', {
        start: () => this.#web.start({ call, access, previews, feed, metrics }),
        stop: () => this.#web.stop(),
      });
    }
    // Stops first, so that no caller sees a half-stopped node, and so that an ffmpeg that Ctrl-C or a logout kills along with
    // this process isn't recorded as a failed attempt.
    await lifecycle.start('calls', {
      stop: () => {
        this.#guard.close();
        for (const part of [this.#worker, membership, intake, probeQueue]) part.stop().catch(this.#node.reportError);
      },
    });
    if (config.serve) {
      const callAs = (actor: Actor) => this.#guard.wrap(makeCaller(handlers, actor));
      await Promise.all([config.onServing?.(this), this.#lan.start(callAs)]);
      await lifecycle.start('scheduled tasks', this.#tasks);
    }
    if (config.callsOnly) return;
    this.#capabilities = await caps();
    workers.seen(device.id, { ...greeting, computer: await describeComputer(temp, this.#capabilities, signals) });
    if (config.serve) {
      this.startWorker();
      membership.resume();
    }
  }

  /** Wires events between parts. */
  #connectEvents(): void {
    const { device, emit, on, reportError } = this.#node;
    const { dispatcher, intake, libraries, uploads } = this.#master;
    on('work', () => {
      this.#worker.wake();
      this.#lan.emit('work', {});
    });
    on('retry', () => intake.retryWaiting());
    // A lease ended: its upload isn't kept.
    on('file', ({ state }) => state !== 'running' && uploads.sweep().catch(reportError));
    on('revoked', ({ worker, ...lease }) => {
      if (worker === device.id) this.#worker.revoke(lease);
      else this.#lan.emit('revoked', lease, worker);
    });
    on('orders', ({ worker, ...orders }) => {
      if (worker === device.id) this.#worker.applyConfig(orders);
      else this.#lan.emit('orders', orders, worker);
    });
    // A video may change while it's analyzed or converted, and the next scan may be far off.
    on('file', ({ state }) => state === 'found' && libraries.analyzeFound());
    on('probed', () => {
      libraries.waitForSettling();
      if (this.isIdle()) emit('idle', {});
    });
    // Any part may find that a disk doesn't answer; the library retries for all of them.
    on('library', ({ id, paused }) => paused !== null && isSilence(paused) && libraries.scheduleRescan(id));
    // The user's pause covers everything that this computer does, also for a remote master.
    on('paused', () => this.#membership.pause(dispatcher.pause.byUser ? { held: dispatcher.pause.held } : null));
  }

  get url(): string | null {
    return this.#web.url;
  }

  get token(): string {
    return this.#node.token;
  }

  get log(): Logger {
    return this.#node.log;
  }

  get warnings(): readonly string[] {
    return this.#node.warnings;
  }

  lanPort(): number | null {
    return this.#lan.port;
  }

  welcome(): string {
    return `${this.home()}/${this.#api.access.hasPassword ? '' : `#setup=${this.makeKey()}`}`;
  }

  home(): string {
    return this.#web.home;
  }

  makeKey(): string {
    return this.#api.access.makeKey();
  }

  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    return this.#node.on(event, listener);
  }

  limitTo(scopes: Scope[]): void {
    this.#master.limitTo(scopes);
  }

  isIdle(): boolean {
    return this.#master.isIdle();
  }

  isProbing(): boolean {
    return this.#master.probeQueue.busy;
  }

  startWorker(): void {
    if (this.#capabilities) requireEncoders(this.#capabilities);
    this.#master.dispatcher.onConnected(this.#node.device.id, true);
    this.#worker.start().catch(this.#node.reportError);
  }

  holding(): Holding {
    const [own, other] = [this.#worker.holding, this.#membership.holding];
    return {
      videos: own.videos + other.videos,
      secondsAtRisk: Math.max(own.secondsAtRisk, other.secondsAtRisk),
    };
  }

  async drain(): Promise<void> {
    await Promise.all([this.#worker.drain(), this.#membership.drain()]);
  }

  resume(): void {
    this.#worker.resume();
    this.#membership.resumeWork();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }
}
