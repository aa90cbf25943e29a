import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { resolveSettings } from '../../src-shared/settings.ts';
import { copyDatabase } from '../db/backups.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { LibraryTable } from '../db/libraries.ts';
import { openDatabase } from '../db/open.ts';
import { type Swap, SwapTable, type VaultRow } from '../db/swaps.ts';
import { makeLog } from '../log.ts';
import type { MasterContext } from '../master/context.ts';
import { carryOver } from '../master/durable.ts';
import { identify, inodeOf, versionOf } from '../master/identity.ts';
import { Scanner } from '../master/scanner.ts';
import { Swapper, type SwapRequest } from '../master/swap.ts';
import { Vault } from '../master/vault.ts';
import { keptPath, writeManifest } from '../master/vault-folder.ts';
import { type RunningNode, startNode } from '../node.ts';
import { CAN_MOUNT, NO_MOUNT } from './helpers.ts';

const root = process.getuid?.() === 0;

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-swap-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function mounted(folder: string, ...args: string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  execFileSync('mount', [...args, folder]);
  onTestFinished(() => void execFileSync('umount', [folder]));
}

/**
 * Mounts a small disk of a kind that knows no hard links.
 * @returns false where this computer has no such file system
 */
async function mountLinkless(image: string, folder: string): Promise<boolean> {
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
async function makeLibrary() {
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
  const swapper = new Swapper({ swaps, jobs, files });
  const vault = new Vault({ swaps, jobs, files });
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
    const { source: original, target: result, sourceIdentity: identity, keepUntil } = swap;
    await writeManifest(swap.kept, { original, result, identity, resultIdentity, replaced: 0, keepUntil });
    await link(original, swap.kept);
    if (placed) await link(swap.staged, swap.target);
    swaps.write({ ...swap, step: placed ? 'removing' : 'placing', resultIdentity });
  };

  const replace = (swap: Swap) => swapper.replace(swap, { stages: {}, log: '' });
  const read = (name: string) => readFile(at(name), 'utf8');
  /** Everything in the library by its path, the vault's folder included. */
  const names = async () => (await readdir(library, { recursive: true })).sort();
  const journal = () => [...swaps.all().map((swap) => swap.id), ...swaps.restoring()];
  const state = (file: number) => files.get(file)?.state;
  const scan = (acceptMissing = false) => scanner.scan(view, '', acceptMissing);
  const parts = { home, library, files, jobs, swaps, swapper, vault, view };
  return { ...parts, at, deliver, convert, crashWhenKept, replace, read, names, journal, state, scan };
}

