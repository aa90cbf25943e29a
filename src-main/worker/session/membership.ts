import path from 'node:path';
import type { MasterView } from '../../../src-shared/contract/fleet-view.ts';
import type { WorkerSettings } from '../../../src-shared/fleet/worker-info.ts';
import { ownWorkerSettings } from '../../../src-shared/settings/own-worker-settings.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { Workspace } from '../task/workspace.ts';
import type { Holding } from '../worker.ts';
import { forgetMaster, hasMaster, readMaster } from './master-file.ts';
import { MasterSession, type UnsentSettings } from './master-session.ts';
import type { MasterChoice, MembershipParts } from './types.ts';

/** Whether this computer works for a remote master: it has at most one {@link MasterSession} at a time. */
export class Membership {
  readonly #parts: MembershipParts;
  /** Folder for unfinished results. */
  readonly #temp: string;
  /** Settings of the user here that no master has received yet. */
  readonly #unsent: UnsentSettings;
  /** The latest session; it keeps its view after it has ended. */
  #session: MasterSession | undefined;
  /** The saved master, shown before a session with it starts. */
  #saved: MasterView | null = null;
  #rest: { held: boolean } | null = null;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    const { tempDir } = parts.settings;
    this.#temp = path.join(tempDir ?? parts.paths.temp, `flotilla-${parts.device.id}`);
    this.#unsent = { settings: ownWorkerSettings(parts.settings) };
  }

  /** The relation to the master; null without one. */
  get view(): MasterView | null {
    return this.#session?.view ?? this.#saved;
  }

  /** Pauses the work for the master at the wish of the user here; `held` suspends running conversions too. */
  pause(rest: { held: boolean } | null): void {
    this.#rest = rest;
    this.#session?.pause(rest);
  }

  /**
   * Changes how much of this computer the master uses, immediately here and on the master as soon as it can be reached.
   * @throws Fault `conflict` without a master
   */
  updateSettings(settings: Partial<WorkerSettings>): void {
    if (!this.#session?.isWorking) throw new Fault('conflict', "This computer doesn't work for a master.");
    this.#session.updateSettings(settings);
  }

  /**
   * Works for a master, after joining it if necessary.
   * @returns resolves when the session is stopped; rejects with the reason when it ends otherwise, such as by a rejection
   * @throws Fault `conflict` while there is another session
   */
  join(choice: MasterChoice): Promise<void> {
    if (this.#session?.isOpen) {
      const name = this.view?.name ?? 'a master';
      throw new Fault('conflict', `This computer already works for ${name}; leave it first.`);
    }
    const session = new MasterSession(this.#parts, choice, { temp: this.#temp, unsent: this.#unsent });
    this.#session = session;
    session.pause(this.#rest);
    session.start();
    return session.closed;
  }

  /** Shows the saved master as connecting until {@link resume} works for it. */
  showSaved(): void {
    try {
      const master = readMaster(this.#parts.paths.master);
      if (!master) return;
      const { name, origin } = master;
      this.#saved = { name, origin, state: 'connecting', code: null, problem: null, work: null };
    } catch {
      // A damaged file is reported when a session starts with it.
    }
  }

  /** Works for the saved master, if there is one and no session is open. */
  resume(): void {
    if (!this.#session?.isOpen && hasMaster(this.#parts.paths.master)) this.join({}).catch(() => undefined);
  }

  /** Videos that this computer works on for the master. */
  get holding(): Holding {
    return this.#session?.holding ?? { videos: 0, secondsAtRisk: 0 };
  }

  /** Stops taking work. Resolves when the master has the results of current work. Undone by {@link resumeWork}. */
  async drain(): Promise<void> {
    await this.#session?.drain();
  }

  resumeWork(): void {
    this.#session?.resumeWork();
  }

  /** Ends the session and forgets the master. */
  async leave(): Promise<void> {
    await this.#session?.stop({ leaving: true });
    forgetMaster(this.#parts.paths.master);
    await Workspace.discard({ folder: this.#temp, memory: this.#parts.paths.temps });
    this.#session = undefined;
    this.#saved = null;
    this.#parts.changed(null);
  }

  /** Ends the session. The next start continues with the same master. */
  async stop(): Promise<void> {
    await this.#session?.stop();
  }
}
