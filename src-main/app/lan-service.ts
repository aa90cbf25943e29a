import type { Router } from 'express';
import type { Actor, Caller, WorkerEventName, WorkerEvents } from '../../src-shared/contract/index.ts';
import type { Hello } from '../../src-shared/fleet/protocol.ts';
import { SourceFiles } from '../master/transfer/source-files.ts';
import type { InstanceFile } from '../platform/instance-file.ts';
import type { Lan } from '../server/lan/lan-server.ts';
import type { TransferMetrics } from '../server/metrics/transfer-metrics.ts';
import type { Master } from './master.ts';
import type { NodeContext } from './types.ts';

/** Rejected computers whose users are notified, at most: anyone on the network can connect. */
const MAX_NOTIFIED = 100;

/** Accepts workers from the network and announces this master, while the settings say so. */
export class LanService {
  readonly #node: NodeContext;
  readonly #master: Master;
  readonly #transfers: TransferMetrics;
  readonly #instance: InstanceFile;
  #callAs: ((actor: Actor) => Caller) | undefined;
  #lan: Lan | undefined;
  #withdrawAnnouncement: (() => Promise<void>) | undefined;
  /** Changes run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Computers rejected for their version; their users were notified. */
  readonly #notified = new Set<string>();

  constructor(node: NodeContext, master: Master, transfers: TransferMetrics, instance: InstanceFile) {
    this.#node = node;
    this.#master = master;
    this.#transfers = transfers;
    this.#instance = instance;
  }

  /** Port for workers; null while none are accepted. */
  get port(): number | null {
    return this.#lan?.port ?? null;
  }

  /**
   * Accepts workers if the settings say so.
   * @param callAs - makes the calls of a computer that connects
   * @throws Fault `conflict` when the port is taken
   */
  start(callAs: (actor: Actor) => Caller): Promise<void> {
    this.#callAs = callAs;
    return this.apply();
  }

  /**
   * Opens or closes the server as the current settings say. Does nothing before {@link start}.
   * @throws Fault `conflict` when the port is taken
   */
  apply(): Promise<void> {
    const callAs = this.#callAs;
    if (!callAs) return Promise.resolve();
    const done = this.#turn.then(async () => {
      const { lead, lanPort } = this.#node.settings.values;
      const fits = this.#lan && (lanPort === 0 || lanPort === this.#lan.port);
      if (this.#lan && !lead) {
        this.#revokeAll();
        await this.#lan.flush();
      }
      if (this.#lan && (!lead || !fits)) await this.#close();
      if (lead && !this.#lan) await this.#open(callAs);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Sends an event to all connected workers, or to one. */
  emit<E extends WorkerEventName>(event: E, payload: WorkerEvents[E], worker?: string): void {
    this.#lan?.emit(event, payload, worker);
  }

  /** Ends every connection of the computer with this certificate. */
  cut(fingerprint: string): void {
    this.#lan?.cut(fingerprint);
  }

  async stop(): Promise<void> {
    this.#callAs = undefined;
    await this.#turn;
    await this.#close();
  }

  async #open(callAs: (actor: Actor) => Caller): Promise<void> {
    const { device, emit, greeting, reportError, settings, workers } = this.#node;
    const { lanPort, hostNames } = settings.values;
    const notify = (text: string) => emit('notice', { level: 'warn', text });
    // Loaded only where workers are accepted.
    const [{ startLan }, { announce }] = await Promise.all([
      import('../server/lan/lan-server.ts'),
      import('../lan/discovery.ts'),
    ]);
    const lan = await startLan({
      device,
      port: lanPort,
      greeting,
      hostNames,
      findWorker: (fingerprint) => {
        const row = workers.find(fingerprint);
        return row && !row.local ? row : undefined;
      },
      callAs,
      onConnect: ({ id }, hello) => this.#onConnected(id, true, hello),
      onDisconnect: (id) => this.#onConnected(id, false),
      onStrangerGone: (fingerprint) => this.#master.pairing.withdraw(fingerprint),
      onMismatch: (from, sentence) => {
        if (this.#notified.has(from) || this.#notified.size >= MAX_NOTIFIED) return;
        this.#notified.add(from);
        notify(sentence);
      },
      onClone: notify,
      onDefect: reportError,
    });
    lan.mount('/', await this.#transferRouter());
    this.#lan = lan;
    this.#instance.write({ lanPort: lan.port });
    this.#withdrawAnnouncement = announce({
      greeting,
      port: lan.port,
      fingerprint: device.fingerprint,
      warn: notify,
    });
  }

  async #transferRouter(): Promise<Router> {
    const { chunkUploads, ctx, dispatcher, uploads } = this.#master;
    const { makeTransferRouter } = await import('../server/lan/transfer-routes.ts');
    const originals = new SourceFiles(ctx, dispatcher);
    return makeTransferRouter({ originals, uploads, chunks: chunkUploads, traffic: this.#transfers });
  }

  #onConnected(worker: string, connected: boolean, hello?: Hello): void {
    this.#node.workers.seen(worker, hello);
    this.#master.dispatcher.onConnected(worker, connected);
  }

  /** Gives the tasks of all remote workers to others. */
  #revokeAll(): void {
    for (const { id, local } of this.#node.workers.all())
      if (!local) this.#master.dispatcher.revokeAll(id, 'was disconnected: the master stopped accepting workers');
  }

  async #close(): Promise<void> {
    const lan = this.#lan;
    this.#lan = undefined;
    await Promise.all([this.#withdrawAnnouncement?.(), lan?.close()]);
    this.#withdrawAnnouncement = undefined;
    if (lan) this.#instance.write({ lanPort: null });
  }
}