describe('a replacement', () => {
  test('keeps the original, carries times and mode over, and leaves nothing else', async () => {
    const { at, names, deliver, replace, read, state, journal } = await makeLibrary();
    await writeFile(at('film.mp4'), 'original');
    await chmod(at('film.mp4'), 0o640);
    if (root) await chown(at('film.mp4'), 1234, 5678);
    await utimes(at('film.mp4'), 1_600_000_000.123456, 1_500_000_000.654321);
    const before = await lstat(at('film.mp4'), { bigint: true });
    const { file, swap } = await deliver('film.mp4');
    await replace(swap);
    const after = await lstat(at('film.mkv'), { bigint: true });
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(Math.abs(Number(after.mtimeNs - before.mtimeNs))).toBeLessThan(1000);
    expect(await read('film.mkv')).toBe('result of film.mp4');
    expect(await readFile(swap.kept, 'utf8')).toBe('original');
    const id = path.join('.flotilla', 'vault', swap.id);
    const own = ['.ignore', '.nomedia', '.plexignore', 'vault'].map((name) => path.join('.flotilla', name));
    expect(await names()).toEqual(['.flotilla', ...own, `${id}.json`, `${id}.original`, 'film.mkv'].sort());
    expect([state(file), journal()]).toEqual(['done', []]);
  });

  test.for([
    {
      how: 'was rewritten with the same size',
      change: async (film: string) => writeFile(film, 'ORIGINAL of film.mkv'),
      left: 'ORIGINAL of film.mkv',
    },
    {
      how: 'was rewritten with the same size and time',
      change: async (film: string) => {
        const { atime, mtime } = await lstat(film);
        await utimes(film, atime, mtime);
        await writeFile(film, 'ORIGINAL of film.mkv');
        await utimes(film, atime, mtime);
      },
      left: 'ORIGINAL of film.mkv',
    },
    {
      how: 'is another file with the same content and time',
      change: async (film: string) => {
        await copyFile(film, `${film}.copy`);
        await carryOver(film, `${film}.copy`);
        await rename(`${film}.copy`, film);
      },
      left: 'original of film.mkv',
    },
  ])('does not happen when the original $how', async ({ change, left }) => {
    const { at, names, deliver, replace, read, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('film.mkv');
    await change(at('film.mkv'));
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /was changed/ });
    expect(await read('film.mkv')).toBe(left);
    expect([await names(), state(file), journal()]).toEqual([['film.mkv'], 'found', []]);
  });

  test('does not happen when the original was deleted: it stays deleted', async () => {
    const { at, names, deliver, replace, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('film.mkv');
    await unlink(at('film.mkv'));
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict' });
    expect([await names(), state(file), journal()]).toEqual([[], 'found', []]);
  });

  test('overwrites no file that appeared under the name of the result', async () => {
    const { at, names, deliver, replace, read, state, journal, files } = await makeLibrary();
    const { file, swap } = await deliver('film.mp4');
    await writeFile(at('film.mkv'), 'of somebody else');
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /film\.mkv appeared/ });
    expect([await read('film.mkv'), await read('film.mp4')]).toEqual(['of somebody else', 'original of film.mp4']);
    expect([await names(), state(file), journal()]).toEqual([['film.mkv', 'film.mp4'], 'blocked', []]);
    expect(files.get(file)?.reason).toMatch(/film\.mkv appeared/);
  });

  test('does not happen when the task was given to another worker meanwhile', async () => {
    const { names, deliver, replace, read, jobs, journal } = await makeLibrary();
    const { file, job, swap } = await deliver('film.mkv');
    jobs.apply(file, 'release');
    jobs.lease(job, { id: 'there', name: 'There' }, {});
    await expect(replace(swap)).rejects.toMatchObject({ code: 'fenced' });
    expect(await read('film.mkv')).toBe('original of film.mkv');
    expect([await names(), journal()]).toEqual([['film.mkv'], []]);
  });

  test('takes the name of a film that the database knew and that has gone', async () => {
    const { at, convert, deliver, replace, read, scan, state } = await makeLibrary();
    await convert('film.mkv');
    await unlink(at('film.mkv'));
    await scan(true);
    const { file, swap } = await deliver('film.mp4');
    await replace(swap);
    expect([await read('film.mkv'), state(file)]).toEqual(['result of film.mp4', 'done']);
  });

  test('makes the vault again when its last original was purged during the checks', async () => {
    const { convert, deliver, replace, vault, read } = await makeLibrary();
    await convert('one.mkv');
    const { swap } = await deliver('two.mkv');
    expect(await vault.purge({ all: true, dryRun: false })).toMatchObject({ purged: 1 });
    await replace(swap);
    expect([await read('two.mkv'), await readFile(swap.kept, 'utf8')]).toEqual([
      'result of two.mkv',
      'original of two.mkv',
    ]);
  });

  test('is undone after a crash when the original was written to before it could be removed', async () => {
    const { at, names, deliver, crashWhenKept, swapper, read, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('film.mp4');
    await crashWhenKept(swap, true);
    await writeFile(at('film.mp4'), 'a longer cut of the original');
    expect(await swapper.recover()).toEqual([]);
    expect(await read('film.mp4')).toBe('a longer cut of the original');
    expect([await names(), state(file), journal()]).toEqual([['film.mp4'], 'found', []]);
  });

  test('leaves the original in the vault when another film took its place during a crash', async () => {
    const { at, deliver, crashWhenKept, swapper, read, vault, journal } = await makeLibrary();
    const { swap } = await deliver('film.mkv');
    await crashWhenKept(swap, false);
    await writeFile(at('film.new'), 'another film');
    await rename(at('film.new'), at('film.mkv'));
    expect(await swapper.recover()).toEqual([]);
    expect([await read('film.mkv'), await readFile(swap.kept, 'utf8'), journal()]).toEqual([
      'another film',
      'original of film.mkv',
      [],
    ]);
    await unlink(at('film.mkv'));
    const [row] = vault.select({ all: true });
    await vault.restore(row as VaultRow);
    expect(await read('film.mkv')).toBe('original of film.mkv');
  });

  test('leaves the original in the vault when its folder went during a crash', async () => {
    const { at, deliver, crashWhenKept, swapper, read, vault, journal } = await makeLibrary();
    const { swap } = await deliver('series/film.mkv');
    await crashWhenKept(swap, false);
    await rm(at('series'), { recursive: true });
    expect(await swapper.recover()).toEqual([expect.stringContaining('result has vanished')]);
    expect(journal()).toEqual([]);
    const [row] = vault.select({ all: true });
    await vault.restore(row as VaultRow);
    expect(await read('series/film.mkv')).toBe('original of series/film.mkv');
  });
});

