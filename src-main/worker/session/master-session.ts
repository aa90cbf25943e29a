import type { Employment, MasterView } from '../../../src-shared/contract/fleet-view.ts';
import type { Sense } from '../../../src-shared/fleet/availability.ts';
import { type Hello, PROTOCOL } from '../../../src-shared/fleet/protocol.ts';
import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { type Fault, messageOf } from '../../../src-shared/util/errors.ts';
import { fingerprintOf } from '../../lan/device-identity.ts';
import type { MasterLocator } from '../../lan/master-locator.ts';
import { requireEncoders } from '../../media/ffmpeg/capabilities.ts';
import { sensesOf } from '../../platform/activity-signals.ts';
import { describeComputer, nodeName, timeZone } from '../../platform/computer.ts';
import { VERSION } from '../../platform/version.ts';
import { Workspace } from '../task/workspace.ts';
import type { Holding, Worker } from '../worker.ts';
import { createRemoteWorker } from './create-remote-worker.ts';
import { readMaster, writeMaster } from './master-file.ts';
import type { LinkState, MasterLink } from './master-link.ts';
import type { MasterChoice, MembershipParts } from './types.ts';

/** Settings of the user here that the master hasn't received yet. They outlive a session. */
export interface UnsentSettings {
  settings: Partial<WorkerSettings>;
}

/** The session with a remote master, from joining until leaving, including every reconnect. */
export class MasterSession {
  readonly #parts: MembershipParts;
  readonly #choice: MasterChoice;
  /** Folder for unfinished results. */
  readonly #temp: string;
  readonly #unsent: UnsentSettings;
  readonly #ending = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #view: Omit<MasterView, 'work'>;
  #running: Promise<void> = Promise.resolve();
  #isOpen = true;
  #worker: Worker | undefined;
  #link: MasterLink | undefined;
  #locator: MasterLocator | undefined;
  #rest: { held: boolean } | null = null;
  /** Address of the master's interface. */
  #page: string | null = null;
  #senses: Sense[] = [];

  constructor(parts: MembershipParts, choice: MasterChoice, own: { temp: string; unsent: UnsentSettings }) {
    this.#parts = parts;
    this.#choice = choice;
    this.#temp = own.temp;
    this.#unsent = own.unsent;
    this.#view = { name: null, origin: choice.address ?? null, state: 'joining', code: null, problem: null };
  }

  /** False once everything that the session started has ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when the session is stopped; rejects with the reason when it ends otherwise. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** True while the master uses this computer. */
  get isWorking(): boolean {
    return this.#worker !== undefined;
  }

  get view(): MasterView {
    return { ...this.#view, work: this.#worker ? this.#employment(this.#worker) : null };
  }

  /** Videos that this computer works on for the master. */
  get holding(): Holding {
    return this.#worker?.holding ?? { videos: 0, secondsAtRisk: 0 };
  }

  /** Finds the master, joins it if necessary, and works for it. */
  start(): void {
    this.#publish();
    this.#running = this.#run(this.#choice, this.#ending.signal).catch((error) => this.#fail(error));
  }

  /** Ends running tasks. @param options - `leaving`: gives up results that the master lacks, because no session will deliver them */
  async stop({ leaving = false } = {}): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#end(leaving);
    this.#closed.resolve();
  }

  /** Pauses the work at the wish of the user here; `held` suspends running conversions too. */
  pause(rest: { held: boolean } | null): void {
    this.#rest = rest;
    this.#worker?.pause(rest);
  }

  /** Stops taking work. Resolves when the master has the results of current work. Undone by {@link resumeWork}. */
  async drain(): Promise<void> {
    await this.#worker?.drain();
  }

  resumeWork(): void {
    this.#worker?.resume();
  }

  /** Changes how much of this computer the master uses, immediately here and on the master as soon as it can be reached. */
  updateSettings(settings: Partial<WorkerSettings>): void {
    const worker = this.#worker;
    if (!worker) return;
    this.#unsent.settings = { ...this.#unsent.settings, ...settings };
    worker.applyConfig({ ...worker.orders, settings: { ...worker.orders.settings, ...settings } });
    this.#sendSettings();
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

  #publish(): void {
    this.#parts.changed(this.view);
  }

