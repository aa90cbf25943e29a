/** Looking into films while users and scans go on: what they say meanwhile counts. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { makeContext, PROBE } from '../test/context.ts';
import { Probing } from './probing.ts';

it('holds to what became of a film while it was looked into', async () => {
  const { ctx, at, film, find, files, jobs } = makeContext();
  const names = ['first', 'decided', 'skipped', 'forgotten', 'rewritten', 'removed', 'last'].map((n) => `${n}.mp4`);
  const ids = new Map(names.map((name) => [at(name), find(name)]));
  const id = (name: string) => ids.get(at(`${name}.mp4`)) ?? Number.NaN;
  const skip = (name: string) =>
    jobs.apply(id(name), 'skip', { code: 'user', reason: 'You chose to leave it as it is.' });
  const meanwhile = new Map<number, () => void>([
    [id('skipped'), () => skip('skipped')],
    [id('forgotten'), () => files.remove(id('forgotten'))],
    [
      id('removed'),
      () => {
        files.remove(id('removed'));
        throw new Error('ffprobe was killed');
      },
    ],
    [
      id('rewritten'),
      () => files.setVersion(id('rewritten'), { ...seen('rewritten'), version: '7:7', settles: Date.now() + 60_000 }),
    ],
  ]);
  const seen = (name: string) => {
    const row = files.get(id(name));
    if (!row) throw new Error(`${name} is gone`);
    const { path, inode, size, mtime } = row;
    return { path, inode, size, mtime };
  };
  const held = Promise.withResolvers<void>();
  ctx.prober = {
    probe: async (file: string) => {
      const wanted = ids.get(file) ?? Number.NaN;
      if (wanted === id('first')) await held.promise;
      meanwhile.get(wanted)?.();
      return PROBE;
    },
  } as unknown as typeof ctx.prober;
  const probing = new Probing(ctx);
  onTestFinished(() => probing.stop());
  const looked = probing.run();
  // It is known to be worth converting, and waits for its turn behind the first one.
  await vi.waitFor(() => expect(film('decided.mp4')?.probe).toBeTruthy());
  skip('decided');
  held.resolve();
  await looked;
  expect(names.map((name) => `${name} ${film(name)?.state}`)).toEqual([
    'first.mp4 queued',
    'decided.mp4 skipped',
    'skipped.mp4 skipped',
    'forgotten.mp4 undefined',
    'rewritten.mp4 found',
    'removed.mp4 undefined',
    'last.mp4 queued',
  ]);
  expect(film('rewritten.mp4')).toMatchObject({ version: '7:7', hash: null, probe: null });
  expect(film('skipped.mp4')).toMatchObject({ reason: 'You chose to leave it as it is.', probe: null });
});
