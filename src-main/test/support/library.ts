/** A library with everything that replaces and restores its videos, for tests of what becomes of files. */
import { existsSync } from 'node:fs';
import { link, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { resolveSettings } from '../../../src-shared/settings/settings.ts';
import { startNode } from '../../app/start-node.ts';
import type { RunningNode } from '../../app/types.ts';
import { openDatabase } from '../../db/open.ts';
import { BulkUpdates } from '../../db/tables/bulk-updates.ts';
import { FileTable } from '../../db/tables/files.ts';
import { JobTable } from '../../db/tables/jobs.ts';
import { KeyValueTable } from '../../db/tables/key-value.ts';
import { LibraryTable } from '../../db/tables/libraries.ts';
import { type Swap, SwapTable } from '../../db/tables/swaps.ts';
import { copyMetadata } from '../../fs/safe-fs.ts';
import { makeLog } from '../../log/logger.ts';
import type { MasterContext } from '../../master/context.ts';
import { identify, inodeOf, versionOf } from '../../master/files/file-identity.ts';
import { makeLibraryLock } from '../../master/library/library-lock.ts';
import { Scanner } from '../../master/library/scanner.ts';
import { Swapper, type SwapRequest } from '../../master/replace/swap.ts';
import { Vault } from '../../master/vault/vault.ts';
import { VaultClock } from '../../master/vault/vault-clock.ts';
import { writeManifest } from '../../master/vault/vault-folder.ts';
import { tempFolder } from './temp.ts';

/** True where a test may act for every user. */
export const root = process.getuid?.() === 0;

/** A library with everything that replaces and restores its videos; their bytes are stand-ins, which nothing here reads. */
export async function makeLibrary() {
  const home = tempFolder();
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
  const settings = resolveSettings({
    flags: { settleMinutes: 0, quality: 'table', fileOrder: 'oldest' },
    env: {},
    stored: {},
  }).values;
  const context = { db, files, jobs, swaps, libraries, settings: () => settings, emit: () => undefined };
  const date = { now: Date.now() };
  const jumps: number[] = [];
  const clockAfterStart = () =>
    new VaultClock({ facts: new KeyValueTable(db), date: () => date.now, jumped: (ms) => jumps.push(ms) });
  const clock = clockAfterStart();
  clock.tick();
  const testing = { on: false };
  const vaultParts = { swaps, jobs, files, lock: makeLibraryLock(() => undefined), clock, install: 'here' };
  const swapper = new Swapper(vaultParts);
  const vault = new Vault({ ...vaultParts, isTesting: () => testing.on });
  const scanner = new Scanner(context as unknown as MasterContext);

  const at = (name: string) => path.join(library, name);

  /** Adds a video and has it converted up to the delivery of its result. */
  const deliver = async (name: string, keepDays: number | null = null) => {
    const source = at(name);
    await mkdir(path.dirname(source), { recursive: true });
    if (!existsSync(source)) await writeFile(source, `original of ${name}`);
    const stat = await lstat(source, { bigint: true });
    const identity = await identify(source);
    if (!identity) throw new Error(`${name} is no file`);
    const seen = { path: name, inode: inodeOf(stat), version: versionOf(stat), size: identity.size, mtime: 0 };
    if (!files.at(view.id, name)) files.insert(view.id, { ...seen, settles: null });
    const file = files.at(view.id, name)?.id ?? Number.NaN;
    files.setProbe(file, identity.hash, null);
    const row = files.get(file);
    if (row && row.state !== 'queued') jobs.queue(row);
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

  /** Has a video converted and replaced. */
  const convert = async (name: string, keepDays: number | null = null) => {
    const { file, swap } = await deliver(name, keepDays);
    await swapper.replace(swap, { stages: {}, log: '' });
    const row = swaps.vaultEntry(swap.id);
    if (!row) throw new Error(`${name} is not in the vault`);
    return { file, swap, row };
  };

  /** Takes a delivered swap to where a crash leaves it, its original in the vault and its result in place or not. */
  const crashWhenKept = async (swap: Swap, placed: boolean): Promise<void> => {
    await copyMetadata(swap.source, swap.staged);
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
  const batches = new BulkUpdates(db);
  const parts = {
    home,
    library,
    libraries,
    batches,
    files,
    jobs,
    swaps,
    swapper,
    vault,
    view,
    vaultParts,
    date,
    testing,
  };
  return {
    ...parts,
    clockAfterStart,
    jumps,
    at,
    deliver,
    convert,
    crashWhenKept,
    replace,
    read,
    names,
    journal,
    state,
    scan,
  };
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
  const flags = { fileOrder: 'oldest', settleMinutes: 0, minSavings: 0, preset: 13, crf: 63, testingMode: true };
  const node = await startNode({ dataDir, flags, serve: false, log: await makeLog('silent') });
  onTestFinished(() => node.stop());
  return node;
}

/** Has a node take up a folder. */
export async function scanAll(node: RunningNode, place: string): Promise<void> {
  const { library } = await node.call('library.add', { path: place, watched: false });
  await node.call('library.scan', { library: library.id });
}
