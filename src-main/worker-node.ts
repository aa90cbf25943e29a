import type { MasterView } from '../src-shared/fleet-view.ts';
import { resolveSettings, type SettingKey } from '../src-shared/settings.ts';
import { dataPaths } from './config.ts';
import { lockDataFolder } from './db/open.ts';
import { loadDevice } from './device.ts';
import { noteInstance } from './instance.ts';
import type { Logger } from './log.ts';
import { askOnce } from './media/capabilities.ts';
import { ProcessManager } from './media/process.ts';
import { findTools } from './media/tools.ts';
import { type MasterChoice, Membership } from './membership.ts';
import { findSignals } from './signals.ts';
import { Space } from './space.ts';
import { forgetMaster } from './worker/master-file.ts';

/** What a node that only works for another one is started with. */
export interface WorkerNodeConfig extends MasterChoice {
  dataDir: string;
  /** Settings from the command line. */
  flags: Partial<Record<SettingKey, unknown>>;
  /** Settings from the environment. */
  env: Record<string, string | undefined>;
  /** Forgets the master of before first. */
  forget: boolean;
  log: Logger;
  /** Told of every change of how it stands with the master. */
  changed: (view: MasterView | null) => void;
}

/** A node that only works for another one. */
export interface WorkerNode {
  /** Rejects with the reason when the master does not want it (any more), or it cannot go on. */
  over: Promise<void>;
  stop: () => Promise<void>;
}

/**
 * Starts a node that has no libraries, no database and no page of its own, and works for a master on another computer.
 * @throws Fault with a sentence for the user when it cannot start
 */
export async function startWorkerNode(config: WorkerNodeConfig): Promise<WorkerNode> {
  const { values: settings } = resolveSettings({ flags: config.flags, env: config.env });
  config.log.level = settings.logLevel;
  let end = lockDataFolder(config.dataDir);
  try {
    const paths = dataPaths(config.dataDir);
    const device = await loadDevice(paths.device);
    const processes = await ProcessManager.create(paths.children);
    const tools = findTools(settings.ffmpegPath);
    const caps = askOnce(processes, tools);
    if (config.forget) forgetMaster(paths.master);
    const { log, changed } = config;
    const space = new Space();
    const signals = await findSignals();
    const membership = new Membership({
      device,
      paths,
      settings,
      processes,
      tools,
      caps,
      space,
      signals,
      log,
      changed,
    });
    const [forget, unlock] = [noteInstance(paths.instance, null), end];
    end = () => {
      forget();
      unlock();
    };
    return { over: membership.begin(config), stop: () => membership.stop().finally(end) };
  } catch (error) {
    end();
    throw error;
  }
}
