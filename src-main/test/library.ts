/** A library with everything that replaces and restores its films, for tests of what becomes of files. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { onTestFinished } from 'vitest';
import { resolveSettings } from '../../src-shared/settings.ts';
import { FactTable } from '../db/facts.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { LibraryTable } from '../db/libraries.ts';
import { openDatabase } from '../db/open.ts';
import { type Swap, SwapTable } from '../db/swaps.ts';
import { makeLog } from '../log.ts';
import type { MasterContext } from '../master/context.ts';
import { carryOver } from '../master/durable.ts';
import { identify, inodeOf, versionOf } from '../master/identity.ts';
import { Scanner } from '../master/scanner.ts';
import { Swapper, type SwapRequest } from '../master/swap.ts';
import { Vault } from '../master/vault.ts';
import { VaultClock } from '../master/vault-clock.ts';
import { writeManifest } from '../master/vault-folder.ts';
import { type RunningNode, startNode } from '../node.ts';

/** True where a test may do as any user. */
export const root = process.getuid?.() === 0;

/** A folder that is removed when the test is over. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-swap-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Mounts a file system until the test is over. */
export async function mounted(folder: string, ...args: string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  execFileSync('mount', [...args, folder]);
  onTestFinished(() => void execFileSync('umount', [folder]));
}

/**
 * Mounts a small disk of a kind that knows no hard links.
 * @returns false where this computer has no such file system
 */
export async function mountLinkless(image: string, folder: string): Promise<boolean> {
  await mkdir(folder);
  await writeFile(image, '');
  await truncate(image, 40_000_000);
  for (const kind of ['vfat', 'exfat', 'exfat-fuse']) {
    try {
      execFileSync(`mkfs.${kind.replace('-fuse', '')}`, [image], { stdio: 'ignore' });
      execFileSync('mount', ['-t', kind, '-o', 'loop', image, folder], { stdio: 'ignore' });
      onTestFinished(() => void execFileSync('umount', [folder]));
      return true;
    } catch {
      // Not this one.
    }
  }
  return false;
}

