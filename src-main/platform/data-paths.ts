import path from 'node:path';
import envPaths from 'env-paths';

/** Returns the default folder of database, lookup tables, backups, and logs. */
export function defaultDataDir(): string {
  return envPaths('flotilla', { suffix: '' }).data;
}

/** Returns the file that lists ffmpegs that passed their self-test, for all data folders of this computer. */
export function selfTestMemory(): string {
  return path.join(envPaths('flotilla', { suffix: '' }).cache, 'self-tests.json');
}

/** Paths inside a data folder. */
export function dataPaths(dataDir: string) {
  const at = (...parts: string[]) => path.join(dataDir, ...parts);
  return {
    database: at('flotilla.db'),
    backups: at('backups'),
    /** A backup that was uploaded, for the next start to restore. */
    pendingRestore: at('restore.db'),
    children: at('children'),
    instance: at('instance.json'),
    /** Where the desktop's interface was the last time. */
    endpoint: at('endpoint'),
    installId: at('id'),
    device: at('device.pem'),
    master: at('master.json'),
    storage: at('storage.json'),
    logs: at('logs'),
    /** What lets a monitoring system read the metrics, and nothing else. */
    metricsToken: at('metrics-token'),
    temp: at('temp'),
    /** Notes the folders for unfinished results of a worker, whose master may name others. */
    temps: at('temp-folders.json'),
    /** Notes the folder for temporary files of a master, whose TEMP_DIR may be changed. */
    masterTemp: at('master-temp'),
    /** Notes the folders for unfinished results of a master's own worker. */
    masterTemps: at('master-temp-folders.json'),
  };
}