describe('a journal of earlier days', () => {
  test.each(['film.mp4', 'film.mkv'])(
    'costs no film when %s was replaced since, whatever became of its original',
    async (name) => {
      for (const since of ['purged', 'purged, and its name taken', 'restored', 'kept']) {
        const { home, at, deliver, crashWhenKept, swapper, swaps, vault, names, read } = await makeLibrary();
        const { swap } = await deliver(name);
        await crashWhenKept(swap, false);
        const backup = path.join(home, 'backup.db');
        await copyDatabase(path.join(home, 'data', 'flotilla.db'), backup);
        expect(await swapper.recover()).toEqual([]);
        if (since.startsWith('purged')) await vault.purge({ all: true, dryRun: false });
        if (since.endsWith('taken') && !existsSync(at(name))) await writeFile(at(name), 'another film');
        if (since === 'restored') await vault.restore(swaps.vault()[0] as VaultRow);
        const before = await names();

        const { db } = openDatabase(backup, path.join(home, 'none'));
        onTestFinished(() => void db.close());
        const [files, jobs, journal] = [new FileTable(db), new JobTable(db, () => undefined), new SwapTable(db)];
        await new Swapper({ swaps: journal, jobs, files }).recover();
        expect(journal.all()).toEqual([]);
        expect(await names()).toEqual(before);
        const film = since === 'restored' ? name : 'film.mkv';
        expect(await read(film)).toBe(`${since === 'restored' ? 'original' : 'result'} of ${name}`);
        if (since === 'kept') expect(journal.vault()).toMatchObject([{ id: swap.id }]);
      }
    },
  );
});

