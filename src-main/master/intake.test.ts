/** Results on their way in, with real files and a real database; only their checks take as long as the test wants. */
import { readdirSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Fault } from '../../src-shared/errors.ts';
import type { Lease } from '../../src-shared/lease.ts';
import { WORKER_DEFAULTS } from '../../src-shared/worker-info.ts';
import { Brake } from '../media/process.ts';
import type { Verifier } from '../media/verify.ts';
import { makeContext } from '../test/context.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Member } from './fleet.ts';
import { Intake } from './intake.ts';
import { Swapper } from './swap.ts';
import { Vault } from './vault.ts';

/** A film in the hands of the worker `a`, and how it delivers its result. */
async function makeIntake(verify: Verifier['verify']) {
  const context = makeContext();
  const { ctx, root, queue } = context;
  ctx.verifier = { verify } as Verifier;
  const [swapper, vault] = [new Swapper(context.vaultParts), new Vault(context.vaultParts)];
  const member = (id: string): Member => ({
    ...{ id, name: id.toUpperCase(), local: false, mode: 'active', settings: WORKER_DEFAULTS },
    ...{ hello: null, addedAt: 0, seenAt: null },
  });
  const dispatcher = new Dispatcher(ctx, { members: () => ['a', 'b'].map(member) });
  onTestFinished(() => dispatcher.stop());
  const intake = new Intake(ctx, { dispatcher, swapper, vault, brake: new Brake() });
  const file = await queue('one.mp4');
  const lease = async (worker: string): Promise<Lease> => {
    const grant = await dispatcher.lease(worker, false);
    if (!grant) throw new Error('there is no work');
    return { task: grant.task, epoch: grant.epoch };
  };
  const deliver = (of: Lease) => {
    const result = `${root}-${of.epoch}.mkv`;
    writeFileSync(result, 'small');
    return intake.accept(of, { file: result, decodedFrames: [], captionLines: 0, damaged: false, log: '' });
  };
  const attempts = () => context.jobs.attempts(file).map(({ worker, outcome, reason }) => [worker, outcome, reason]);
  return { ...context, dispatcher, file, lease, deliver, attempts };
}

it('ends the check of a film that is cancelled, and leaves alone who converts it next', async () => {
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
  const credited = vi.spyOn(dispatcher, 'didWell');
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

it('takes a result that cannot be checked for a failed attempt', async () => {
  const { dispatcher, lease, deliver, film, attempts } = await makeIntake(async () => {
    throw new Fault('conflict', 'its packets could not be read to the end in time.');
  });
  for (let n = 0; n < 3; n++) {
    await deliver(await lease('a'));
    dispatcher.trials.ended('a', null);
  }
  const reason = 'The result could not be checked: its packets could not be read to the end in time.';
  expect(attempts()).toEqual(Array.from({ length: 3 }, () => ['A', 'failed', reason]));
  expect(film('one.mp4')).toMatchObject({ state: 'failed', reason });
});

it('wants a result again whose check was ended although its lease is in force', async () => {
  const checking = Promise.withResolvers<void>();
  const { dispatcher, lease, deliver, film } = await makeIntake(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        checking.resolve();
      }),
  );
  const grant = await lease('a');
  const delivered = deliver(grant);
  await checking.promise;
  dispatcher.drop(grant);
  await expect(delivered).rejects.toThrow(expect.objectContaining({ code: 'node' }));
  expect(film('one.mp4')?.state).toBe('running');
  expect(dispatcher.take(grant)).toMatchObject({ state: 'leased', worker: 'a' });
});
