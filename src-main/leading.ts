import type { Router } from 'express';
import type { Actor, Caller, WorkerEventName, WorkerEvents } from '../src-shared/contract.ts';
import type { Greeting, Hello } from '../src-shared/protocol.ts';
import type { Settings } from '../src-shared/settings.ts';
import type { WorkerTable } from './db/workers.ts';
import type { Device } from './device.ts';
import type { Pairing } from './master/pairing.ts';
import type { Lan } from './server/lan.ts';

/** Computers that users are told of while this program runs, because their version does not fit. */
const MOST_TOLD = 100;

/** What a node that leads is made of. */
export interface LeadingParts {
  settings: () => Settings;
  device: Device;
  greeting: Greeting;
  workers: WorkerTable;
  pairing: Pairing;
  /** For workers only, by their path. */
  routes: () => Promise<Record<string, Router>>;
  callAs: (actor: Actor) => Caller;
  /** A worker's connection came up, or its last one went down. */
  onLinked: (worker: string, linked: boolean) => void;
  /** Takes back what other computers work on: they are led no more. */
  dismiss: () => void;
  notice: (text: string) => void;
  defect: (error: unknown) => void;
}

/** Leads other computers while the settings say so: awaits them, and lets itself be found. */
export class Leading {
  readonly #parts: LeadingParts;
  #lan: Lan | undefined;
  #silence: (() => Promise<void>) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Computers that were turned away: users are told once of each, and of so many. */
  readonly #told = new Set<string>();

  constructor(parts: LeadingParts) {
    this.#parts = parts;
  }

  /** Where other computers are awaited; null when they are not. */
  get port(): number | null {
    return this.#lan?.port ?? null;
  }

  /**
   * Starts or stops as the settings say now.
   * @throws Fault `conflict` when the port cannot be had
   */
  apply(): Promise<void> {
    const done = this.#turn.then(async () => {
      const { lead, lanPort } = this.#parts.settings();
      const fits = this.#lan && (lanPort === 0 || lanPort === this.#lan.port);
      if (this.#lan && !lead) {
        this.#parts.dismiss();
        await this.#lan.heard();
      }
      if (this.#lan && (!lead || !fits)) await this.#end();
      if (lead && !this.#lan) await this.#begin();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  emit<E extends WorkerEventName>(event: E, payload: WorkerEvents[E], worker?: string): void {
    this.#lan?.emit(event, payload, worker);
  }

  /** Ends every connection of this certificate now. */
  cut(fingerprint: string): void {
    this.#lan?.cut(fingerprint);
  }

  async stop(): Promise<void> {
    await this.#turn;
    await this.#end();
  }

  async #begin(): Promise<void> {
    const { device, greeting, workers, pairing, settings } = this.#parts;
    const { lanPort, hostNames } = settings();
    // Loaded by those only that lead.
    const [{ startLan }, { announce }] = await Promise.all([import('./server/lan.ts'), import('./discovery.ts')]);
    const lan = await startLan({
      device,
      port: lanPort,
      greeting,
      hostNames,
      findWorker: (fingerprint) => {
        const row = workers.find(fingerprint);
        return row && !row.local ? row : undefined;
      },
      callAs: this.#parts.callAs,
      onConnect: ({ id }, hello) => this.#linked(id, true, hello),
      onDisconnect: (id) => this.#linked(id, false),
      onStrangerGone: (fingerprint) => pairing.withdraw(fingerprint),
      onMismatch: (from, sentence) => {
        if (this.#told.has(from) || this.#told.size >= MOST_TOLD) return;
        this.#told.add(from);
        this.#parts.notice(sentence);
      },
      onClone: this.#parts.notice,
      onDefect: this.#parts.defect,
    });
    for (const [path, router] of Object.entries(await this.#parts.routes())) lan.mount(path, router);
    this.#lan = lan;
    this.#silence = announce({ greeting, port: lan.port, fingerprint: device.fingerprint, warn: this.#parts.notice });
  }

  #linked(worker: string, linked: boolean, hello?: Hello): void {
    this.#parts.workers.seen(worker, hello);
    this.#parts.onLinked(worker, linked);
  }

  async #end(): Promise<void> {
    const lan = this.#lan;
    this.#lan = undefined;
    await Promise.all([this.#silence?.(), lan?.close()]);
    this.#silence = undefined;
  }
}
