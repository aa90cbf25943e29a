import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { Fault } from '../../src-shared/util/errors.ts';
import { openDatabase } from '../db/open.ts';
import { AccessTable } from '../db/tables/access.ts';
import { KeyValueTable } from '../db/tables/key-value.ts';
import { dataPaths } from '../platform/data-paths.ts';
import { Access } from '../server/auth/access.ts';
import { userToken } from '../server/auth/secrets.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** `flotilla forget-password` */
export function forgetPasswordCommand(): Command {
  const command = new Command('forget-password')
    .description('remove the password of the interface and sign out all browsers')
    .action(async ({ data }: CommonOptions) => {
      const paths = dataPaths(data);
      if (!existsSync(paths.database)) throw new Fault('missing', `There is no Flotilla in ${data}.`);
      // A server on the same data folder looks here at every request.
      const { db } = openDatabase(paths.database, paths.backups);
      const access = new Access({
        table: new AccessTable(db),
        facts: new KeyValueTable(db),
        token: await userToken(data),
        cookie: '',
      });
      access.reset();
      db.close();
      process.stdout.write(
        'Password removed. Start (or restart) `flotilla serve`: it prints an address where you can set a new one.\n',
      );
    });
  return addDataOption(command);
}
