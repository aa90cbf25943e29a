import type { MasterView } from '../../src-shared/contract/fleet-view.ts';
import { resolveSettings, type SettingKey } from '../../src-shared/settings/settings.ts';
import { lockDataFolder } from '../db/open.ts';
import { DiskSpace } from '../fs/disk-space.ts';
import { loadDevice } from '../lan/device-identity.ts';
import type { Logger } from '../log/logger.ts';
import { askOnce } from '../media/ffmpeg/capabilities.ts';
import { findTools } from '../media/ffmpeg/find-tools.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { findSignals } from '../platform/activity-signals.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { InstanceFile } from '../platform/instance-file.ts';
import { forgetMaster } from '../worker/session/master-file.ts';
import { Membership } from '../worker/session/membership.ts';
import type { MasterChoice } from '../worker/session/types.ts';
import { Lifecycle } from './lifecycle.ts';

/** Configuration of a node that only works for a remote master. */
export interface WorkerNodeConfig extends MasterChoice {
  dataDir: string;
  /** Settings from the command line. */
  flags: Partial<Record<SettingKey, unknown>>;
  /** Settings from the environment. */
  env: Record<string, string | undefined>;
  /** True: forget the saved master first. */
  forget: boolean;
  log: Logger;
  /** Called whenever the session with the master changes. */
  changed: (view: MasterView | null) => void;
}

/** A node that only works for a remote master. */
export interface WorkerNode {
  /** Rejects with the reason when the master rejects this computer or the session can't continue. */
  over: Promise<void>;
  stop: () => Promise<void>;
}

/**
 * Starts a node without libraries, database, or interface, which works for a remote master.
 * @throws Fault with a sentence for the user when it can't start
 */
export async function startWorkerNode(config: WorkerNodeConfig): Promise<WorkerNode> {
  const { values: settings } = resolveSettings({ flags: config.flags, env: config.env });
  const { log, changed } = config;
  log.level = settings.logLevel;
  const lifecycle = new Lifecycle(log);
  try {
    await lifecycle.start('data folder lock', { stop: lockDataFolder(config.dataDir) });
    const paths = dataPaths(config.dataDir);
    const device = await loadDevice(paths.device);
    const processes = await ProcessManager.create(paths.children);
    const tools = findTools(settings.ffmpegPath);
    if (config.forget) forgetMaster(paths.master);
    const membership = new Membership({
      device,
      paths,
      settings,
      processes,
      tools,
      caps: askOnce(processes, tools),
      space: new DiskSpace(),
      signals: await findSignals(),
      log,
      changed,
    });
    const instance = new InstanceFile(paths.instance);
    await lifecycle.start('instance file', { start: () => instance.write(), stop: () => instance.remove() });
    await lifecycle.start('session with a remote master', membership);
    return { over: membership.join(config), stop: () => lifecycle.stop() };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}
