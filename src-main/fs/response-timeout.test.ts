import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdReaders } from '../test/support/dead-disk.ts';
import { until } from '../test/support/wait.ts';
import { callWithTimeout, isUnresponsive, whileResponding } from './response-timeout.ts';

it('gives up a disk that does not answer, and asks it nothing more until it has', async () => {
  const held = Promise.withResolvers<string>();
  let asked = 0;
  const ask = (folder: string) =>
    callWithTimeout(
      folder,
      () => {
        asked += 1;
        return held.promise;
      },
      20,
    );
  await expect(ask('/dead')).rejects.toThrow('The folder /dead does not answer');
  await expect(ask('/dead')).rejects.toMatchObject({ code: 'node' });
  expect([asked, isUnresponsive('/dead'), isUnresponsive('/alive')]).toEqual([1, true, false]);
  expect(await callWithTimeout('/alive', async () => 'here', 20)).toBe('here');
  held.resolve('back');
  await until(() => expect(isUnresponsive('/dead')).toBe(false));
  expect(await ask('/dead')).toBe('back');
});

it('an unresponsive folder blocks at most one of four threads, and abandoned calls are never made', async () => {
  const held = Promise.withResolvers<void>();
  const asked: number[] = [];
  const ask = (n: number) =>
    callWithTimeout(
      '/slow',
      () => {
        asked.push(n);
        return held.promise;
      },
      20,
    );
  const answers = await Promise.allSettled([1, 2, 3].map(ask));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  held.resolve();
  await until(() => expect(isUnresponsive('/slow')).toBe(false));
  expect(asked).toEqual([1]);
});

it('waits for what takes long as long as the folder answers', async () => {
  const long = Promise.withResolvers<string>();
  // A second, as the folder is really looked at, and a busy computer needs its time for that.
  const work = whileResponding('/', long.promise, 1000);
  setTimeout(() => long.resolve('done'), 2500);
  expect(await work).toBe('done');
  // As on a disk that holds whoever looks at it.
  const held = Promise.withResolvers<void>();
  const never = new Promise<void>(() => undefined);
  callWithTimeout('/', () => held.promise, 10_000);
  await expect(whileResponding('/', never, 20)).rejects.toThrow('The folder / does not answer');
  held.resolve();
});

it('leaves threads to all that is not on such disks, however many do not answer', async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'flotilla-answered-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const dead = Array.from({ length: 6 }, (_, i) => path.join(home, `${i}`));
  for (const file of dead) holdReaders(file);
  const answers = await Promise.allSettled(dead.map((file) => callWithTimeout(file, () => readFile(file), 50)));
  expect(answers.map(({ status }) => status)).toEqual(dead.map(() => 'rejected'));
  expect((await stat(home)).isDirectory()).toBe(true);
  // One that is not to blame is not called dead, nor waited for without an end.
  await expect(callWithTimeout(home, () => stat(home), 50)).rejects.toThrow(/\/0 does not answer/);
  expect(isUnresponsive(home)).toBe(false);
});
