import { Command } from 'commander';
import { startNode } from '../app/start-node.ts';
import { readJoinSecret } from '../lan/join-secret.ts';
import { VERSION } from '../platform/version.ts';
import { addDataOption, addSettingOptions, CONVERT_SETTINGS, type CommonOptions, settingFlags } from './options.ts';
import { listenForEnd } from './signals.ts';

/** `flotilla serve` */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('scan libraries regularly, convert them, and serve the interface and the API')
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
      if (port !== null) process.stdout.write(`Accepting workers on port ${port}.\n`);
      node.on('pairing', ({ requests }) => {
        for (const { code, name } of requests) log.info(`${name} asks to become a worker with the code ${code}.`);
      });
      node.on('library', ({ root, paused }) => paused || log.info(`${root} is available again.`));
      node.on('paused', ({ reason }) => log.warn(reason ? `Paused: ${reason}` : 'Resumed.'));
      const end = listenForEnd();
      await end.asked;
      log.info('Stopping. Running conversions are queued again.');
      await node.stop();
      end.release();
    });
  return addDataOption(
    addSettingOptions(command, [...CONVERT_SETTINGS, 'webPort', 'listen', 'lead', 'lanPort', 'nodeName', 'logLevel']),
  );
}
