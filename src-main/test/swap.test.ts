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
import { openDatabase } from '../db/open.ts';
import { FileTable } from '../db/tables/files.ts';
import { JobTable } from '../db/tables/jobs.ts';
import { SwapTable, type VaultRow } from '../db/tables/swaps.ts';
import { copyMetadata } from '../fs/safe-fs.ts';
import { requireReplaceable } from '../master/files/replaceable.ts';
import { whyWasted } from '../master/queue/wasted-work.ts';
import { Swapper } from '../master/replace/swap.ts';
import { makeLibrary, root } from './support/library.ts';
import { until } from './support/wait.ts';

describe('a replacement', () => {
  test('a replacement keeps the original, carries times and mode over, and leaves nothing else', async () => {
    const { at, names, deliver, replace, read, state, journal } = await makeLibrary();
    await writeFile(at('video.mp4'), 'original');
    await chmod(at('video.mp4'), 0o640);
    if (root) await chown(at('video.mp4'), 1234, 5678);
    await utimes(at('video.mp4'), 1_600_000_000.123456, 1_500_000_000.654321);
    const before = await lstat(at('video.mp4'), { bigint: true });
    const { file, swap } = await deliver('video.mp4');
    await replace(swap);
    const after = await lstat(at('video.mkv'), { bigint: true });
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(Math.abs(Number(after.mtimeNs - before.mtimeNs))).toBeLessThan(1000);
    expect(await read('video.mkv')).toBe('result of video.mp4');
    expect(await readFile(swap.kept, 'utf8')).toBe('original');
    const id = path.join('.flotilla', 'vault', swap.id);
    const own = ['.ignore', '.nomedia', '.plexignore', 'vault'].map((name) => path.join('.flotilla', name));
    expect(await names()).toEqual(['.flotilla', ...own, `${id}.json`, `${id}.original`, 'video.mkv'].sort());
    expect([state(file), journal()]).toEqual(['done', []]);
  });

  test.for([
    {
      how: 'was rewritten with the same size',
      change: async (video: string) => writeFile(video, 'ORIGINAL of video.mkv'),
      left: 'ORIGINAL of video.mkv',
    },
    {
      how: 'was rewritten with the same size and time',
      change: async (video: string) => {
        const { atime, mtime } = await lstat(video);
        await utimes(video, atime, mtime);
        await writeFile(video, 'ORIGINAL of video.mkv');
        await utimes(video, atime, mtime);
      },
      left: 'ORIGINAL of video.mkv',
    },
  ])('does not happen when the original $how', async ({ change, left }) => {
    const { at, names, deliver, replace, read, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('video.mkv');
    await change(at('video.mkv'));
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /was changed/ });
    expect(await read('video.mkv')).toBe(left);
    expect([await names(), state(file), journal()]).toEqual([['video.mkv'], 'found', []]);
  });

  test("a replacement doesn't bring back a deleted original", async () => {
    const { at, names, deliver, replace, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('video.mkv');
    await unlink(at('video.mkv'));
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict' });
    expect([await names(), state(file), journal()]).toEqual([[], 'found', []]);
  });

  test('a replacement overwrites no file that appeared under the name of the result', async () => {
    const { at, names, deliver, replace, read, state, journal, files, swapper } = await makeLibrary();
    const { file, swap } = await deliver('video.mp4');
    await writeFile(at('video.mkv'), 'of somebody else');
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /video\.mkv appeared/ });
    expect([await read('video.mkv'), await read('video.mp4')]).toEqual(['of somebody else', 'original of video.mp4']);
    // Its result waits.
    const waiting = path.basename(swap.staged);
    expect([await names(), state(file), journal()]).toEqual([
      [waiting, 'video.mkv', 'video.mp4'],
      'blocked',
      [swap.id],
    ]);
    expect(files.get(file)?.reason).toMatch(/video\.mkv appeared/);
    expect(await swapper.retry()).toBe(1);
    await rename(at('video.mkv'), at('video (2).mkv'));
    expect(await swapper.retry()).toBe(0);
    expect([await read('video.mkv'), await read('video (2).mkv')]).toEqual(['result of video.mp4', 'of somebody else']);
    expect([await readFile(swap.kept, 'utf8'), state(file), journal()]).toEqual(['original of video.mp4', 'done', []]);
    expect(existsSync(swap.staged)).toBe(false);
  });

  test.for([
    {
      how: 'has another number, as file systems give',
      change: async (video: string) => {
        await copyFile(video, `${video}.copy`);
        await copyMetadata(video, `${video}.copy`);
        await rename(`${video}.copy`, video);
      },
    },
    { how: 'has its date shifted by an hour', change: (video: string) => shift(video, 3600) },
    { how: 'was touched', change: (video: string) => shift(video, 0.123) },
  ])('happens when the original $how: it is the same content', async ({ change }) => {
    for (const name of ['video.mkv', 'video.mp4']) {
      const { at, deliver, replace, read, state } = await makeLibrary();
      const { file, swap } = await deliver(name);
      await change(at(name));
      const { mtimeMs } = await lstat(at(name));
      await replace(swap);
      expect([await read('video.mkv'), await readFile(swap.kept, 'utf8'), state(file)]).toEqual([
        `result of ${name}`,
        `original of ${name}`,
        'done',
      ]);
      expect(Math.abs((await lstat(at('video.mkv'))).mtimeMs - mtimeMs)).toBeLessThan(1);
    }
  });

  test('a waiting replacement is removed with its library', async () => {
    const { at, names, deliver, replace, journal, libraries, view, swapper } = await makeLibrary();
    const { swap } = await deliver('video.mp4');
    await writeFile(at('video.mkv'), 'of somebody else');
    await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict' });
    libraries.remove(view.id);
    expect(await swapper.retry()).toBe(0);
    expect([await names(), journal()]).toEqual([['video.mkv', 'video.mp4'], []]);
  });

  test.skipIf(!root || process.platform !== 'linux')(
    'that meets a file in use waits with its result, over a restart too (needs root on Linux)',
    async () => {
      for (const name of ['video.mkv', 'video.mp4']) {
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
        expect([await read('video.mkv'), state(file), journal()]).toEqual([`result of ${name}`, 'done', []]);
        expect(jobs.attempts(file).map(({ outcome }) => outcome)).toEqual(['done']);
      }
    },
  );

  test("a replacement whose proven result vanished twice isn't tried a third time until the user retries it", async () => {
    const { at, names, deliver, replace, read, files, jobs, vaultParts, journal, batches } = await makeLibrary();
    const vanish = async () => {
      const { file, job, swap } = await deliver('video.mkv');
      // Proven, it waits for its turn.
      const turn = Promise.withResolvers<void>();
      const before = vaultParts.lock.hold(swap.source, () => turn.promise);
      const replaced = expect(replace(swap)).rejects.toMatchObject({ code: 'node', message: /result is missing/ });
      await until(() => expect(jobs.get(job.id)?.state).toBe('swapping'));
      await unlink(swap.staged);
      turn.resolve();
      await Promise.all([before, replaced]);
      return { file, job: job.id };
    };
    const first = await vanish();
    expect([files.get(first.file)?.state, whyWasted(jobs.tries, first)]).toEqual(['queued', undefined]);
    const second = await vanish();
    expect(second).toEqual(first);
    expect([await read('video.mkv'), await names(), journal()]).toEqual(['original of video.mkv', ['video.mkv'], []]);
    expect(jobs.attempts(first.file).map(({ outcome }) => outcome)).toEqual(['undone', 'undone']);
    expect(whyWasted(jobs.tries, first)).toMatch(
      /^It was converted 2 times, but no result could be put in place: Couldn.t replace video\.mkv/,
    );
    batches.queue([first.file]);
    expect(whyWasted(jobs.tries, first)).toBeUndefined();
    expect(existsSync(at('video.mkv'))).toBe(true);
  });

  test('a replacement is given up when the original has changed three times', async () => {
    const { at, deliver, replace, jobs, state, scan } = await makeLibrary();
    for (const n of [1, 2, 3]) {
      const { file, job, swap } = await deliver('video.mkv');
      expect(whyWasted(jobs.tries, { file, job: job.id })).toBeUndefined();
      await writeFile(at('video.mkv'), `version ${n}`);
      await expect(replace(swap)).rejects.toMatchObject({ code: 'conflict', message: /was changed/ });
      expect(state(file)).toBe('found');
      await scan();
    }
    const { file, job } = await deliver('video.mkv');
    expect(whyWasted(jobs.tries, { file, job: job.id })).toMatch(
      /^It was converted 3 times, but no result could be put in place: .* changed during conversion/,
    );
  });

  test("a replacement doesn't happen if the task was reassigned", async () => {
    const { names, deliver, replace, read, jobs, journal } = await makeLibrary();
    const { file, job, swap } = await deliver('video.mkv');
    jobs.apply(file, 'release');
    jobs.lease(job, { id: 'there', name: 'There' }, {});
    await expect(replace(swap)).rejects.toMatchObject({ code: 'fenced' });
    expect(await read('video.mkv')).toBe('original of video.mkv');
    expect([await names(), journal()]).toEqual([['video.mkv'], []]);
  });

  test('a replacement can use the name of a missing video', async () => {
    const { at, convert, deliver, replace, read, scan, state } = await makeLibrary();
    await convert('video.mkv');
    await unlink(at('video.mkv'));
    await scan(true);
    const { file, swap } = await deliver('video.mp4');
    await replace(swap);
    expect([await read('video.mkv'), state(file)]).toEqual(['result of video.mp4', 'done']);
  });

  test('a replacement creates the vault again if its last original was purged during the checks', async () => {
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

  test('a replacement is undone after a crash if the original was changed before its removal', async () => {
    const { at, names, deliver, crashWhenKept, swapper, read, state, journal } = await makeLibrary();
    const { file, swap } = await deliver('video.mp4');
    await crashWhenKept(swap, true);
    await writeFile(at('video.mp4'), 'a longer cut of the original');
    expect(await swapper.recover()).toEqual([]);
    expect(await read('video.mp4')).toBe('a longer cut of the original');
    expect([await names(), state(file), journal()]).toEqual([['video.mp4'], 'found', []]);
  });

  test('a replacement leaves the original in the vault if another video took its place during a crash', async () => {
    const { at, deliver, crashWhenKept, swapper, read, vault, journal } = await makeLibrary();
    const { swap } = await deliver('video.mkv');
    await crashWhenKept(swap, false);
    await writeFile(at('video.new'), 'another video');
    await rename(at('video.new'), at('video.mkv'));
    expect(await swapper.recover()).toEqual([]);
    expect([await read('video.mkv'), await readFile(swap.kept, 'utf8'), journal()]).toEqual([
      'another video',
      'original of video.mkv',
      [],
    ]);
    await unlink(at('video.mkv'));
    const [row] = vault.select({ all: true });
    await vault.restore(row as VaultRow);
    expect(await read('video.mkv')).toBe('original of video.mkv');
  });

  test('a replacement leaves the original in the vault if its folder disappeared during a crash', async () => {
    const { at, deliver, crashWhenKept, swapper, read, vault, journal } = await makeLibrary();
    const { swap } = await deliver('series/video.mkv');
    await crashWhenKept(swap, false);
    await rm(at('series'), { recursive: true });
    expect(await swapper.recover()).toEqual([expect.stringContaining('result is missing')]);
    expect(journal()).toEqual([]);
    const [row] = vault.select({ all: true });
    await vault.restore(row as VaultRow);
    expect(await read('series/video.mkv')).toBe('original of series/video.mkv');
  });

  test('a replacement waits for a disconnected disk', async () => {
    for (const name of ['video.mp4', 'series/video.mkv']) {
      const { home, library, deliver, crashWhenKept, swapper, read, state, journal } = await makeLibrary();
      const { file, swap } = await deliver(name);
      await crashWhenKept(swap, false);
      await rename(library, path.join(home, 'disk'));
      await mkdir(library);
      expect(await swapper.recover()).toEqual([expect.stringMatching(/connect its disk .* retries automatically\.$/)]);
      expect([journal(), state(file)]).toEqual([[swap.id], 'running']);
      await rmdir(library);
      expect(await swapper.retry()).toBe(1);
      await rename(path.join(home, 'disk'), library);
      expect(await swapper.retry()).toBe(0);
      expect([journal(), state(file)]).toEqual([[], 'done']);
      expect(await read(name.replace('mp4', 'mkv'))).toBe(`result of ${name}`);
    }
  });

  test('a replacement is found if its library is merged into another one during the checks', async () => {
    const { home, library, libraries, files, view, at, deliver, replace } = await makeLibrary();
    const { file, swap } = await deliver('video.mp4');
    const parent = libraries.insert(home, false);
    libraries.absorb(view.id, parent.id, `${path.basename(library)}/`);
    const stat = { inode: '0:0', version: '0:0', size: 0, mtime: 0, settles: null };
    files.insert(parent.id, { ...stat, path: 'video.mkv' });
    await replace(swap);
    expect(files.get(file)?.path).toBe(path.relative(home, at('video.mkv')));
    expect(files.at(parent.id, 'video.mkv')).toBeDefined();
  });

  test("a replacement doesn't keep originals behind a link", async () => {
    const { home, at, deliver, convert } = await makeLibrary();
    const outside = path.join(home, 'outside');
    await mkdir(outside);
    await symlink(outside, at('.flotilla'));
    await expect(deliver('video.mkv')).rejects.toMatchObject({ code: 'conflict', message: /\.flotilla is .* a link/ });
    await unlink(at('.flotilla'));
    await mkdir(at('.flotilla'));
    await symlink(path.join(outside, 'notes'), at('.flotilla/.plexignore'));
    await convert('other.mkv');
    expect(await readdir(outside)).toEqual([]);
  });

  test('a replacement under the same name needs no free name', async () => {
    const { at, library } = await makeLibrary();
    // 255 of these are allowed where names are counted in UTF-16 units.
    const name = '\u{754c}'.repeat(200);
    const ask = (video: string) => requireReplaceable(at(video), 'mkv', library);
    await expect(ask(`${name}.mkv`)).rejects.not.toMatchObject({ code: 'conflict' });
    await expect(ask(`${name}.ts`)).rejects.toMatchObject({ code: 'conflict', message: /longer than/ });
  });
});

