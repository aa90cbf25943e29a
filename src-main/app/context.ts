import { randomUUID } from 'node:crypto';
import { type Greeting, PROTOCOL } from '../../src-shared/fleet/protocol.ts';
import { ownWorkerSettings } from '../../src-shared/settings/own-worker-settings.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { backUpDaily } from '../db/backups.ts';
import { lockDataFolder, openDatabase } from '../db/open.ts';
import { restorePending } from '../db/pending-restore.ts';
import { SettingTable } from '../db/tables/settings.ts';
import { WorkerTable } from '../db/tables/workers.ts';
import { readOrCreate } from '../fs/atomic-write.ts';
import { DiskSpace } from '../fs/disk-space.ts';
import { networkFileSystem } from '../fs/network-file-system.ts';
import { loadDevice } from '../lan/device-identity.ts';
import type { Logger } from '../log/logger.ts';
import { LookupFiles } from '../master/library/lookup-tables.ts';
import { askOnce } from '../media/ffmpeg/capabilities.ts';
import { bundledFolder, findTools } from '../media/ffmpeg/find-tools.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Timelines } from '../media/ffmpeg/timeline.ts';
import { findSignals } from '../platform/activity-signals.ts';
import { nodeName } from '../platform/computer.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { shortTerms } from '../platform/test-overrides.ts';
import { VERSION } from '../platform/version.ts';
import { userToken } from '../server/auth/secrets.ts';
import { EventBus } from './event-bus.ts';
import type { Lifecycle } from './lifecycle.ts';
import { SettingsService } from './settings-service.ts';
import type { NodeConfig, NodeContext } from './types.ts';

/**
 * Opens what all parts of a node share: the data folder with its database, the settings, the tools, and who this install is.
 * @throws Fault `conflict` when another process uses the data folder or its database can't be opened
 */
export async function openContext(config: NodeConfig, log: Logger, lifecycle: Lifecycle): Promise<NodeContext> {
  const paths = dataPaths(config.dataDir);
  await lifecycle.start('data folder lock', { stop: lockDataFolder(config.dataDir) });
  const restored = restorePending(paths.pendingRestore, paths.database);
  const { db, repaired } = openDatabase(paths.database, paths.backups);
  await lifecycle.start('database', { stop: () => db.close() });
  const bus = new EventBus(log);
  await lifecycle.start('event bus', bus);
  // Before anything that an earlier run left is settled.
  if (config.onFile) bus.on('file', config.onFile);
  const reportError = (error: unknown) => void (db.open && log.error(error, messageOf(error)));
  const backUp = () => backUpDaily(paths.database, paths.backups);
  // A serving node makes its backups while it runs, and ends at once.
  if (!config.serve) await lifecycle.start('daily backup', { stop: () => backUp().catch(reportError) });
  const warnings = [restored, repaired].filter((text) => text !== undefined);
  const remote = await networkFileSystem(config.dataDir);
  if (remote)
    warnings.push(
      `The data folder ${config.dataDir} lies on a network share (${remote}), where the database can be damaged; move it to a local disk of this computer.`,
    );
  const settings = new SettingsService({
    flags: config.flags ?? {},
    env: config.env ?? {},
    stored: new SettingTable(db),
    onChange: ({ logLevel }) => {
      if (!config.log) log.level = logLevel;
    },
  });
  const processes = await ProcessManager.create(paths.children);
  const tools = findTools(settings.values.ffmpegPath, bundledFolder(config.resources));
  const caps = askOnce(processes, tools);
  // A conversion needs the answer next; a serving node asks once its interface is visible.
  if (!config.serve && !config.callsOnly) caps().catch(() => undefined);
  const signals = await findSignals(config.signals);
  const lookups = await LookupFiles.open(config.dataDir, (text) => bus.emit('notice', { level: 'warn', text }));
  const device = await loadDevice(paths.device);
  // Two installs may share a temporary folder.
  const install = await readOrCreate(paths.installId, /^[\da-f-]{36}$/, randomUUID);
  const token = await userToken(config.dataDir);
  const workers = new WorkerTable(db, device.id, reportError);
  await lifecycle.start('worker table', { stop: () => workers.save() });
  const self = workers.add({ ...device, name: nodeName(settings.values) });
  const own = ownWorkerSettings(settings.values);
  if (Object.keys(own).length > 0) workers.setSettings(self.id, { ...self.settings, ...own });
  const greeting: Greeting = { name: self.name, device: device.id, version: VERSION, protocol: PROTOCOL };
  return {
    config,
    log,
    paths,
    db,
    settings,
    emit: bus.emit,
    on: bus.on,
    reportError,
    warnings,
    processes,
    tools,
    caps,
    timelines: new Timelines(processes, tools),
    signals,
    lookups,
    device,
    install,
    token,
    workers,
    greeting,
    space: new DiskSpace(),
    terms: shortTerms(),
    backUp,
  };
}
