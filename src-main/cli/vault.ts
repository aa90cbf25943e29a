import path from 'node:path';
import { Command } from 'commander';
import type { Caller, VaultEntry } from '../../src-shared/contract.ts';
import { Fault } from '../../src-shared/errors.ts';
import { count, formatBytes } from '../../src-shared/format.ts';
import { withMaster } from './connect.ts';
import { EXIT } from './main.ts';
import { addDataOption, type CommonOptions } from './options.ts';
import { print, printJson } from './print.ts';

/** Entries asked for at a time. */
const PART = 1000;

/** `flotilla restore` */
export function restoreCommand(finish: (code: number) => void): Command {
  const command = new Command('restore')
    .description('take originals back from the vault, in the place of their results')
    .argument('[path]', 'a film (its original or its result) or a folder')
    .option('--all', 'every original in the vault')
    .action(async (place: string | undefined, options: CommonOptions & { all?: true }) => {
      if (!place === !options.all) throw new Fault('usage', 'Name one film or folder to restore, or give --all.');
      const report = await withMaster(options.data, (call) =>
        // Resolved here: a server that runs stands in another folder.
        call('vault.restore', place ? { path: path.resolve(place) } : { all: true }),
      );
      for (const original of report.restored) print(`restored ${original}`);
      for (const sentence of report.refused) print(`kept as it is: ${sentence}`);
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
    .description('originals that are kept')
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
    .description('remove originals for ever: those past their time, or all of them')
    .option('--all', 'every original, whatever its time')
    .option('--dry-run', 'only tell what would be removed')
    .action(async (options: CommonOptions & { all?: true; dryRun?: true }) => {
      const { purged, bytes, kept } = await withMaster(options.data, (call) =>
        call('vault.purge', { all: options.all ?? false, dryRun: options.dryRun ?? false }),
      );
      for (const sentence of kept) print(`kept ${sentence}`);
      print(`${options.dryRun ? 'would purge' : 'purged'} ${count(purged, 'original')}, ${formatBytes(bytes)}`);
    });
  const history = new Command('history')
    .description('originals that were removed for ever: when, and what asked for it')
    .action(async (options: CommonOptions) => {
      const entries = await withMaster(options.data, (call) => call('vault.history', {}));
      for (const { original, size, purged, by } of entries) {
        const why = by === 'time' ? 'its time was over' : 'by a user';
        print(`${original}  ${formatBytes(size)}, removed ${new Date(purged).toLocaleString()} (${why})`);
      }
    });
  const vault = new Command('vault').description('the originals of replaced films');
  return [list, history, purge].reduce((command, part) => command.addCommand(addDataOption(part)), vault);
}
