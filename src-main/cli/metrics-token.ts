import { mkdirSync } from 'node:fs';
import { Command } from 'commander';
import { Fault } from '../../src-shared/util/errors.ts';
import { makeMetricsToken, metricsToken, removeMetricsToken } from '../server/metrics/token.ts';
import { addDataOption, type CommonOptions } from './options.ts';

/** `flotilla metrics-token` */
export function metricsTokenCommand(): Command {
  const command = new Command('metrics-token')
    .description('print the token that lets Prometheus read /metrics and nothing else; creates it the first time')
    .option('--new', 'create a new one; invalidates the old one')
    .option('--remove', 'revoke it')
    .action(({ data, new: another, remove }: CommonOptions & { new?: true; remove?: true }) => {
      if (another && remove) throw new Fault('usage', 'Give --new or --remove, not both.');
      if (process.env.METRICS_TOKEN && (another || remove))
        throw new Fault('conflict', 'The token is set by the environment variable METRICS_TOKEN; change it there.');
      if (remove) return removeMetricsToken(data);
      mkdirSync(data, { recursive: true, mode: 0o700 });
      const known = another ? undefined : metricsToken(data, process.env);
      process.stdout.write(`${known ?? makeMetricsToken(data)}\n`);
    });
  return addDataOption(command);
}
