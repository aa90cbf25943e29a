import { Command, InvalidArgumentError } from 'commander';
import { LAN_PORT } from '../../src-shared/fleet/protocol.ts';
import { endsAt } from '../../src-shared/text/time-words.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printAside, printJson } from './print.ts';

function minutes(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Must be a whole number of minutes.');
  return Number(text);
}

/** `flotilla invite` */
export function inviteCommand(): Command {
  const command = new Command('invite')
    .description('print a token that lets one computer join as a worker, once')
    .option('--minutes <number>', 'how long it is valid', minutes, 60)
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { minutes: number; json?: true }) => {
      const { invitation, hello } = await withMaster(options.data, async (call) => ({
        hello: await call('hello', {}),
        invitation: await call('invite.create', { minutes: options.minutes }),
      }));
      const { token, expiresAt } = invitation;
      if (options.json) return void printJson({ ...invitation, lanPort: hello.lanPort });
      print(token);
      const address = `${hello.address}:${hello.lanPort ?? LAN_PORT}`;
      printAside(`Valid for one computer until ${endsAt(expiresAt)}. Run on that computer:`);
      printAside(`  flotilla worker --master ${address} --token ${token}`);
      if (hello.lanPort === null) {
        printAside("This computer doesn't accept workers yet; start it with serve --lead (LEAD=true) first.");
      }
    });
  return addDataOption(command);
}