/** A library with everything that replaces and restores its films; their bytes are stand-ins, which nothing here reads. */
export async function makeLibrary() {
  const home = await tempFolder();
  const library = path.join(home, 'library');
  const results = path.join(home, 'results');
  await mkdir(library);
  await mkdir(results);
  const { db } = openDatabase(path.join(home, 'data', 'flotilla.db'), path.join(home, 'backups'));
  onTestFinished(() => void db.close());
  const files = new FileTable(db);
  const jobs = new JobTable(db, () => undefined);
  const swaps = new SwapTable(db);
  const libraries = new LibraryTable(db);
  const view = libraries.insert(library, false);
  const settings = resolveSettings({ flags: { settleMinutes: 0 }, env: {}, stored: {} }).values;
  const context = { db, files, jobs, swaps, libraries, settings: () => settings, emit: () => undefined };
  const date = { now: Date.now() };
  const clock = new VaultClock({ facts: new FactTable(db), date: () => date.now });
  clock.tick();
  const testing = { on: false };
  const vaultParts = { swaps, jobs, files, lock: pLimit(1), clock, install: 'here' };
  const swapper = new Swapper(vaultParts);
  const vault = new Vault({ ...vaultParts, isTesting: () => testing.on });
  const scanner = new Scanner(context as unknown as MasterContext);

  const at = (name: string) => path.join(library, name);

  /** Adds a film and has it converted up to the delivery of its result. */
  const deliver = async (name: string, keepDays: number | null = null) => {
    const source = at(name);
    await mkdir(path.dirname(source), { recursive: true });
    if (!existsSync(source)) await writeFile(source, `original of ${name}`);
    const stat = await lstat(source, { bigint: true });
    const identity = await identify(source);
    if (!identity) throw new Error(`${name} is no file`);
    const seen = { path: name, inode: inodeOf(stat), version: versionOf(stat), size: identity.size, mtime: 0 };
    files.insert(view.id, { ...seen, settles: null });
    const file = files.at(view.id, name)?.id ?? Number.NaN;
    files.setProbe(file, identity.hash, null);
    const row = files.get(file);
    if (row) jobs.queue(row);
    const job = jobs.get(files.get(file)?.job ?? Number.NaN);
    if (!job) throw new Error(`${name} has no job`);
    const task = jobs.lease(job, { id: 'here', name: 'Here' }, {});
    jobs.apply(file, 'deliver');
    const result = path.join(results, `${task.id}.mkv`);
    await writeFile(result, `result of ${name}`);
    const request: SwapRequest = {
      file,
      job: job.id,
      task: task.id,
      epoch: task.epoch,
      root: library,
      source,
      sourceIdentity: identity,
      container: 'mkv',
      keepDays,
    };
    return { file, job, swap: await swapper.stage(request, result) };
  };

  /** Has a film converted and replaced. */
  const convert = async (name: string, keepDays: number | null = null) => {
    const { file, swap } = await deliver(name, keepDays);
    await swapper.replace(swap, { stages: {}, log: '' });
    const row = swaps.vaultEntry(swap.id);
    if (!row) throw new Error(`${name} is not in the vault`);
    return { file, swap, row };
  };

  /** Takes a delivered swap to where a crash leaves it, its original in the vault and its result in place or not. */
  const crashWhenKept = async (swap: Swap, placed: boolean): Promise<void> => {
    await carryOver(swap.source, swap.staged);
    const resultIdentity = await identify(swap.staged);
    if (!resultIdentity) throw new Error('nothing is staged');
    jobs.apply(swap.file, 'swap');
    const { source: original, target: result, sourceIdentity: identity, keepDays } = swap;
    const manifest = { original, result, identity, resultIdentity, replaced: 0, keepDays, install: 'here' };
    await writeManifest(swap.kept, manifest);
    await link(original, swap.kept);
    if (placed) await link(swap.staged, swap.target);
    swaps.write({ ...swap, step: placed ? 'removing' : 'placing', resultIdentity });
  };

  const replace = (swap: Swap) => swapper.replace(swap, { stages: {}, log: '' });
  const read = (name: string) => readFile(at(name), 'utf8');
  /** Everything in the library by its path, the vault's folder included; who works in it is left out. */
  const names = async () => {
    const all = (await readdir(library, { recursive: true })).filter((name) => !name.endsWith('owner.json')).sort();
    return all.some((name) => name.startsWith('.flotilla/')) ? all : all.filter((name) => name !== '.flotilla');
  };
  const journal = () => [...swaps.all().map((swap) => swap.id), ...swaps.restoring()];
  const state = (file: number) => files.get(file)?.state;
  const scan = (acceptMissing = false) => scanner.scan(view, { acceptMissing });
  const parts = { home, library, libraries, files, jobs, swaps, swapper, vault, view, vaultParts, date, testing };
  return { ...parts, at, deliver, convert, crashWhenKept, replace, read, names, journal, state, scan };
}

/** Does the work with the rights of another user of this computer. */
export async function asUser<T>(id: number, work: () => Promise<T>): Promise<T> {
  const { setegid, seteuid } = process;
  if (!setegid || !seteuid) throw new Error('no users here');
  setegid(id);
  seteuid(id);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
  }
}

/** Starts a node that ends with the test. */
export async function start(dataDir: string): Promise<RunningNode> {
  const flags = { settleMinutes: 0, minSavings: 0, preset: 13, crf: 63, testingMode: true };
  const node = await startNode({ dataDir, flags, serve: false, log: await makeLog('silent') });
  onTestFinished(() => node.stop());
  return node;
}

/** Has a node take up a folder. */
export async function scanAll(node: RunningNode, place: string): Promise<void> {
  const { library } = await node.call('library.add', { path: place, watched: false });
  await node.call('library.scan', { library: library.id });
}
