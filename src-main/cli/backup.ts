import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { Fault } from '../../src-shared/errors.ts';
import { formatBytes } from '../../src-shared/format.ts';
import { dataPaths } from '../config.ts';
import { copyDatabase, restoreDatabase } from '../db/backups.ts';
import { lockDataFolder } from '../db/open.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print } from './print.ts';

/** `flotilla backup` */
export function backupCommand(): Command {
  const command = new Command('backup')
    .description('copy the database to a file, also while it is in use, and prove the copy')
    .argument('<file>', 'the copy')
    .option('--overwrite', 'replace a file of this name')
    .action(async (file: string, { data, overwrite }: CommonOptions & { overwrite?: true }) => {
      const { database } = dataPaths(data);
      if (!existsSync(database))
        throw new Fault('missing', `There is no database in ${data}; name the folder with --data.`);
      const copy = path.resolve(file);
      if (existsSync(copy) && statSync(copy).isDirectory())
        throw new Fault('usage', `${copy} is a folder; name a file in it.`);
      if (!existsSync(path.dirname(copy))) throw new Fault('missing', `There is no folder ${path.dirname(copy)}.`);
      await copyDatabase(database, copy, overwrite);
      print(`The database is copied to ${copy} (${formatBytes(statSync(copy).size)}), and the copy is sound.`);
    });
  return addDataOption(command);
}

/** `flotilla restore-db` */
export function restoreDbCommand(): Command {
  const command = new Command('restore-db')
    .description('put a backup in the place of the database; the replaced one is kept, and no film is touched')
    .argument('<file>', 'what `flotilla backup` wrote, or one of the daily ones in the folder backups')
    .action((file: string, { data }: CommonOptions) => {
      const unlock = lockDataFolder(data);
      try {
        const aside = restoreDatabase(path.resolve(file), dataPaths(data).database);
        print(`${path.resolve(file)} is the database now.`);
        if (aside) print(`The one it replaced is kept as ${aside}.`);
        print(
          'The next start compares it with the libraries: what was converted since is found, its originals in the vaults too.',
        );
      } finally {
        unlock();
      }
    });
  return addDataOption(command);
}
