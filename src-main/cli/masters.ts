import { Command, InvalidArgumentError } from 'commander';
import { search } from '../lan/discovery.ts';
import { addDataOption } from './options.ts';
import { print, printAside, printJson } from './print.ts';

/** A master that is there answers in a fraction of this, in seconds. */
const SECONDS = 3;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('Must be a number of seconds, 3600 at most.');
  return value;
}

/** `flotilla masters` */
export function mastersCommand(): Command {
  const command = new Command('masters')
    .description('find masters on the network')
    .option('--seconds <number>', 'how long to look', seconds, SECONDS)
    .option('--json', 'as JSON')
    .action(async (options: { seconds: number; json?: true }) => {
      const masters = await search(options.seconds, (text) => printAside(`${text}`));
      if (options.json) return void printJson(masters);
      for (const { name, origin, version, fingerprint } of masters) {
        print(`${name}  ${origin}  Flotilla ${version}, key ${fingerprint}…`);
      }
      if (masters.length === 0) {
        print('No masters found. Start one with serve --lead on the same network, or use its address.');
      }
    });
  // It needs none, but is one of the commands that scripts give theirs to.
  return addDataOption(command);
}
