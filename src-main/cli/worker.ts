import { Command, Option } from 'commander';
import type { MasterView } from '../../src-shared/fleet-view.ts';
import { plainText } from '../../src-shared/plain-text.ts';
import { dataPaths } from '../config.ts';
import { readJoinSecret } from '../join-secret.ts';
import { makeKeptLog } from '../log.ts';
import { startWorkerNode } from '../worker-node.ts';
import { addDataOption, addSettingOptions, type CommonOptions, settingFlags } from './options.ts';
import { print } from './print.ts';
import { listenForEnd } from './signals.ts';

interface WorkerOptions extends CommonOptions {
  master?: string;
  token?: string;
  forget?: true;
}

/** `flotilla worker` */
export function workerCommand(): Command {
  const command = new Command('worker')
    .description('work for a master on another computer; without a token its user is asked to approve')
    .addOption(
      new Option(
        '--master <address>',
        'the master, such as nas:8091 or http://nas:8090 (default: the one it knows)',
      ).env('MASTER_URL'),
    )
    .addOption(new Option('--token <token>', 'what flotilla invite printed on the master').env('JOIN_TOKEN'))
    .option('--forget', 'forget the master of before first')
    .action(work);
  const settings = ['jobs', 'bandwidth', 'hours', 'rules', 'tempDir', 'nodeName', 'ffmpegPath', 'logLevel'] as const;
  return addDataOption(addSettingOptions(command, [...settings]));
}

async function work(options: WorkerOptions): Promise<void> {
  const log = await makeKeptLog('info', dataPaths(options.data).logs);
  const end = listenForEnd();
  try {
    const node = await startWorkerNode({
      dataDir: options.data,
      flags: settingFlags(options),
      env: process.env,
      // An empty variable counts as not set.
      address: options.master || undefined,
      token: options.token || undefined,
      secret: readJoinSecret(process.env),
      forget: options.forget ?? false,
      log,
      changed: makeTeller(),
    });
    try {
      await Promise.race([node.over, end.asked]);
    } finally {
      await node.stop();
    }
  } finally {
    end.release();
  }
}

/** Tells on stdout what the user has to do or wants to know, once. */
function makeTeller(): (view: MasterView | null) => void {
  let told = '';
  return (view) => {
    const { name, origin, code, state } = view ?? {};
    const text = code
      ? `${plainText(name ?? '')} shows a request with six digits. Approve it there if they are these: ${code}\n(on its command line: flotilla pair approve ${code})`
      : state === 'connecting'
        ? `This computer works for ${plainText(name ?? '')} at ${origin}.`
        : told;
    if (text !== told) print(...text.split('\n'));
    told = text;
  };
}
