import { existsSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { moveNew, retryWhileLocked, tempCopyPath } from './safe-fs.ts';

/** A second file system, so that files have to be copied. */
const OTHER_DISK = '/dev/shm';

async function makeFolder(parent: string): Promise<string> {
  const folder = await mkdtemp(path.join(parent, 'flotilla-durable-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('a file that somebody has open', () => {
  /** Fails with a code so many times, and counts. */
  function makeWork(code: string, failures: number) {
    const work = async () => {
      work.calls += 1;
      if (work.calls <= failures) throw Object.assign(new Error(code), { code });
      return 'done';
    };
    work.calls = 0;
    return work;
  }

  it.each(['EPERM', 'EBUSY', 'EACCES'])('is waited for on Windows, which says %s', async (code) => {
    const work = makeWork(code, 3);
    expect([await retryWhileLocked(work, undefined, 'win32'), work.calls]).toEqual(['done', 4]);
  });

  it.each([
    ['ENOENT', undefined, 'win32'],
    ['EPERM', ['EBUSY'], 'win32'],
    ['EPERM', undefined, 'linux'],
  ] as const)('is not meant by %s where %s are on %s', async (code, codes, platform) => {
    const work = makeWork(code, 1);
    await expect(retryWhileLocked(work, codes, platform)).rejects.toMatchObject({ code });
    expect(work.calls).toBe(1);
  });
});

describe.skipIf(!existsSync(OTHER_DISK))(`copies to another disk (needs ${OTHER_DISK})`, () => {
  it('into one folder at a time do not meet, with the longest names there are', async () => {
    const [here, there] = [await makeFolder(os.tmpdir()), await makeFolder(OTHER_DISK)];
    const names = ['a', 'b', 'c'].map((letter) => letter.repeat(255));
    for (const name of names) await writeFile(path.join(here, name), name.repeat(10_000));
    await Promise.all(names.map((name) => moveNew(path.join(here, name), path.join(there, name))));
    for (const name of names) expect(await readFile(path.join(there, name), 'utf8')).toBe(name.repeat(10_000));
    expect([await readdir(here), (await readdir(there)).sort()]).toEqual([[], names]);
  });

  it('are not written through a link that has the name of the unproven copy', async () => {
    const [here, there] = [await makeFolder(os.tmpdir()), await makeFolder(OTHER_DISK)];
    const [from, to, victim] = [path.join(here, 'video'), path.join(there, 'video'), path.join(here, 'victim')];
    await writeFile(victim, 'of somebody else');
    await writeFile(from, 'video');
    await chmod(from, 0o640);
    await symlink(victim, tempCopyPath(to));
    await moveNew(from, to);
    expect([await readFile(to, 'utf8'), (await lstat(to)).mode & 0o777]).toEqual(['video', 0o640]);
    expect(await readFile(victim, 'utf8')).toBe('of somebody else');
  });
});
