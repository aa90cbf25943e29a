import os from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';

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
    temp: at('temp'),
  };
}

/** The name of this computer among workers. */
export const NODE_NAME = os.hostname();
