import { join, sep } from 'node:path';
import { Command } from 'commander';
import type { FileView } from '../../src-shared/contract/file-view.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { startNode } from '../app/start-node.ts';
import type { RunningNode } from '../app/types.ts';
import type { Scope } from '../db/tables/files.ts';
import { makeLog } from '../log/logger.ts';
import { EXIT } from './exit-codes.ts';
import { addDataOption, addSettingOptions, CONVERT_SETTINGS, type CommonOptions, settingFlags } from './options.ts';
import { type Estimate, JsonReporter, type Reporter, TextReporter } from './reporter.ts';
import { listenForEnd } from './signals.ts';

interface ConvertOptions extends CommonOptions {
  dryRun?: true;
  samples?: true;
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
    .description('scan, convert, and replace the videos in folders or single videos, then exit')
    .argument('<path...>', 'folders or videos')
    .option('--dry-run', 'only show what would happen to each video, and the total')
    .option('--samples', 'with --dry-run: encode samples of each video to find its CRF and size')
    .option('--retry', 'retry failed videos, and those that were blocked or skipped')
    .option('--accept-missing', 'continue even if most videos in a folder are missing')
    .option('--take-over', 'take over folders from another Flotilla that no longer runs')
    .option('--json', 'one JSON object per line: progress, results, and a summary at the end')
    .action(async (paths: string[], options: ConvertOptions) => {
      if (options.samples && !options.dryRun)
        throw new Fault('usage', '--samples goes with --dry-run: a conversion takes its own samples.');
      finish(await convert(paths, options));
    });
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
    ...(!options.dryRun && { onFile: (file) => reporter.file(file) }),
    log,
  });
  const end = listenForEnd();
  try {
    for (const warning of node.warnings) reporter.notice(warning);
    const ended = await Promise.race([run(node, paths, options, reporter), end.asked]);
    if (ended === 'asked') {
      reporter.notice('Stopping. Nothing is lost; the next run continues from here.');
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
  // A dry run must not release a held library.
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
  node.on('progress', (running) => reporter.progress(running));
  const halted = Promise.withResolvers<never>();
  // A single run doesn't wait for a disk to come back: a fault of this computer ends it.
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
    return Promise.race([reportDryRun(node, scopes, options, reporter), halted.promise]);
  }
  const isPart = scopes.some(({ prefix }) => prefix !== '');
  const found = new Set(isPart ? (await listFiles(node, scopes)).map(({ id }) => id) : []);
  node.startWorker();
  await Promise.race([idle(node), halted.promise]);
  await node.call('vault.purge', {});
  const files = await listFiles(node, scopes, found);
  const summary = await node.call('queue.summary', {});
  reporter.summary(files, summary);
  return files.some((f) => f.state === 'failed' || f.state === 'blocked') ? EXIT.failed : EXIT.ok;
}

/** Resolves when nothing is left to do. */
async function idle(node: RunningNode): Promise<void> {
  while (!node.isIdle()) await next(node, 'idle');
}

/** Resolves when all settled files have been analyzed. */
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

/** @param known files that count wherever they are: a video that was named by the user has another name as a result */
async function listFiles(node: RunningNode, scopes: Scope[], known?: ReadonlySet<number>): Promise<FileView[]> {
  const files = new Map<number, FileView>();
  for (const { library, prefix } of scopes) {
    for (let after = 0; ; ) {
      const page = await node.call('file.list', { library, after, limit: PAGE });
      for (const file of page) {
        const inside = prefix === '' || file.path === prefix || file.path.startsWith(`${prefix}/`);
        if ((inside || known?.has(file.id)) && !file.missing) files.set(file.id, file);
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

async function reportDryRun(
  node: RunningNode,
  scopes: Scope[],
  { samples }: ConvertOptions,
  reporter: Reporter,
): Promise<number> {
  const files = await listFiles(node, scopes);
  const estimates = new Map<number, Estimate>();
  for (const file of files) {
    const estimate = file.state === 'queued' ? await estimateOf(node, file, samples === true, reporter) : undefined;
    if (estimate) estimates.set(file.id, estimate);
    reporter.wouldBe(file, estimate);
  }
  reporter.dryRun(files, estimates);
  return EXIT.ok;
}

/** What a video would become, by samples of it where they are wanted and say something. */
async function estimateOf(
  node: RunningNode,
  { id, path, size }: FileView,
  samples: boolean,
  reporter: Reporter,
): Promise<Estimate | undefined> {
  if (samples) {
    try {
      const { bytes, bytesError, crf, quality, samples: windows } = await node.call('file.measure', { file: id });
      const useless = size * (1 - node.settings.values.minSavings / 100);
      return { bytes, sampled: { bytesError, crf, quality, windows, worthIt: bytes - bytesError < useless } };
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'conflict')) throw error;
      reporter.notice(`${path}: ${error.message}`);
    }
  }
  const { estimate } = await node.call('file.get', { file: id });
  return estimate === null ? undefined : { bytes: estimate };
}
