import { Command, Option } from 'commander';
import type { MasterView } from '../../src-shared/contract/fleet-view.ts';
import { plainText } from '../../src-shared/util/plain-text.ts';
import { startWorkerNode } from '../app/start-worker-node.ts';
import { readJoinSecret } from '../lan/join-secret.ts';
import { makeKeptLog } from '../log/logger.ts';
import { dataPaths } from '../platform/data-paths.ts';
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
    .description('run as a worker for a master on another computer; without a token, its user is asked to approve')
    .addOption(
      new Option(
        '--master <address>',
        'the master, such as nas:8091 or http://nas:8090 (default: the saved master)',
      ).env('MASTER_URL'),
    )
    .addOption(
      new Option(
        '--token <token>',
        'what flotilla invite printed on the master (visible in the process list; set JOIN_TOKEN instead to hide it)',
      ).env('JOIN_TOKEN'),
    )
    .option('--forget', 'forget the saved master first')
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
      changed: makePrinter(),
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

/** Returns a listener that prints required actions and changes of state, each once. */
function makePrinter(): (view: MasterView | null) => void {
  let printed = '';
  return (view) => {
    const { name, origin, code, state } = view ?? {};
    const text = code
      ? `${plainText(name ?? '')} shows a pairing request. Approve it there if it has these six digits: ${code}\n(on its command line: flotilla pair approve ${code})`
      : state === 'connecting'
        ? `This computer works for ${plainText(name ?? '')} at ${origin}.`
        : printed;
    if (text !== printed) print(...text.split('\n'));
    printed = text;
  };
}