describe('a journal of earlier days', () => {
  test.each(['video.mp4', 'video.mkv'])(
    'costs no video when %s was replaced since, whatever became of its original',
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
        if (since.endsWith('taken') && !existsSync(at(name))) await writeFile(at(name), 'another video');
        if (since === 'restored') await vault.restore(swaps.vault()[0] as VaultRow);
        const before = await names();

        const { db } = openDatabase(backup, path.join(home, 'none'));
        onTestFinished(() => void db.close());
        const [files, jobs, journal] = [new FileTable(db), new JobTable(db, () => undefined), new SwapTable(db)];
        await new Swapper({ ...vaultParts, swaps: journal, jobs, files }).recover();
        expect(journal.all()).toEqual([]);
        expect(await names()).toEqual(before);
        const video = since === 'restored' ? name : 'video.mkv';
        expect(await read(video)).toBe(`${since === 'restored' ? 'original' : 'result'} of ${name}`);
        if (since === 'kept') expect(journal.vault()).toMatchObject([{ id: swap.id }]);
      }
    },
  );
});

async function shift(file: string, seconds: number): Promise<void> {
  const { atimeMs, mtimeMs } = await lstat(file);
  await utimes(file, atimeMs / 1000 + seconds, mtimeMs / 1000 + seconds);
}