  #update(changes: Partial<MasterView>): void {
    this.#view = { ...this.#view, ...changes };
    this.#publish();
  }

  async #end(leaving = false): Promise<void> {
    // Current work is returned over the link.
    await this.#worker?.stop({ leaving });
    this.#link?.stop();
    await this.#locator?.stop();
    this.#worker = this.#link = this.#locator = undefined;
    this.#isOpen = false;
  }

  /** Ends the session for an error that retrying can't fix. */
  #fail(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#running
      .then(() => this.#end())
      .catch((failure) => this.#parts.log.warn(messageOf(failure)))
      .then(() => {
        this.#update({ state: 'stopped', code: null, problem: messageOf(error) });
        this.#closed.reject(error);
      });
  }

  async #run({ address, token, secret }: MasterChoice, signal: AbortSignal): Promise<void> {
    const { device, paths, log, caps } = this.#parts;
    requireEncoders(await caps());
    const hello = () => this.#hello();
    // Loaded only where this computer works for a remote master.
    const [{ findMaster }, { MasterLink }, { MasterLocator }] = await Promise.all([
      import('./find-master.ts'),
      import('./master-link.ts'),
      import('../../lan/master-locator.ts'),
    ]);
    const before = readMaster(paths.master);
    const master = await findMaster({
      file: paths.master,
      address,
      token,
      secret,
      device,
      hello,
      onCode: (code, name) => this.#update({ name, state: 'pairing', code, problem: null }),
      onWaiting: (sentence) => {
        log.warn(`${sentence} Trying again.`);
        this.#update({ problem: sentence });
      },
      signal,
    });
    // Results for another master are useless, and its task numbers could be mistaken for this one's.
    if (before?.certificate !== master.certificate)
      await Workspace.discard({ folder: this.#temp, memory: paths.temps });
    this.#update({ name: master.name, origin: master.origin, state: 'connecting', code: null, problem: null });
    const link = new MasterLink({ master, device, hello, as: 'worker' });
    this.#link = link;
    const places = () => link.master.places ?? [];
    this.#locator = new MasterLocator(fingerprintOf(master.certificate), places, (origin) => {
      link.reconnectTo(origin);
      this.#update({ origin });
      // An address that the user gave stays the first to be tried.
      if (address === undefined) writeMaster(paths.master, link.master).catch((error) => log.warn(messageOf(error)));
    });
    this.#locator.start();
    link.onState((state, problem) => this.#onLinkState(state, problem));
    this.#senses = await sensesOf(this.#parts.signals);
    const worker = await createRemoteWorker(link, {
      ...this.#parts,
      temp: this.#temp,
      onChange: () => this.#publish(),
    });
    // The master may have rejected this computer in the meantime.
    signal.throwIfAborted();
    this.#worker = worker;
    worker.pause(this.#rest);
    link.on('work', () => worker.wake());
    link.on('revoked', (lease) => worker.revoke(lease));
    link.on('orders', (orders) => worker.applyConfig(orders));
    await worker.start();
  }

  #onLinkState(state: LinkState, problem: Fault | undefined): void {
    const { log } = this.#parts;
    const { name } = this.#view;
    if (state === 'offline') this.#locator?.start();
    else if (state !== 'connecting') this.#locator?.stop().catch((error) => log.warn(messageOf(error)));
    if (state === 'online') {
      log.info(`Working for ${name}.`);
      this.#sendSettings();
      this.#requestPageAddress();
      this.#worker?.onConnected().catch((error) => log.warn(messageOf(error)));
    } else {
      this.#worker?.onDisconnected();
    }
    if (state === 'stopped') {
      if (problem) this.#fail(problem);
      return;
    }
    if (problem) log.warn(problem.message);
    else if (state === 'offline')
      log.warn(`Can't reach ${name}. Running work continues, and Flotilla retries automatically.`);
    this.#update({ state, problem: problem?.message ?? null });
  }

  /** Sends the master the settings made by the user here. The latest change wins, here or on the master. */
  #sendSettings(): void {
    const { settings } = this.#unsent;
    if (!this.#link?.connected || Object.keys(settings).length === 0) return;
    this.#link.call('worker.tune', { settings }).then(
      () => {
        // A change in the meantime is sent by a call of its own.
        if (this.#unsent.settings === settings) this.#unsent.settings = {};
      },
      (error) => this.#parts.log.warn(messageOf(error)),
    );
  }

  /** Asks the master for the address of its interface. */
  #requestPageAddress(): void {
    const { origin } = this.#link?.master ?? {};
    this.#link?.call('hello', {}).then(
      ({ webPort }) => {
        this.#page = webPort === null || !origin ? null : `http://${new URL(origin).hostname}:${webPort}/`;
        this.#publish();
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
