import { Command } from 'commander';
import { formatDuration } from '../../src-shared/text/format.ts';
import { withMaster } from './connect.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

/** Digits as people write them, `123 456`, are the same digits. */
const digits = (parts: string[]) => parts.join('').replaceAll(/[\s-]/g, '');

/** `flotilla pair` */
export function pairCommand(): Command {
  const list = new Command('list')
    .description('list computers that ask to become workers, with their six digits')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const requests = await withMaster(options.data, (call) => call('pair.list', {}));
      if (options.json) return void printJson(requests);
      for (const { code, name, address, version, expiresAt } of requests) {
        const left = formatDuration((expiresAt - Date.now()) / 1000);
        print(`${code}  ${name} at ${address} (Flotilla ${version}), expires in ${left}`);
      }
      if (requests.length === 0) print('No pairing requests. Run flotilla worker on the other computer first.');
    });
  const approve = new Command('approve')
    .description('approve the computer that shows these six digits as a worker')
    .argument('<code...>', 'the six digits')
    .action(async (code: string[], options: CommonOptions) => {
      const { name } = await withMaster(options.data, (call) => call('pair.approve', { code: digits(code) }));
      print(`${name} is a worker now.`);
    });
  const refuse = new Command('refuse')
    .description('reject the computer that shows these six digits')
    .argument('<code...>', 'the six digits')
    .action(async (code: string[], options: CommonOptions) => {
      await withMaster(options.data, (call) => call('pair.refuse', { code: digits(code) }));
      print('Request rejected.');
    });
  const pair = new Command('pair').description('pair other computers as workers, by six digits');
  for (const command of [list, approve, refuse]) pair.addCommand(addDataOption(command));
  return pair;
}
