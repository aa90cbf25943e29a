import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { Fault } from '../../src-shared/errors.ts';
import { dataPaths } from '../config.ts';
import { AccessTable } from '../db/access.ts';
import { FactTable } from '../db/facts.ts';
import { openDatabase } from '../db/open.ts';
import { Access } from '../server/access.ts';
import { userToken } from '../server/auth.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** `flotilla forget-password` */
export function forgetPasswordCommand(): Command {
  const command = new Command('forget-password')
    .description('forget the password of the interface and sign every browser out')
    .action(async ({ data }: CommonOptions) => {
      const paths = dataPaths(data);
      if (!existsSync(paths.database)) throw new Fault('missing', `There is no Flotilla in ${data}.`);
      // A server on the same data folder looks here at every request.
      const { db } = openDatabase(paths.database, paths.backups);
      const access = new Access({
        table: new AccessTable(db),
        facts: new FactTable(db),
        token: await userToken(data),
        cookie: '',
      });
      access.reset();
      db.close();
      process.stdout.write(
        'The password is forgotten. Start `flotilla serve` (again): it prints an address where you set a new one.\n',
      );
    });
  return addDataOption(command);
}
