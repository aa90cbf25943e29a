import { Command, InvalidArgumentError } from 'commander';
import { search } from '../discovery.ts';
import { print, printAside, printJson } from './print.ts';

/** A master that is there answers in a fraction of this, in seconds. */
const SECONDS = 3;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('It has to be a number of seconds up to 3600.');
  return value;
}

/** `flotilla masters` */
export function mastersCommand(): Command {
  return new Command('masters')
    .description('look for masters on the network')
    .option('--seconds <number>', 'how long to look', seconds, SECONDS)
    .option('--json', 'as JSON')
    .action(async (options: { seconds: number; json?: true }) => {
      const masters = await search(options.seconds, (text) => printAside(`${text}`));
      if (options.json) return void printJson(masters);
      for (const { name, origin, version, fingerprint } of masters) {
        print(`${name}  ${origin}  Flotilla ${version}, key ${fingerprint}…`);
      }
      if (masters.length === 0) {
        print(
          'No master was seen. One that leads (serve --lead) on the same network shows itself; or give its address.',
        );
      }
    });
}