describe('unusual file systems', () => {
  test.skipIf(!CAN_MOUNT)(`a disk mounted in the library has its own vault (${NO_MOUNT})`, async () => {
    const { at, names, convert, read, vault, swaps } = await makeLibrary();
    await mounted(at('disk'), '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
    await writeFile(at('disk/film.mp4'), 'original');
    const { ino } = await lstat(at('disk/film.mp4'));
    const { swap, row } = await convert('disk/film.mp4');
    expect(swap.kept).toBe(keptPath(at('disk/.flotilla/vault'), swap.id));
    // Linked, not copied.
    expect((await lstat(swap.kept)).ino).toBe(ino);
    expect(await read('disk/film.mkv')).toBe('result of disk/film.mp4');
    await vault.restore(row);
    expect([await names(), swaps.vault()]).toEqual([['disk', 'disk/film.mp4'], []]);
  });

  test.skipIf(!CAN_MOUNT).for(['film.mkv', 'film.mp4'])(
    `originals are copied where neither links nor renames reach the vault: %s (${NO_MOUNT})`,
    async (name) => {
      const { home, at, names, convert, read, vault } = await makeLibrary();
      // The same file system mounted twice, as with two volumes of a container.
      await mkdir(path.join(home, 'volume'));
      await mounted(at('volume'), '--bind', path.join(home, 'volume'));
      const { swap, row } = await convert(`volume/${name}`);
      expect(swap.kept).toBe(keptPath(at('.flotilla/vault'), swap.id));
      expect(await readFile(swap.kept, 'utf8')).toBe(`original of volume/${name}`);
      expect(await read('volume/film.mkv')).toBe(`result of volume/${name}`);
      await vault.restore(row);
      expect([await names(), await read(`volume/${name}`)]).toEqual([
        ['volume', `volume/${name}`],
        `original of volume/${name}`,
      ]);
    },
  );

  test.skipIf(!CAN_MOUNT).for(['film.mkv', 'film.mp4'])(
    `a disk that knows no links: %s (${NO_MOUNT}, and FAT or exFAT)`,
    async (name, { skip }) => {
      const { home, at, names, convert, deliver, replace, read, vault, state } = await makeLibrary();
      if (!(await mountLinkless(path.join(home, 'image'), at('stick')))) skip('no FAT or exFAT here');
      const { swap, row } = await convert(`stick/${name}`);
      expect([await read('stick/film.mkv'), await readFile(swap.kept, 'utf8')]).toEqual([
        `result of stick/${name}`,
        `original of stick/${name}`,
      ]);
      await vault.restore(row);
      expect([await names(), await read(`stick/${name}`)]).toEqual([
        ['stick', `stick/${name}`],
        `original of stick/${name}`,
      ]);
      // Nor is anything overwritten there.
      const blocked = await deliver('stick/other.mp4');
      await writeFile(at('stick/other.mkv'), 'of somebody else');
      await expect(replace(blocked.swap)).rejects.toMatchObject({ code: 'conflict', message: /other\.mkv appeared/ });
      expect([await read('stick/other.mkv'), await read('stick/other.mp4'), state(blocked.file)]).toEqual([
        'of somebody else',
        'original of stick/other.mp4',
        'blocked',
      ]);
    },
  );

  test.skipIf(!root || process.platform !== 'linux').for(['film.mkv', 'film.mp4'])(
    'where Flotilla may neither link nor chown, the original is renamed into the vault: %s (needs root)',
    async (name, { skip }) => {
      const { home, at, names, deliver, replace, read, vault, swaps } = await makeLibrary();
      // The kernel lets nobody link to a file that is not theirs, unless they may write to it.
      if ((await readFile('/proc/sys/fs/protected_hardlinks', 'utf8').catch(() => '0')).trim() !== '1') {
        skip('this kernel allows links to the files of others');
      }
      await writeFile(at(name), `original of ${name}`);
      await chmod(at(name), 0o644);
      const { ino } = await lstat(at(name));
      execFileSync('chown', ['-R', '12345:12345', home]);
      await chown(at(name), 0, 0);
      const { swap } = await asUser(12345, async () => {
        await expect(link(at(name), at('link'))).rejects.toMatchObject({ code: 'EPERM' });
        const delivered = await deliver(name);
        await replace(delivered.swap);
        return delivered;
      });
      const kept = await lstat(swap.kept);
      expect([kept.ino, kept.uid]).toEqual([ino, 0]);
      const placed = await lstat(at('film.mkv'));
      expect([placed.uid, placed.gid, placed.mode & 0o777]).toEqual([12345, 12345, 0o644]);
      expect(await read('film.mkv')).toBe(`result of ${name}`);
      await asUser(12345, () => vault.restore(swaps.vaultEntry(swap.id) as VaultRow));
      expect([await names(), (await lstat(at(name))).ino]).toEqual([[name], ino]);
    },
  );

  test.skipIf(!CAN_MOUNT)('a folder that cannot be written to blocks the film with the reason', async () => {
    const home = await tempFolder();
    const library = path.join(home, 'library');
    await mounted(library, '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs');
    await makeClip(path.join(library, 'film.mkv'));
    execFileSync('mount', ['-o', 'remount,ro', library]);
    const node = await start(path.join(home, 'data'));
    const { library: view } = await node.call('library.add', { path: library, watched: false });
    node.limitTo([{ library: view.id, prefix: '' }]);
    await node.call('library.scan', { library: view.id });
    node.startWorker();
    await untilIdle(node);
    const [film] = await node.call('file.list', { library: view.id, after: 0, limit: 10 });
    expect(film).toMatchObject({ state: 'blocked', reason: expect.stringContaining(`may not write in ${library}`) });

    // The next scan takes it up again.
    execFileSync('mount', ['-o', 'remount,rw', library]);
    await node.call('library.scan', { library: view.id });
    await untilIdle(node);
    const [again] = await node.call('file.list', { library: view.id, after: 0, limit: 10 });
    expect(again).toMatchObject({ state: 'done' });
  });
});

describe('restoring', () => {
  test.for(['film.mkv', 'film.mp4'])('puts %s back as it was', async (name) => {
    const { at, names, convert, read, vault, journal, state } = await makeLibrary();
    await writeFile(at(name), 'original');
    const before = await lstat(at(name), { bigint: true });
    const { file, row } = await convert(name);
    await vault.restore(row);
    const after = await lstat(at(name), { bigint: true });
    expect([after.ino, after.mtimeNs, after.mode]).toEqual([before.ino, before.mtimeNs, before.mode]);
    expect([await read(name), await names(), vault.list(), journal()]).toEqual(['original', [name], [], []]);
    expect(state(file)).toBe('skipped');
  });

  test.for([
    { what: 'a changed result', name: 'film.mkv', take: (film: string) => writeFile(film, 'edited') },
    { what: 'another film', name: 'film.mp4', take: (film: string) => writeFile(film, 'another') },
    {
      what: 'a link',
      name: 'film.mkv',
      take: async (film: string) => {
        await rename(film, `${film}.moved`);
        await symlink(`${film}.moved`, film);
      },
    },
    { what: 'a folder', name: 'film.mp4', take: (film: string) => mkdir(film) },
  ])('is refused where $what has the place', async ({ name, take }) => {
    const { at, names, convert, vault, journal } = await makeLibrary();
    const { swap, row } = await convert(name);
    await take(at(name));
    const before = await names();
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /is another file now/ });
    expect([await names(), journal(), vault.list().length]).toEqual([before, [], 1]);
    expect(await readFile(swap.kept, 'utf8')).toBe(`original of ${name}`);
  });

  test('is refused when the original in the vault is damaged', async () => {
    const { convert, read, vault, journal } = await makeLibrary();
    const { swap, row } = await convert('film.mkv');
    await writeFile(swap.kept, 'damaged');
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /gone or damaged/ });
    expect([await read('film.mkv'), journal()]).toEqual(['result of film.mkv', []]);
  });

  test('follows a result that was renamed', async () => {
    const { at, names, convert, read, vault, scan, swaps } = await makeLibrary();
    const { swap } = await convert('film.mp4');
    await mkdir(at('seen'));
    await rename(at('film.mkv'), at('seen/other name.mkv'));
    await scan();
    const [row] = vault.select({ path: at('seen') });
    expect(row?.id).toBe(swap.id);
    await vault.restore(row as VaultRow);
    expect([await read('film.mp4'), await names()]).toEqual(['original of film.mp4', ['film.mp4', 'seen']]);
    expect(swaps.vault()).toEqual([]);
    // And the film is known where it stands now.
    expect(await scan(true)).toMatchObject({ files: 1, problems: [] });
  });

  test('takes the place of a film that the database knew and that has gone', async () => {
    const { at, convert, read, vault, scan, swaps, journal } = await makeLibrary();
    const { swap } = await convert('film.mp4');
    await writeFile(at('film.mp4'), 'another');
    await scan();
    await unlink(at('film.mp4'));
    await scan();
    await vault.restore(swaps.vaultEntry(swap.id) as VaultRow);
    expect([await read('film.mp4'), journal()]).toEqual(['original of film.mp4', []]);
  });
});

