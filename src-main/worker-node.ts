import { mkdirSync } from 'node:fs';
import type { MasterView } from '../src-shared/fleet-view.ts';
import { resolveSettings, type SettingKey } from '../src-shared/settings.ts';
import { dataPaths } from './config.ts';
import { lockDataFolder } from './db/open.ts';
import { loadDevice } from './device.ts';
import type { Logger } from './log.ts';
import { DEFAULT_TOOLS, detectCapabilities } from './media/capabilities.ts';
import { ProcessManager } from './media/process.ts';
import { type MasterChoice, Membership } from './membership.ts';
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
  mkdirSync(config.dataDir, { recursive: true });
  const unlock = lockDataFolder(config.dataDir);
  try {
    const paths = dataPaths(config.dataDir);
    const device = await loadDevice(paths.device);
    const processes = await ProcessManager.create(paths.children);
    const caps = await detectCapabilities(processes, DEFAULT_TOOLS);
    if (config.forget) forgetMaster(paths.master);
    const { log, changed } = config;
    const space = new Space();
    const membership = new Membership({
      device,
      paths,
      settings,
      processes,
      tools: DEFAULT_TOOLS,
      caps,
      space,
      log,
      changed,
    });
    const over = membership.begin(config);
    return { over, stop: () => membership.stop().finally(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}
