import os from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';
import type { Settings } from '../src-shared/settings.ts';
import { parseHours, type WorkerSettings } from '../src-shared/worker-info.ts';
import { parseRules } from '../src-shared/yielding.ts';

/** Where this install keeps its database, tables, backups and logs unless told otherwise. */
export function defaultDataDir(): string {
  return envPaths('flotilla', { suffix: '' }).data;
}

/** Paths inside a data folder. */
export function dataPaths(dataDir: string) {
  const at = (...parts: string[]) => path.join(dataDir, ...parts);
  return {
    database: at('flotilla.db'),
    backups: at('backups'),
    children: at('children'),
    instance: at('instance.json'),
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
  };
}

/** Characters of a computer's name that others are told at the most. */
const NAME_LENGTH = 64;

/** The name of this computer among others. */
export function nodeName({ nodeName: chosen }: Pick<Settings, 'nodeName'>): string {
  return chosen ?? (os.hostname().slice(0, NAME_LENGTH) || 'computer');
}

/** What the settings of a worker itself say of how much it does; the rest is left to the master. */
export function wishesOf({ jobs, bandwidth, hours, rules }: Settings): Partial<WorkerSettings> {
  const schedule = parseHours(hours);
  const chosen = parseRules(rules);
  return {
    ...(jobs !== null && { jobs }),
    ...(bandwidth !== null && { bandwidth }),
    ...(schedule && { schedule }),
    ...(chosen && { rules: chosen }),
  };
}
