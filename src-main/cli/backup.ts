import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { formatBytes } from '../../src-shared/text/format.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { copyDatabase, restoreDatabase } from '../db/backups.ts';
import { lockDataFolder } from '../db/open.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print } from './print.ts';

/** `flotilla backup` */
export function backupCommand(): Command {
  const command = new Command('backup')
    .description('copy the database to a file, even while it is in use, and verify the copy')
    .argument('<file>', 'where to write the copy')
    .option('--overwrite', 'overwrite an existing file')
    .action(async (file: string, { data, overwrite }: CommonOptions & { overwrite?: true }) => {
      const { database } = dataPaths(data);
      if (!existsSync(database))
        throw new Fault('missing', `There is no database in ${data}; name the folder with --data.`);
      const copy = path.resolve(file);
      if (existsSync(copy) && statSync(copy).isDirectory())
        throw new Fault('usage', `${copy} is a folder; name a file in it.`);
      if (!existsSync(path.dirname(copy))) throw new Fault('missing', `There is no folder ${path.dirname(copy)}.`);
      await copyDatabase(database, copy, overwrite);
      print(`Copied the database to ${copy} (${formatBytes(statSync(copy).size)}); backup verified.`);
    });
  return addDataOption(command);
}

/** `flotilla restore-db` */
export function restoreDbCommand(): Command {
  const command = new Command('restore-db')
    .description('restore the database from a backup; the current one is kept, and no video is changed')
    .argument('<file>', 'a file that `flotilla backup` wrote, or a daily backup in the backups folder')
    .action((file: string, { data }: CommonOptions) => {
      const unlock = lockDataFolder(data);
      try {
        const aside = restoreDatabase(path.resolve(file), dataPaths(data).database);
        print(`Restored the database from ${path.resolve(file)}.`);
        if (aside) print(`The previous database is kept as ${aside}.`);
        print(
          'The next start compares it with the libraries and finds what was converted since then, including the originals in the vaults.',
        );
      } finally {
        unlock();
      }
    });
  return addDataOption(command);
}
