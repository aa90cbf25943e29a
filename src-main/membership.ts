import path from 'node:path';
import { Fault, messageOf } from '../src-shared/errors.ts';
import type { Employment, MasterView } from '../src-shared/fleet-view.ts';
import { ownWorkerSettings } from '../src-shared/own-worker-settings.ts';
import { type Hello, PROTOCOL } from '../src-shared/protocol.ts';
import type { Settings } from '../src-shared/settings.ts';
import type { WorkerSettings } from '../src-shared/worker-info.ts';
import type { Sense } from '../src-shared/yielding.ts';
import { describeComputer, nodeName, timeZone } from './computer.ts';
import type { dataPaths } from './config.ts';
import { type Device, fingerprintOf } from './device.ts';
import type { Logger } from './log.ts';
import { type AskCapabilities, requireEncoders, type Tools } from './media/capabilities.ts';
import type { ProcessManager } from './media/process.ts';
import { makeRemoteWorker } from './remote-worker.ts';
import { sensesOf } from './signals.ts';
import type { Space } from './space.ts';
import { VERSION } from './version.ts';
import type { Whereabouts } from './whereabouts.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';
import type { Link, LinkState } from './worker/link.ts';
import { forgetMaster, hasMaster, readMaster, writeMaster } from './worker/master-file.ts';
import type { Worker } from './worker/worker.ts';
import { Workspace } from './worker/workspace.ts';

/** What of a node works for a master on another computer. */
export interface MembershipParts {
  device: Device;
  paths: ReturnType<typeof dataPaths>;
  /** As they are at the start. */
  settings: Settings;
  processes: ProcessManager;
  tools: Tools;
  caps: AskCapabilities;
  space: Space;
  signals: DisturbanceSignals;
  log: Logger;
  /** Told of every change. */
  changed: (view: MasterView | null) => void;
}

/** Which master to work for: by an address and perhaps an invitation, or the one of before. */
export interface MasterChoice {
  address?: string | undefined;
  token?: string | undefined;
  /** What the master was started with as well. */
  secret?: string | undefined;
}