describe('purging', () => {
  test('keeps originals whose result is gone or was changed', async () => {
    const { at, convert, vault } = await makeLibrary();
    for (const name of ['gone.mkv', 'changed.mkv', 'sound.mp4']) await convert(name, -1);
    await unlink(at('gone.mkv'));
    await writeFile(at('changed.mkv'), 'edited');
    const dry = await vault.purge({ all: false, dryRun: true });
    expect([dry.purged, vault.list().length]).toEqual([1, 3]);
    const { purged, kept } = await vault.purge({ all: false, dryRun: false });
    expect([purged, kept.length]).toEqual([1, 2]);
    expect(kept.join()).toMatch(/gone\.mkv.*is gone.*changed\.mkv.*was changed/);
    expect(vault.list().map((entry) => path.basename(entry.original))).toEqual(['changed.mkv', 'gone.mkv']);
    // All of them: only what stands nowhere else is kept.
    expect(await vault.purge({ all: true, dryRun: false })).toMatchObject({ purged: 1, kept: [/is gone/] });
  });

  test('leaves no trace when nothing is to be kept', async () => {
    const { names, convert, read, vault } = await makeLibrary();
    const { row } = await convert('film.mp4', 0);
    expect(row.keep_until).toBeLessThanOrEqual(Date.now());
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1, kept: [] });
    expect([await names(), await read('film.mkv')]).toEqual([['film.mkv'], 'result of film.mp4']);
  });

  test('passes by originals whose time has not come', async () => {
    const { convert, vault } = await makeLibrary();
    await convert('days.mkv', 1);
    await convert('ever.mkv', null);
    expect(await vault.purge({ all: false, dryRun: false })).toEqual({ purged: 0, bytes: 0, kept: [] });
  });
});

