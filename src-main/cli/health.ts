import { Command } from 'commander';
import { Fault } from '../../src-shared/util/errors.ts';
import { readInstance } from '../platform/instance-file.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** A server that does not answer in this time does not work, in ms. */
const ANSWER_MS = 10_000;

/** `flotilla health` */
export function healthCommand(): Command {
  const command = new Command('health')
    .description('check whether the server or worker of a data folder is running; for containers and monitoring')
    .action(async ({ data }: CommonOptions) => {
      const instance = readInstance(data);
      if (!instance) throw new Fault('node', `No Flotilla is running in ${data}.`);
      const { url } = instance;
      if (url !== null) await ask(url);
      process.stdout.write(url === null ? 'The worker is running.\n' : `Flotilla answers at ${url}.\n`);
    });
  return addDataOption(command);
}

async function ask(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/status`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
  if (!answer?.ok) throw new Fault('node', `Flotilla does not answer at ${url}.`);
}