/** That this computer works for a master on another one: from the first word with it until it is left. */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #temp: string;
  #view: Omit<MasterView, 'work'> | null = null;
  #current: { ending: AbortController; over: PromiseWithResolvers<void>; work: Promise<void> } | undefined;
  #worker: Worker | undefined;
  #link: Link | undefined;
  #whereabouts: Whereabouts | undefined;
  /** What the user wants here and the master does not know yet. */
  #untold: Partial<WorkerSettings>;
  #rest: { held: boolean } | null = null;
  #page: string | null = null;
  #senses: Sense[] = [];

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    const { tempDir } = parts.settings;
    this.#temp = path.join(tempDir ?? parts.paths.temp, `flotilla-${parts.device.id}`);
    this.#untold = ownWorkerSettings(parts.settings);
  }

  /** How it stands with the master; null without one. */
  get view(): MasterView | null {
    return this.#view && { ...this.#view, work: this.#worker ? this.#employment(this.#worker) : null };
  }

  #employment(worker: Worker): Employment {
    const { device, settings } = this.#parts;
    const own = { worker: nodeName(settings), workerId: device.id };
    return {
      ...worker.orders,
      running: worker.work.map(({ grant: { task, file, library, path }, progress }) => {
        return { task, file, library, path, ...own, progress };
      }),
      yielding: worker.yielding,
      senses: this.#senses,
      zone: timeZone(),
      page: this.#page,
    };
  }

  #tell(): void {
    this.#parts.changed(this.view);
  }

  /** The user wants this computer to rest, whatever its master wants: `held`, what runs stands still too. */
  rest(rest: { held: boolean } | null): void {
    this.#rest = rest;
    this.#worker?.rest(rest);
  }

  /**
   * Changes how much of this computer the master uses: at once, and for the master when it can be reached.
   * @throws Fault `conflict` without a master
   */
  tune(settings: Partial<WorkerSettings>): void {
    const worker = this.#worker;
    if (!worker) throw new Fault('conflict', 'This computer works for no master.');
    this.#untold = { ...this.#untold, ...settings };
    worker.obey({ ...worker.orders, settings: { ...worker.orders.settings, ...settings } });
    this.#tune();
  }

  /**
   * Works for a master from now on; becomes its worker first where it is none yet.
   * @returns resolves when it is stopped; rejects with the reason when it ends by itself, because it is turned away say
   * @throws Fault `conflict` while there is another one
   */
  begin(choice: MasterChoice): Promise<void> {
    if (this.#current) {
      throw new Fault('conflict', `This computer works for ${this.#view?.name ?? 'a master'} already; leave it first.`);
    }
    const current = { ending: new AbortController(), over: Promise.withResolvers<void>(), work: Promise.resolve() };
    this.#current = current;
    this.#view = { name: null, origin: choice.address ?? null, state: 'joining', code: null, problem: null };
    this.#tell();
    current.work = this.#work(choice, current.ending.signal).catch((error) => this.#fail(error));
    return current.over.promise;
  }

  /** Tells of the master of before, if there is one, until {@link resume} works for it. */
  remember(): void {
    try {
      const master = readMaster(this.#parts.paths.master);
      if (!master) return;
      const { name, origin } = master;
      this.#view = { name, origin, state: 'connecting', code: null, problem: null };
    } catch {
      // What is wrong with the file is told when it is worked for.
    }
  }

  /** Works for the master of before, if there is one, unless it works for one already. */
  resume(): void {
    if (!this.#current && hasMaster(this.#parts.paths.master)) this.begin({}).catch(() => undefined);
  }

  /** Films in its hands. */
  get holds(): number {
    return this.#worker?.holds ?? 0;
  }

  /** Takes no more work until {@link carryOn}; resolves when what it held at the call is with the master. */
  async windDown(): Promise<void> {
    await this.#worker?.windDown();
  }

  carryOn(): void {
    this.#worker?.carryOn();
  }

  /** Works for it no more, and forgets it. */
  async leave(): Promise<void> {
    await this.stop({ leaving: true });
    forgetMaster(this.#parts.paths.master);
    await this.#discard();
    this.#view = null;
    this.#tell();
  }

  #discard(): Promise<void> {
    return Workspace.discard({ folder: this.#temp, memory: this.#parts.paths.temps });
  }

  /** Ends what runs; the next start goes on with the same master, unless it is left. */
  async stop({ leaving = false } = {}): Promise<void> {
    const current = this.#current;
    current?.ending.abort();
    await current?.work;
    await this.#end(leaving);
    current?.over.resolve();
  }

  async #end(leaving = false): Promise<void> {
    // What is held is given back over the link.
    await this.#worker?.stop({ leaving });
    this.#link?.stop();
    await this.#whereabouts?.end();
    this.#current = this.#worker = this.#link = this.#whereabouts = undefined;
  }

  /** It ends by itself. */
  #fail(error: unknown): void {
    const current = this.#current;
    if (!current || current.ending.signal.aborted) return;
    current.ending.abort();
    current.work
      .then(() => this.#end())
      .catch((failure) => this.#parts.log.warn(messageOf(failure)))
      .then(() => {
        this.#become({ state: 'stopped', code: null, problem: messageOf(error) });
        current.over.reject(error);
      });
  }

  #become(changes: Partial<MasterView>): void {
    if (!this.#view) return;
    this.#view = { ...this.#view, ...changes };
    this.#tell();
  }

  async #work({ address, token, secret }: MasterChoice, signal: AbortSignal): Promise<void> {
    const { device, paths, log, caps } = this.#parts;
    requireEncoders(await caps());
    const hello = () => this.#hello();
    // Loaded by those only that work for another one.
    const [{ findMaster }, { Link }, { Whereabouts }] = await Promise.all([
      import('./worker/known-master.ts'),
      import('./worker/link.ts'),
      import('./whereabouts.ts'),
    ]);
    const before = readMaster(paths.master);
    const master = await findMaster({
      file: paths.master,
      address,
      token,
      secret,
      device,
      hello,
      onCode: (code, name) => this.#become({ name, state: 'pairing', code, problem: null }),
      onWaiting: (sentence) => {
        log.warn(`${sentence} Trying again.`);
        this.#become({ problem: sentence });
      },
      signal,
    });
    // Results for another one are nobody's, and its numbers would be taken for this one's.
    if (before?.certificate !== master.certificate) await this.#discard();
    this.#become({ name: master.name, origin: master.origin, state: 'connecting', code: null, problem: null });
    const link = new Link({ master, device, hello, as: 'worker' });
    this.#link = link;
    const places = () => link.master.places ?? [];
    this.#whereabouts = new Whereabouts(fingerprintOf(master.certificate), places, (origin) => {
      link.moveTo(origin);
      this.#become({ origin });
      // A user who names the address has the say where to look first.
      if (address === undefined) writeMaster(paths.master, link.master).catch((error) => log.warn(messageOf(error)));
    });
    this.#whereabouts.lost();
    link.onState((state, problem) => this.#follow(state, problem));
    this.#senses = await sensesOf(this.#parts.signals);
    const tell = () => this.#tell();
    const worker = await makeRemoteWorker(link, { ...this.#parts, temp: this.#temp, tell });
    // It may have been turned away meanwhile.
    signal.throwIfAborted();
    this.#worker = worker;
    worker.rest(this.#rest);
    link.on('work', () => worker.hint());
    link.on('revoked', (lease) => worker.revoke(lease));
    link.on('orders', (orders) => worker.obey(orders));
    await worker.start();
  }

  #follow(state: LinkState, problem: Fault | undefined): void {
    const { log } = this.#parts;
    const name = this.#view?.name;
    if (state === 'offline') this.#whereabouts?.lost();
    else if (state !== 'connecting') this.#whereabouts?.end().catch((error) => log.warn(messageOf(error)));
    if (state === 'online') {
      log.info(`Working for ${name}.`);
      this.#tune();
      this.#greet();
      this.#worker?.linked().catch((error) => log.warn(messageOf(error)));
    } else {
      this.#worker?.unlinked();
    }
    if (state === 'stopped') {
      if (problem) this.#fail(problem);
      return;
    }
    if (problem) log.warn(problem.message);
    else if (state === 'offline') log.warn(`${name} cannot be reached; what runs goes on, and it is tried again.`);
    this.#become({ state, problem: problem?.message ?? null });
  }

  /** Tells the master once what the user wants here; the last word counts, here or there. */
  #tune(): void {
    const settings = this.#untold;
    if (!this.#link?.connected || Object.keys(settings).length === 0) return;
    this.#link.call('worker.tune', { settings }).then(
      () => {
        // What was wanted meanwhile is told by a call of its own.
        if (this.#untold === settings) this.#untold = {};
      },
      (error) => this.#parts.log.warn(messageOf(error)),
    );
  }

  /** Asks the master where its page is. */
  #greet(): void {
    const { origin } = this.#link?.master ?? {};
    this.#link?.call('hello', {}).then(
      ({ webPort }) => {
        this.#page = webPort === null || !origin ? null : `http://${new URL(origin).hostname}:${webPort}/`;
        this.#tell();
      },
      (error) => this.#parts.log.warn(messageOf(error)),
    );
  }

  async #hello(): Promise<Hello> {
    const { settings, device, caps, signals } = this.#parts;
    return {
      name: nodeName(settings),
      device: device.id,
      version: VERSION,
      protocol: PROTOCOL,
      computer: await describeComputer(this.#temp, await caps(), signals),
    };
  }
}
