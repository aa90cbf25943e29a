import { EventEmitter } from 'node:events';
import type { EventName, Events } from '../src-shared/contract.ts';
import { messageOf } from '../src-shared/errors.ts';
import { plainText } from '../src-shared/plain-text.ts';
import { type ResolvedSettings, resolveSettings, type SettingKey } from '../src-shared/settings.ts';
import { dataPaths } from './config.ts';
import { backUpDaily } from './db/backups.ts';
import { type Db, openDatabase } from './db/open.ts';
import { SettingTable } from './db/settings.ts';
import { shortTerms } from './fault.ts';
import type { Logger } from './log.ts';
import type { MasterContext } from './master/context.ts';
import { type AskCapabilities, askOnce } from './media/capabilities.ts';
import { ProcessManager } from './media/process.ts';
import { Timelines } from './media/timeline.ts';
import { bundledFolder, type FoundTools, findTools } from './media/tools.ts';
import { networkFileSystem } from './network-disk.ts';
import type { RunningNode } from './node.ts';
import type { Door } from './server/door.ts';
import { findSignals } from './signals.ts';
import type { DisturbanceSignals } from './worker/disturbance.ts';

/** What a node is started with. */
export interface NodeConfig {
  dataDir: string;
  /** Settings from the command line. */
  flags?: Partial<Record<SettingKey, unknown>>;
  /** Settings from the environment. */
  env?: Record<string, string | undefined>;
  /** True: listen, scan the watched libraries again and again, and convert them. False: do only what is asked. */
  serve: boolean;
  /** Only looks: nothing in a library is written, removed or finished. */
  dryRun?: boolean;
  /** Told of a serving node as soon as its interface can be seen; it takes up work when what it returns has resolved. */
  onServing?: (node: RunningNode) => unknown;
  /** What the interface has been listening with since before the node was started. */
  door?: Door;
  /** What tells whether work would disturb the user; the desktop program knows more of that than Node.js does. */
  signals?: DisturbanceSignals;
  /** Where the installed app keeps what it brings; that of this process where left out. */
  resources?: string;
  /** Whoever knows it becomes a worker. */
  joinSecret?: string | undefined;
  /** Where left out: the terminal and files in the data folder, as much as the setting says. */
  log?: Logger;
}

/** What every part of a node stands on. */
export interface Core {
  config: NodeConfig;
  log: Logger;
  paths: ReturnType<typeof dataPaths>;
  /** What ends the node, undone in reverse order. */
  undo: (() => unknown)[];
  db: Db;
  stored: SettingTable;
  /** The settings as they are now. */
  resolved: () => ResolvedSettings;
  /** A setting was stored: what is resolved is another now. */
  refresh: () => void;
  emit: MasterContext['emit'];
  /** Listens to an event; returns how to stop listening. */
  on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => () => void;
  /** Notes an error that nobody else is told of. */
  defect: (error: unknown) => void;
  /** What the start found and put right or could not, as sentences for the user. */
  warnings: string[];
  processes: ProcessManager;
  tools: FoundTools;
  /** What ffmpeg answers about itself: nothing of the start waits for it but the first work. */
  caps: AskCapabilities;
  timelines: Timelines;
  signals: DisturbanceSignals;
  /** For tests: how long heartbeats and leases take. */
  terms: ReturnType<typeof shortTerms>;
  backUp: () => Promise<void>;
}

/** Opens the database, reads the settings and looks for the tools. */
export async function openCore(config: NodeConfig, log: Logger, undo: Core['undo']): Promise<Core> {
  const paths = dataPaths(config.dataDir);
  const { db, repaired } = openDatabase(paths.database, paths.backups);
  undo.push(() => db.close());
  const events = new EventEmitter<{ [E in EventName]: [Events[E]] }>();
  const on = <E extends EventName>(event: E, listener: (payload: Events[E]) => void) => {
    events.on(event, listener as never);
    return () => void events.off(event, listener as never);
  };
  // Once the database is closed, what is still under way can only fail, and nothing is lost by it: nobody is told.
  const emit: MasterContext['emit'] = (event, payload) => {
    if (!db.open) return;
    // Notices go to windows of the desktop and terminals, and may name what others named.
    if (event === 'notice') {
      const notice = payload as Events['notice'];
      notice.text = plainText(notice.text);
      log.warn(notice.text);
    }
    (events.emit as (event: string, payload: unknown) => boolean)(event, payload);
  };
  const defect = (error: unknown) => db.open && log.error(error, messageOf(error));

  const backUp = () => backUpDaily(paths.database, paths.backups);
  // A serving node makes its backups while it runs, and ends at once.
  if (!config.serve) undo.push(() => backUp().catch(defect));
  const warnings = repaired ? [repaired] : [];
  const remote = await networkFileSystem(config.dataDir);
  if (remote)
    warnings.push(
      `The data folder ${config.dataDir} lies on a network share (${remote}), where the database can be damaged; move it to a local disk of this computer.`,
    );
  const stored = new SettingTable(db);
  const resolve = () => resolveSettings({ flags: config.flags ?? {}, env: config.env ?? {}, stored: stored.all() });
  let resolved = resolve();
  const followLevel = () => {
    if (!config.log) log.level = resolved.values.logLevel;
  };
  followLevel();
  const refresh = () => {
    resolved = resolve();
    followLevel();
  };

  const processes = await ProcessManager.create(paths.children);
  const tools = findTools(resolved.values.ffmpegPath, bundledFolder(config.resources));
  const caps = askOnce(processes, tools);
  // A command needs the answer next; a serving node asks when its interface can be seen.
  if (!config.serve) caps().catch(() => undefined);
  const signals = await findSignals(config.signals);
  return {
    ...{
      config,
      log,
      paths,
      undo,
      db,
      stored,
      refresh,
      emit,
      on,
      defect,
      warnings,
      processes,
      tools,
      caps,
      signals,
      backUp,
    },
    resolved: () => resolved,
    timelines: new Timelines(processes, tools),
    terms: shortTerms(),
  };
}
