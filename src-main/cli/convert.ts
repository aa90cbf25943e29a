import { join, sep } from 'node:path';
import { Command } from 'commander';
import { Fault } from '../../src-shared/errors.ts';
import type { FileView } from '../../src-shared/file-view.ts';
import type { Scope } from '../db/files.ts';
import { makeLog } from '../log.ts';
import { type RunningNode, startNode } from '../node.ts';
import { EXIT } from './main.ts';
import { addDataOption, addSettingOptions, CONVERT_SETTINGS, type CommonOptions, settingFlags } from './options.ts';
import { JsonReporter, type Reporter, TextReporter } from './reporter.ts';
import { listenForEnd } from './signals.ts';

interface ConvertOptions extends CommonOptions {
  dryRun?: true;
  json?: true;
  retry?: true;
  acceptMissing?: true;
  takeOver?: true;
}

/** Files that a page of `file.list` holds. */
const PAGE = 500;

/** `flotilla convert` */
export function convertCommand(finish: (code: number) => void): Command {
  const command = new Command('convert')
    .description('scan, convert and replace the films in folders or single films, then end')
    .argument('<path...>', 'folders or films')
    .option('--dry-run', 'only tell what would happen to each film, and the sum')
    .option('--retry', 'take films up again that failed, were blocked or skipped before')
    .option('--accept-missing', 'go on although most films of a folder have gone')
    .option('--take-over', 'work where another Flotilla did that does not run any more')
    .option('--json', 'one JSON object a line: progress, results, and a summary at the end')
    .action(async (paths: string[], options: ConvertOptions) => finish(await convert(paths, options)));
  return addDataOption(addSettingOptions(command, CONVERT_SETTINGS));
}

async function convert(paths: string[], options: ConvertOptions): Promise<number> {
  const reporter: Reporter = options.json ? new JsonReporter() : new TextReporter();
  const log = await makeLog('silent');
  const node = await startNode({
    dataDir: options.data,
    flags: settingFlags(options),
    env: process.env,
    serve: false,
    dryRun: options.dryRun ?? false,
    log,
  });
  const end = listenForEnd();
  try {
    for (const warning of node.warnings) reporter.notice(warning);
    const ended = await Promise.race([run(node, paths, options, reporter), end.asked]);
    if (ended === 'asked') {
      reporter.notice('Stopping; nothing is lost, and the next run goes on from here.');
      await node.stop();
      return EXIT.interrupted;
    }
    return ended;
  } finally {
    await node.stop();
    end.release();
    reporter.end();
  }
}

async function run(node: RunningNode, paths: string[], options: ConvertOptions, reporter: Reporter): Promise<number> {
  const scopes: Scope[] = [];
  // To tell what would be converted must not change what is.
  const release = options.dryRun ? {} : { hold: false };
  for (const path of paths) {
    const { library, prefix } = await node.call('library.add', { path, watched: false, ...release });
    scopes.push({ library: library.id, prefix });
    // Libraries of their own in it, which are watched or held, stay so.
    const below = join(library.root, prefix, sep);
    for (const inner of (await node.call('library.list', {})).filter(({ root }) => root.startsWith(below))) {
      scopes.push({ library: inner.id, prefix: '' });
      if (inner.held && !options.dryRun) await node.call('library.release', { library: inner.id });
    }
  }
  node.limitTo(scopes);
  node.on('notice', ({ text }) => reporter.notice(text));
  if (!options.dryRun) node.on('file', (file) => reporter.file(file));
  node.on('progress', (running) => reporter.progress(running));
  const halted = Promise.withResolvers<never>();
  // Here nobody waits for the disk to come back: a fault of this computer ends the run.
  node.on('paused', ({ reason }) => reason && halted.reject(new Fault('node', reason)));
  node.on('library', ({ paused }) => paused && halted.reject(new Fault('node', paused)));
  halted.promise.catch(() => undefined);

  const scan = async () => {
    for (const { library, prefix } of scopes) {
      if (options.takeOver) await node.call('library.takeOver', { library });
      if (options.acceptMissing) await node.call('library.resume', { library });
      const { files } = await node.call('library.scan', { library, prefix });
      reporter.scanned(files);
    }
    if (options.retry) await retry(node, scopes);
  };
  await Promise.race([scan(), halted.promise]);
  if (options.dryRun) {
    await Promise.race([probed(node), halted.promise]);
    return reportDryRun(node, scopes, reporter);
  }
  node.startWorker();
  await Promise.race([idle(node), halted.promise]);
  await node.call('vault.purge', {});
  const files = await listFiles(node, scopes);
  const summary = await node.call('queue.summary', {});
  reporter.summary(files, summary);
  return files.some((f) => f.state === 'failed' || f.state === 'blocked') ? EXIT.failed : EXIT.ok;
}

/** Resolves when nothing is left to do. */
async function idle(node: RunningNode): Promise<void> {
  while (!node.isIdle()) await next(node, 'idle');
}

/** Resolves when everything that has settled is looked into. */
async function probed(node: RunningNode): Promise<void> {
  if (node.isProbing()) await next(node, 'probed');
}

function next(node: RunningNode, event: 'idle' | 'probed'): Promise<void> {
  return new Promise((resolve) => {
    const off = node.on(event, () => {
      off();
      resolve();
    });
  });
}

async function listFiles(node: RunningNode, scopes: Scope[]): Promise<FileView[]> {
  const files = new Map<number, FileView>();
  for (const { library, prefix } of scopes) {
    for (let after = 0; ; ) {
      const page = await node.call('file.list', { library, after, limit: PAGE });
      for (const file of page) {
        const inside = prefix === '' || file.path === prefix || file.path.startsWith(`${prefix}/`);
        if (inside && !file.missing) files.set(file.id, file);
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE) break;
      after = last.id;
    }
  }
  return [...files.values()];
}

async function retry(node: RunningNode, scopes: Scope[]): Promise<void> {
  const again = (await listFiles(node, scopes)).filter((f) => ['failed', 'blocked', 'skipped'].includes(f.state));
  for (let i = 0; i < again.length; i += PAGE) {
    await node.call('file.retry', { files: again.slice(i, i + PAGE).map((f) => f.id) });
  }
}

async function reportDryRun(node: RunningNode, scopes: Scope[], reporter: Reporter): Promise<number> {
  const files = await listFiles(node, scopes);
  const estimates = new Map<number, number>();
  for (const file of files.filter((f) => f.state === 'queued')) {
    const { estimate } = await node.call('file.get', { file: file.id });
    if (estimate !== null) estimates.set(file.id, estimate);
  }
  reporter.dryRun(files, estimates);
  return EXIT.ok;
}
