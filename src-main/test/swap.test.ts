/** Replacements step by step: what is checked, undone, finished after a crash, and how on unusual file systems. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copyDatabase } from '../db/backups.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { openDatabase } from '../db/open.ts';
import { SwapTable, type VaultRow } from '../db/swaps.ts';
import { carryOver } from '../master/durable.ts';
import { requireReplaceable } from '../master/replaceable.ts';
import { Swapper } from '../master/swap.ts';
import { makeLibrary, root } from './library.ts';

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
    const { at, names, deliver, replace, read, state, journal, files, swapper } = await makeLibrary();
    const { file, swap } = await deliver('film.mp4');
    await writeFile(at('film.mkv'), 'of somebody else');
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /film\.mkv appeared/ });
    expect([await read('film.mkv'), await read('film.mp4')]).toEqual(['of somebody else', 'original of film.mp4']);
    // Its result waits.
    const waiting = path.basename(swap.staged);
    expect([await names(), state(file), journal()]).toEqual([[waiting, 'film.mkv', 'film.mp4'], 'blocked', [swap.id]]);
    expect(files.get(file)?.reason).toMatch(/film\.mkv appeared/);
    expect(await swapper.retry()).toBe(1);
    await rename(at('film.mkv'), at('film (2).mkv'));
    expect(await swapper.retry()).toBe(0);
    expect([await read('film.mkv'), await read('film (2).mkv')]).toEqual(['result of film.mp4', 'of somebody else']);
    expect([await readFile(swap.kept, 'utf8'), state(file), journal()]).toEqual(['original of film.mp4', 'done', []]);
    expect(existsSync(swap.staged)).toBe(false);
  });

  test.for([
    {
      how: 'has another number, as file systems give',
      change: async (film: string) => {
        await copyFile(film, `${film}.copy`);
        await carryOver(film, `${film}.copy`);
        await rename(`${film}.copy`, film);
      },
    },
    { how: 'has its date shifted by an hour', change: (film: string) => shift(film, 3600) },
    { how: 'was touched', change: (film: string) => shift(film, 0.123) },
  ])('happens when the original $how: it is the same content', async ({ change }) => {
    for (const name of ['film.mkv', 'film.mp4']) {
      const { at, deliver, replace, read, state } = await makeLibrary();
      const { file, swap } = await deliver(name);
      await change(at(name));
      const { mtimeMs } = await lstat(at(name));
      await replace(swap);
      expect([await read('film.mkv'), await readFile(swap.kept, 'utf8'), state(file)]).toEqual([
        `result of ${name}`,
        `original of ${name}`,
        'done',
      ]);
      expect(Math.abs((await lstat(at('film.mkv'))).mtimeMs - mtimeMs)).toBeLessThan(1);
    }
  });

  test('that waits is cleared away when its library was removed', async () => {
    const { at, names, deliver, replace, journal, libraries, view, swapper } = await makeLibrary();
    const { swap } = await deliver('film.mp4');
    await writeFile(at('film.mkv'), 'of somebody else');
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict' });
    libraries.remove(view.id);
    expect(await swapper.retry()).toBe(0);
    expect([await names(), journal()]).toEqual([['film.mkv', 'film.mp4'], []]);
  });

  test.skipIf(!root || process.platform !== 'linux')(
    'that meets a file in use waits with its result, over a restart too (needs root on Linux)',
    async () => {
      for (const name of ['film.mkv', 'film.mp4']) {
        const { at, names, deliver, replace, read, state, journal, swapper, swaps, jobs } = await makeLibrary();
        const { file, swap, job } = await deliver(name);
        // A name that cannot be moved away: the system says EBUSY.
        execFileSync('mount', ['--bind', at(name), at(name)]);
        try {
          await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /in use.* is kept/ });
          expect([await swapper.recover(), await swapper.retry()]).toEqual([[], 1]);
        } finally {
          execFileSync('umount', [at(name)]);
        }
        expect([await names(), state(file)]).toEqual([[path.basename(swap.staged), name], 'blocked']);
        expect([swaps.waitingFor(job.id)?.id, await read(name)]).toEqual([swap.id, `original of ${name}`]);
        expect(await swapper.retry()).toBe(0);
        expect([await read('film.mkv'), state(file), journal()]).toEqual([`result of ${name}`, 'done', []]);
        expect(jobs.attempts(file).map(({ outcome }) => outcome)).toEqual(['done']);
      }
    },
  );

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

  test('waits for the next start when nothing of it is there: a disk that is not connected', async () => {
    for (const name of ['film.mp4', 'series/film.mkv']) {
      const { home, library, deliver, crashWhenKept, swapper, read, state, journal } = await makeLibrary();
      const { file, swap } = await deliver(name);
      await crashWhenKept(swap, false);
      await rename(library, path.join(home, 'disk'));
      await mkdir(library);
      expect(await swapper.recover()).toEqual([expect.stringMatching(/connect its disk .* next start\.$/)]);
      expect([journal(), state(file)]).toEqual([[swap.id], 'running']);
      await rmdir(library);
      await rename(path.join(home, 'disk'), library);
      expect(await swapper.recover()).toEqual([]);
      expect([journal(), state(file)]).toEqual([[], 'done']);
      expect(await read(name.replace('mp4', 'mkv'))).toBe(`result of ${name}`);
    }
  });

  test('is known where it stands when its library becomes a part of another one during the checks', async () => {
    const { home, library, libraries, files, view, at, deliver, replace } = await makeLibrary();
    const { file, swap } = await deliver('film.mp4');
    const parent = libraries.insert(home, false);
    libraries.absorb(view.id, parent.id, `${path.basename(library)}/`);
    const stat = { inode: '0:0', version: '0:0', size: 0, mtime: 0, settles: null };
    files.insert(parent.id, { ...stat, path: 'film.mkv' });
    await replace(swap);
    expect(files.get(file)?.path).toBe(path.relative(home, at('film.mkv')));
    expect(files.at(parent.id, 'film.mkv')).toBeDefined();
  });

  test('does not keep originals where a link leads', async () => {
    const { home, at, deliver, convert } = await makeLibrary();
    const outside = path.join(home, 'outside');
    await mkdir(outside);
    await symlink(outside, at('.flotilla'));
    await expect(deliver('film.mkv')).rejects.toMatchObject({ code: 'conflict', message: /\.flotilla is .* a link/ });
    await unlink(at('.flotilla'));
    await mkdir(at('.flotilla'));
    await symlink(path.join(outside, 'notes'), at('.flotilla/.plexignore'));
    await convert('other.mkv');
    expect(await readdir(outside)).toEqual([]);
  });

  test('asks nothing of a name that stays the same', async () => {
    const { at, library } = await makeLibrary();
    // 255 of these are allowed where names are counted in UTF-16 units.
    const name = '\u{754c}'.repeat(200);
    const ask = (film: string) => requireReplaceable(at(film), 'mkv', library);
    await expect(ask(`${name}.mkv`)).rejects.not.toMatchObject({ code: 'conflict' });
    await expect(ask(`${name}.ts`)).rejects.toMatchObject({ code: 'conflict', message: /longer than/ });
  });
});

describe('a journal of earlier days', () => {
  test.each(['film.mp4', 'film.mkv'])(
    'costs no film when %s was replaced since, whatever became of its original',
    async (name) => {
      for (const since of ['purged', 'purged, and its name taken', 'restored', 'kept']) {
        const { home, at, deliver, crashWhenKept, swapper, swaps, vault, vaultParts, names, read } =
          await makeLibrary();
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
        await new Swapper({ ...vaultParts, swaps: journal, jobs, files }).recover();
        expect(journal.all()).toEqual([]);
        expect(await names()).toEqual(before);
        const film = since === 'restored' ? name : 'film.mkv';
        expect(await read(film)).toBe(`${since === 'restored' ? 'original' : 'result'} of ${name}`);
        if (since === 'kept') expect(journal.vault()).toMatchObject([{ id: swap.id }]);
      }
    },
  );
});

async function shift(file: string, seconds: number): Promise<void> {
  const { atimeMs, mtimeMs } = await lstat(file);
  await utimes(file, atimeMs / 1000 + seconds, mtimeMs / 1000 + seconds);
}
