/** Results on their way in, with real files and a real database; only their checks take as long as the test wants. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Fault } from '../../../src-shared/util/errors.ts';
import { makeIntake } from '../../test/support/intake.ts';
import { asUser, root as isRoot } from '../../test/support/library.ts';
import { until } from '../../test/support/wait.ts';

it('ends the check of a video that is cancelled, and leaves alone who converts it next', async () => {
  const checking = Promise.withResolvers<void>();
  const { dispatcher, file, lease, deliver, jobs, files, root, attempts } = await makeIntake(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        checking.resolve();
      }),
  );
  const delivered = deliver(await lease('a'));
  await checking.promise;
  const credited = vi.spyOn(dispatcher.breaker, 'recordSuccess');
  const refused = expect(delivered).rejects.toThrow(expect.objectContaining({ code: 'fenced' }));
  dispatcher.cancel(file);
  jobs.apply(file, 'skip');
  const row = files.get(file);
  if (row) jobs.queue(row);
  const next = await lease('b');
  await refused;
  expect(dispatcher.running).toMatchObject([{ task: next.task, workerId: 'b' }]);
  expect(credited).not.toHaveBeenCalled();
  expect(readdirSync(root)).toEqual(['.flotilla', 'one.mp4']);
  expect(readdirSync(`${root}/.flotilla`)).toEqual(['owner.json']);
  expect(attempts().at(-1)).toEqual(['B', null, null]);
});

it('checks as many results at a time as it has processors for, and the end waits for all of them', async () => {
  const [checking, stopped]: [string[], string[]] = [[], []];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const { intake, lease, deliver, queue, video } = await makeIntake(
    async ({ source, signal }) => {
      const name = path.basename(source);
      const gate = Promise.withResolvers<void>();
      gates.set(name, gate);
      checking.push(name);
      // An ffmpeg takes a moment to end.
      const end = () => {
        stopped.push(name);
        gate.reject(signal?.reason);
      };
      signal?.addEventListener('abort', () => setTimeout(end, 50), { once: true });
      await gate.promise;
      return { ssim: 1, psnr: 50 };
    },
    { checks: 2 },
  );
  for (const name of ['two.mp4', 'three.mp4']) await queue(name);
  const leases = [await lease('a'), await lease('a'), await lease('b')];
  const ended = Promise.allSettled(leases.map((of) => deliver(of)));
  await until(() => expect(checking).toHaveLength(2));
  const [first = '', second = ''] = checking;
  gates.get(second)?.resolve();
  await until(() => expect(checking).toHaveLength(3));
  expect(video(second.replace('mp4', 'mkv'))?.state).toBe('done');
  expect(video(first)?.state).toBe('running');

  await intake.stop();
  expect(stopped).toEqual(expect.arrayContaining(checking.filter((name) => name !== second)));
  const refused = (await ended).filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(2);
  expect(video(first)?.state).toBe('running');
});

describe('a result that cannot be checked', () => {
  it('is checked once more and then refused, and its computer does not make it again', async () => {
    let checks = 0;
    const { dispatcher, lease, deliverOn, video, attempts } = await makeIntake(async () => {
      checks += 1;
      throw new Fault('conflict', 'its packets could not be read to the end in time.');
    });
    const reason = "Couldn't verify the result: its packets could not be read to the end in time.";
    expect(await deliverOn(await lease('a'))).toEqual([reason]);
    expect([checks, attempts()]).toEqual([2, [['A', 'failed', reason]]]);
    expect(video('one.mp4')).toMatchObject({ state: 'failed', reason });
    expect(dispatcher.running).toEqual([]);
  });

  it('for a fault of this computer is kept and checked again, not encoded, and its video is blocked in the end', async () => {
    let checks = 0;
    const { lease, deliverOn, video, jobs, root, attempts } = await makeIntake(async () => {
      checks += 1;
      throw new Fault('node', 'ffmpeg was killed while it checked a result.');
    });
    const why = "Couldn't verify the result: ffmpeg was killed while it checked a result.";
    expect(await deliverOn(await lease('a'))).toEqual([why]);
    const reason = `${why} Tried 6 times. Fix this, then retry.`;
    expect([checks, attempts()]).toEqual([6, [['A', 'blocked', reason]]]);
    expect(video('one.mp4')).toMatchObject({ state: 'blocked', code: 'not-checked', reason });
    expect(jobs.get(1)?.attempts).toBe(0);
    expect(readdirSync(root)).toEqual(['.flotilla', 'one.mp4']);
  });

  it('in the end can be: it is put in place without having been encoded twice', async () => {
    let checks = 0;
    const { lease, deliverOn, video, attempts } = await makeIntake(async () => {
      checks += 1;
      if (checks < 4) throw Object.assign(new Error('read'), { code: 'EIO', errno: -5, syscall: 'read' });
      return { ssim: 1, psnr: 50 };
    });
    await deliverOn(await lease('a'));
    expect([checks, attempts(), video('one.mkv')?.state]).toEqual([4, [['A', 'done', null]], 'done']);
  });

  it('because Flotilla itself ends each time blocks its video, over all restarts', async () => {
    const { jobs, lease, deliver, video } = await makeIntake(async () => ({ ssim: 1, psnr: 50 }));
    const of = await lease('a');
    for (let crash = 0; crash < 6; crash++) jobs.tries.begin(1, of.epoch);
    await deliver(of);
    expect(video('one.mp4')).toMatchObject({ state: 'blocked', reason: /Flotilla stopped unexpectedly each time/ });
  });

  it('while its library cannot be reached costs no try', async () => {
    const { lease, deliver, jobs, root, libraries, library, video } = await makeIntake(async () => ({
      ssim: 1,
      psnr: 50,
    }));
    const of = await lease('a');
    renameSync(root, `${root}-away`);
    for (let n = 0; n < 10; n++) await expect(deliver(of)).rejects.toMatchObject({ code: 'node' });
    expect(libraries.get(library.id)?.paused).toMatch(/cannot be read/);
    renameSync(`${root}-away`, root);
    expect(jobs.tries.begin(1, of.epoch)).toBe(1);
    await deliver(of);
    expect(video('one.mkv')?.state).toBe('done');
  });

  it('because its original is gone is given back, after another look', async () => {
    const { lease, deliverOn, at, video, attempts } = await makeIntake(async () => ({ ssim: 1, psnr: 50 }));
    const of = await lease('a');
    rmSync(at('one.mp4'));
    expect(await deliverOn(of)).toEqual([`${at('one.mp4')} no longer exists.`]);
    expect([attempts().at(-1)?.[1], video('one.mp4')?.state]).toEqual(['released', 'queued']);
  });
});

it.skipIf(!isRoot || process.platform !== 'linux')(
  'keeps a result that may not be stored where its original lies (needs root on Linux)',
  async () => {
    const { intake, lease, deliverOn, root, video, attempts } = await makeIntake(async () => ({ ssim: 1, psnr: 50 }));
    const of = await lease('a');
    mkdirSync(`${root}/.flotilla/vault`);
    for (const place of ['..', '.', '.flotilla', '.flotilla/vault'])
      chmodSync(path.join(root, place), place.startsWith('.flotilla') ? 0o777 : 0o755);
    writeFileSync(`${root}.mkv`, 'small');
    const told = { file: `${root}.mkv`, decodedFrames: [], captionLines: 0, damaged: false, log: '' };
    await expect(asUser(12345, () => intake.accept(of, told))).rejects.toMatchObject({
      code: 'node',
      message: `Couldn't save a result in ${root}: Flotilla isn't allowed to write there. Fix this; Flotilla retries automatically.`,
    });
    expect(readFileSync(`${root}.mkv`, 'utf8')).toBe('small');
    await deliverOn(of);
    expect([attempts(), video('one.mkv')?.state]).toEqual([[['A', 'done', null]], 'done']);
  },
);

describe('a proven result', () => {
  it('that cannot be noted is kept while the disk of the database is full, and put in place without another encode', async () => {
    let checks = 0;
    const { db, lease, deliver, deliverOn, video, attempts, swaps, root } = await makeIntake(async () => {
      checks += 1;
      if (checks === 1) db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
      return { ssim: 1, psnr: 50 };
    });
    const of = await lease('a');
    // Its log needs room.
    const log = 'x'.repeat(100_000);
    await expect(deliver(of, log)).rejects.toMatchObject({
      code: 'node',
      message: "Couldn't save a result: the disk of the database is full. Fix this; Flotilla retries automatically.",
    });
    expect([video('one.mp4')?.state, swaps.all(), readdirSync(root)]).toEqual([
      'running',
      [],
      ['.flotilla', 'one.mp4'],
    ]);
    db.pragma('max_page_count = 1000000');
    await deliverOn(of, log);
    expect([attempts(), video('one.mkv')?.state]).toEqual([[['A', 'done', null]], 'done']);
  });

  it('is wanted again where not even that can be noted', async () => {
    let checks = 0;
    const { db, jobs, lease, deliver, deliverOn, video, attempts } = await makeIntake(async () => {
      checks += 1;
      // Whatever is written from here on fails.
      if (checks === 1) db.pragma('query_only = 1');
      return { ssim: 1, psnr: 50 };
    });
    const of = await lease('a');
    for (let n = 0; n < 2; n++) await expect(deliver(of)).rejects.toMatchObject({ code: 'node' });
    db.pragma('query_only = 0');
    expect(jobs.task(of.task)?.state).toBe('delivered');
    await deliverOn(of);
    expect([checks, attempts(), video('one.mkv')?.state]).toEqual([2, [['A', 'done', null]], 'done']);
  });

  it.each([
    { what: 'is missing', spoil: (result: string) => rmSync(result) },
    { what: 'is another file', spoil: (result: string) => writeFileSync(result, 'other') },
  ])('that $what before it could be put in place is taken from its worker again', async ({ spoil }) => {
    let checks = 0;
    const { at, lease, deliverOn, video, attempts } = await makeIntake(async ({ result }) => {
      checks += 1;
      if (checks === 1) spoil(result);
      return { ssim: 1, psnr: 50 };
    });
    const told = await deliverOn(await lease('a'));
    expect(told).toEqual([expect.stringMatching(/Couldn.t save the result: .* is missing$/)]);
    expect([checks, attempts(), video('one.mkv')?.state]).toEqual([2, [['A', 'done', null]], 'done']);
    expect(readFileSync(at('one.mkv'), 'utf8')).toBe('small');
  });
});

it('wants a result again whose check was ended although its lease is in force', async () => {
  const checking = Promise.withResolvers<void>();
  const { dispatcher, lease, deliver, video } = await makeIntake(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        checking.resolve();
      }),
  );
  const grant = await lease('a');
  const delivered = deliver(grant);
  await checking.promise;
  dispatcher.release(grant);
  await expect(delivered).rejects.toThrow(expect.objectContaining({ code: 'node' }));
  expect(video('one.mp4')?.state).toBe('running');
  expect(dispatcher.claim(grant).requireHeld()).toMatchObject({ state: 'leased', worker: 'a' });
});