describe('after the database was lost', () => {
  test('an original is kept in the vault although a copy of it stands in its place', async () => {
    const { home, library, convert } = await makeLibrary();
    await convert('film.mp4');
    const [kept = ''] = (await readdir(path.join(library, '.flotilla/vault'))).filter((n) => n.endsWith('.original'));
    const vaulted = path.join(library, '.flotilla/vault', kept);
    await copyFile(vaulted, path.join(library, 'film.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await readFile(vaulted, 'utf8')).toBe('original of film.mp4');
    expect(await node.call('vault.list', {})).toHaveLength(1);
  });

  test('a scan finds the originals again, and they can be restored', async () => {
    const { home, library, names, convert, read } = await makeLibrary();
    await convert('film.mp4');
    await convert('series/film.mkv');
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    const vault = await node.call('vault.list', {});
    expect(vault.map((entry) => path.relative(library, entry.original)).sort()).toEqual([
      'film.mp4',
      'series/film.mkv',
    ]);
    expect(await node.call('vault.restore', { all: true })).toMatchObject({ refused: [] });
    expect(await names()).toEqual(['film.mp4', 'series', 'series/film.mkv']);
    expect(await read('film.mp4')).toBe('original of film.mp4');
  });

  test.for([
    { name: 'film.mkv', placed: false },
    { name: 'film.mp4', placed: false },
    { name: 'film.mp4', placed: true },
  ])('a half-done replacement of $name is undone (result placed: $placed)', async ({ name, placed }) => {
    const { home, library, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver(name);
    await crashWhenKept(swap, placed);
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read(name)]).toEqual([[name], `original of ${name}`]);
    expect(await node.call('vault.list', {})).toEqual([]);
  });

  test('an original that stands only in the vault is put back', async () => {
    const { home, library, at, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver('film.mp4');
    await crashWhenKept(swap, false);
    // As where links are not possible.
    await unlink(at('film.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read('film.mp4')]).toEqual([['film.mp4'], 'original of film.mp4']);
  });

  test('a vault that is empty or a foreign folder of its name is no hindrance', async () => {
    const { home, library, at } = await makeLibrary();
    await mkdir(at('.flotilla'));
    await mkdir(at('series/.flotilla/vault'), { recursive: true });
    await writeFile(at('series/.flotilla/vault/notes.json'), '{}');
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await node.call('vault.list', {})).toEqual([]);
  });
});

/** Does the work with the rights of another user of this computer. */
async function asUser<T>(id: number, work: () => Promise<T>): Promise<T> {
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

async function start(dataDir: string): Promise<RunningNode> {
  const flags = { settleMinutes: 0, minSavings: 0, preset: 13, crf: 63, testingMode: true };
  const node = await startNode({ dataDir, flags, serve: false, log: makeLog('silent') });
  onTestFinished(() => node.stop());
  return node;
}

async function scanAll(node: RunningNode, place: string): Promise<void> {
  const { library } = await node.call('library.add', { path: place, watched: false });
  await node.call('library.scan', { library: library.id });
}

async function untilIdle(node: RunningNode): Promise<void> {
  while (!node.isIdle()) {
    await new Promise<void>((resolve) => {
      const off = node.on('idle', () => {
        off();
        resolve();
      });
    });
  }
}

async function makeClip(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '5M', '-pix_fmt', 'yuv420p'];
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:duration=1', ...codec, file]);
}
