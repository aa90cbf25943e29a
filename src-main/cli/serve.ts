import { Command } from 'commander';
import { readJoinSecret } from '../join-secret.ts';
import { startNode } from '../node.ts';
import { VERSION } from '../version.ts';
import { addDataOption, addSettingOptions, CONVERT_SETTINGS, type CommonOptions, settingFlags } from './options.ts';
import { listenForEnd } from './signals.ts';

/** `flotilla serve` */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('lead: scan the libraries again and again, convert them, and serve the interface and the API')
    .argument('[folder...]', 'the libraries, instead of MEDIA_DIRS')
    .action(async (folders: string[], options: CommonOptions) => {
      const node = await startNode({
        dataDir: options.data,
        flags: { ...settingFlags(options), ...(folders.length > 0 && { mediaDirs: folders }) },
        env: process.env,
        serve: true,
        joinSecret: readJoinSecret(process.env),
      });
      const { log } = node;
      log.info(`Flotilla ${VERSION} has started.`);
      process.stdout.write(`Flotilla is at ${node.welcome()}\n`);
      const port = node.lanPort();
      if (port !== null) process.stdout.write(`Other computers are awaited on port ${port}.\n`);
      node.on('pairing', ({ requests }) => {
        for (const { code, name } of requests) log.info(`${name} asks to become a worker and shows ${code}.`);
      });
      node.on('library', ({ root, paused }) => paused || log.info(`${root} is there again.`));
      node.on('paused', ({ reason }) => log.warn(reason ? `Paused: ${reason}` : 'Working again.'));
      const end = listenForEnd();
      await end.asked;
      log.info('Stopping; what is running is queued again.');
      await node.stop();
      end.release();
    });
  return addDataOption(
    addSettingOptions(command, [...CONVERT_SETTINGS, 'webPort', 'listen', 'lead', 'lanPort', 'nodeName', 'logLevel']),
  );
}
