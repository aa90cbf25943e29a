/** Results of a library whose disk stops answering while they are checked: those of other libraries do not wait for it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { dieAt } from '../../test/support/dead-disk.ts';
import { CAN_MOUNT, NO_MOUNT } from '../../test/support/disk.ts';
import { makeIntake } from '../../test/support/intake.ts';
import { until } from '../../test/support/wait.ts';

/** A disk has four seconds to answer, and three when the program ends. */
vi.hoisted(() => {
  process.env.FLOTILLA_TERMS = '10000,60000,300000,200,60000,4000';
});

test.skipIf(!CAN_MOUNT)(`of others are taken in, and the end waits for none (${NO_MOUNT})`, async () => {
  const checks: string[] = [];
  let revive: () => void = () => undefined;
  // What hung goes on for a while once the disk answers.
  const lingering = Promise.withResolvers<void>();
  let [isOver, overlapped] = [false, false];
  const { dispatcher, intake, lease, deliver, root, libraries, library, queue, video, files, jobs } = await makeIntake(
    async ({ source }) => {
      checks.push(path.basename(source));
      if (checks.length === 1) {
        revive = await dieAt(path.dirname(source));
        await open(source).catch(() => undefined);
        await lingering.promise;
        isOver = true;
      } else if (source.endsWith('one.mp4')) overlapped ||= !isOver;
      return { ssim: 1, psnr: 50 };
    },
  );
  mkdirSync(`${root} elsewhere`);
  const elsewhere = libraries.insert(`${root} elsewhere`, true);
  const other = await queue('two.mp4', elsewhere);
  const [first, second] = [await lease('a'), await lease('b')];
  const refused = expect(deliver(first)).rejects.toMatchObject({ code: 'node', message: /does not answer/ });
  await until(() => expect(checks).toEqual(['one.mp4']));
  await deliver(second);
  await refused;
  expect(files.get(other)).toMatchObject({ state: 'done', path: 'two.mkv' });
  expect(libraries.get(library.id)?.paused).toMatch(/does not answer/);
  // Not even asked again.
  await expect(deliver(first)).rejects.toMatchObject({ code: 'node', message: /does not answer/ });
  expect(dispatcher.running).toMatchObject([{ task: first.task }]);

  revive();
  setTimeout(lingering.resolve, 1500);
  await until(() => deliver(first));
  expect(overlapped).toBe(false);
  expect([video('one.mkv')?.state, readFileSync(path.join(root, 'one.mkv'), 'utf8')]).toEqual(['done', 'small']);
  expect(jobs.attempts(1).map(({ outcome }) => outcome)).toEqual(['done']);

  libraries.setPaused(library.id, null);
  await queue('three.mp4');
  checks.length = 0;
  const third = deliver(await lease('a'));
  const ended = expect(third).rejects.toMatchObject({ code: 'node' });
  await until(() => expect(checks).toEqual(['three.mp4']));
  const began = performance.now();
  await Promise.all([intake.stop(), ended]);
  expect(performance.now() - began).toBeLessThan(6500);
});
