import type { Caller, Emit, EventName, Events } from '../../src-shared/contract/index.ts';
import type { Greeting } from '../../src-shared/fleet/protocol.ts';
import type { ResolvedSettings, SettingKey } from '../../src-shared/settings/settings.ts';
import type { Db } from '../db/open.ts';
import type { Scope } from '../db/tables/files.ts';
import type { WorkerTable } from '../db/tables/workers.ts';
import type { DiskSpace } from '../fs/disk-space.ts';
import type { Device } from '../lan/device-identity.ts';
import type { Logger } from '../log/logger.ts';
import type { LookupFiles } from '../master/library/lookup-tables.ts';
import type { AskCapabilities } from '../media/ffmpeg/capabilities.ts';
import type { FoundTools } from '../media/ffmpeg/find-tools.ts';
import type { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import type { Timelines } from '../media/ffmpeg/timeline.ts';
import type { DisturbanceSignals } from '../platform/activity-types.ts';
import type { dataPaths } from '../platform/data-paths.ts';
import type { shortTerms } from '../platform/test-overrides.ts';
import type { EarlyServer } from '../server/web/early-server.ts';
import type { Holding } from '../worker/worker.ts';
import type { SettingsService } from './settings-service.ts';

/** Configuration of a node. */
export interface NodeConfig {
  dataDir: string;
  /** Settings from the command line. */
  flags?: Partial<Record<SettingKey, unknown>>;
  /** Settings from the environment. */
  env?: Record<string, string | undefined>;
  /** True: listen, scan the watched libraries regularly, and convert them. False: do only what is asked. */
  serve: boolean;
  /** True: only calls are answered, which work without an ffmpeg. */
  callsOnly?: boolean;
  /** True: write, remove, and finish nothing in a library. */
  dryRun?: boolean;
  /** Called once the interface of a serving node is reachable. Work starts when the returned promise resolves. */
  onServing?: (node: RunningNode) => unknown;
  /** Called for each file that changes, including those that the start settles after a crash. */
  onFile?: (file: Events['file']) => void;
  /** The server that has held the interface's port since before the node started. */
  door?: EarlyServer;
  /** Signals of user activity; the desktop program has more of them than Node.js. */
  signals?: DisturbanceSignals;
  /** Resource folder of the installed app (default: that of this process). */
  resources?: string;
  /** Secret that makes any computer that knows it a worker. */
  joinSecret?: string | undefined;
  /** Default: the terminal and files in the data folder, at the level of the setting. */
  log?: Logger;
}

/** What all parts of a node share. */
export interface NodeContext {
  config: NodeConfig;
  log: Logger;
  paths: ReturnType<typeof dataPaths>;
  db: Db;
  settings: SettingsService;
  emit: Emit;
  /** Listens to an event until the returned function is called. */
  on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => () => void;
  /** Logs an error that no caller receives. */
  reportError: (error: unknown) => void;
  /** What the start repaired or couldn't repair, as sentences for the user. */
  warnings: string[];
  processes: ProcessManager;
  tools: FoundTools;
  /** What ffmpeg supports. Nothing in the start waits for it except the first work. */
  caps: AskCapabilities;
  timelines: Timelines;
  signals: DisturbanceSignals;
  lookups: LookupFiles;
  /** Key and certificate of this install. */
  device: Device;
  /** Random ID of this install. */
  install: string;
  /** Secret that gives a user of this computer access. */
  token: string;
  /** All workers, this computer among them. */
  workers: WorkerTable;
  /** How this node introduces itself. */
  greeting: Greeting;
  space: DiskSpace;
  /** For tests: shorter heartbeats and leases. */
  terms: ReturnType<typeof shortTerms>;
  /** Backs up the database, once a day. */
  backUp: () => Promise<void>;
}

/** A node that runs. */
export interface RunningNode {
  /** Address of the interface; null when the node doesn't serve. */
  readonly url: string | null;
  /** Port for workers; null while none are accepted. */
  lanPort: () => number | null;
  /** Returns the address to open first. While no password is set, it signs in once without one. */
  welcome: () => string;
  /** Returns the base address of the interface's pages, without a trailing slash. */
  home: () => string;
  /** Creates a single-use key for `#token=` in the address. */
  makeKey: () => string;
  /** Secret that gives a user of this computer access. */
  readonly token: string;
  /** Settings in force at the start. */
  readonly settings: ResolvedSettings;
  readonly log: Logger;
  /** What the start repaired or couldn't repair, as sentences for the user. */
  readonly warnings: readonly string[];
  readonly call: Caller;
  /** Listens to an event until the returned function is called. */
  on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => () => void;
  /** Restricts work to these libraries or parts of them. */
  limitTo(scopes: Scope[]): void;
  /** Returns true when nothing is left to do in the scopes. */
  isIdle(): boolean;
  /** Returns true while found files are being analyzed. */
  isProbing(): boolean;
  /** Starts the local worker. @throws Fault when ffmpeg lacks an encoder */
  startWorker(): void;
  /** Returns what this computer works on, for itself or for a remote master. */
  holding(): Holding;
  /** Stops taking work. Resolves when current work is finished. Undone by {@link resume}. */
  drain(): Promise<void>;
  resume(): void;
  /** Stops all parts. Running conversions are queued again. */
  stop(): Promise<void>;
}
