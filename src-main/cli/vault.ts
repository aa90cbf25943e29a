import path from 'node:path';
import { Command } from 'commander';
import type { Caller, VaultEntry } from '../../src-shared/contract/index.ts';
import { count, formatBytes } from '../../src-shared/text/format.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { withMaster } from './connect.ts';
import { EXIT } from './exit-codes.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

/** Entries asked for at a time. */
const PART = 1000;

/** `flotilla restore` */
export function restoreCommand(finish: (code: number) => void): Command {
  const command = new Command('restore')
    .description('restore originals from the vault')
    .argument('[path]', 'a video (its original or its result) or a folder')
    .option('--all', 'every original in the vault')
    .action(async (place: string | undefined, options: CommonOptions & { all?: true }) => {
      if (!place === !options.all) throw new Fault('usage', 'Name one video or folder to restore, or use --all.');
      const report = await withMaster(options.data, (call) =>
        // Resolved here: a server that runs stands in another folder.
        call('vault.restore', place ? { path: path.resolve(place) } : { all: true }),
      );
      for (const original of report.restored) print(`restored ${original}`);
      for (const sentence of report.refused) print(`not restored: ${sentence}`);
      finish(report.refused.length > 0 ? EXIT.failed : EXIT.ok);
    });
  return addDataOption(command);
}

/** Every entry of the vault, the latest first. */
async function allEntries(call: Caller): Promise<VaultEntry[]> {
  const entries: VaultEntry[] = [];
  for (;;) {
    const part = await call('vault.list', { offset: entries.length, limit: PART });
    entries.push(...part);
    if (part.length < PART) return entries;
  }
}

/** `flotilla vault` */
export function vaultCommand(): Command {
  const list = new Command('list')
    .description('list originals in the vault')
    .option('--json', 'as JSON')
    .action(async (options: CommonOptions & { json?: true }) => {
      const entries = await withMaster(options.data, allEntries);
      if (options.json) return void printJson(entries);
      for (const { original, size, resultSize, keepUntil } of entries) {
        const until = keepUntil === null ? 'until you purge it' : `until ${new Date(keepUntil).toLocaleDateString()}`;
        print(`${original}  ${formatBytes(size)} (now ${formatBytes(resultSize)}), kept ${until}`);
      }
      print(`${count(entries.length, 'original')}, ${formatBytes(entries.reduce((sum, e) => sum + e.size, 0))}`);
    });
  const purge = new Command('purge')
    .description('permanently delete expired originals, or all of them')
    .option('--all', 'every original, expired or not')
    .option('--dry-run', 'only show what would be deleted')
    .action(async (options: CommonOptions & { all?: true; dryRun?: true }) => {
      const { purged, bytes, kept } = await withMaster(options.data, (call) =>
        call('vault.purge', { all: options.all ?? false, dryRun: options.dryRun ?? false }),
      );
      for (const sentence of kept) print(`kept ${sentence}`);
      print(`${options.dryRun ? 'would purge' : 'purged'} ${count(purged, 'original')}, ${formatBytes(bytes)}`);
    });
  const history = new Command('history')
    .description('list permanently deleted originals: when, and why')
    .action(async (options: CommonOptions) => {
      const entries = await withMaster(options.data, (call) => call('vault.history', {}));
      for (const { original, size, purged, by } of entries) {
        const why = by === 'time' ? 'expired' : 'by a user';
        print(`${original}  ${formatBytes(size)}, removed ${new Date(purged).toLocaleString()} (${why})`);
      }
    });
  const vault = new Command('vault').description('manage the originals of replaced videos');
  return [list, history, purge].reduce((command, part) => command.addCommand(addDataOption(part)), vault);
}
