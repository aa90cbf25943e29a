/** Grants while disks do not answer that hold all threads which libraries are asked by. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import { callWithTimeout, isSilence } from '../../fs/response-timeout.ts';
import { makeContext } from '../../test/support/context.ts';
import { until } from '../../test/support/wait.ts';
import { Dispatcher } from './dispatcher.ts';

/** A disk has a moment to answer. */
vi.hoisted(() => {
  process.env.FLOTILLA_TERMS = '10000,60000,300000,200,60000,50';
});

test('a library that cannot be asked is paused with the reason, and no worker waits for its videos', async () => {
  const { ctx, library, libraries, queue, video } = makeContext();
  await queue('one.mp4');
  await queue('two.mp4');
  const dispatcher = new Dispatcher(ctx, {
    members: () => [
      {
        ...{ id: 'a', name: 'a', local: false, mode: 'active', settings: WORKER_DEFAULTS },
        ...{ hello: null, addedAt: 0, seenAt: null },
      },
    ],
  });
  onTestFinished(() => dispatcher.stop());
  const held = Promise.withResolvers<void>();
  const dead = ['/dead', '/dead too'].map((folder) => callWithTimeout(folder, () => held.promise));
  expect((await Promise.allSettled(dead)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);

  expect(await dispatcher.lease('a', false)).toBe(null);
  const { paused } = libraries.get(library.id) ?? {};
  expect(paused).toBe('The folder /dead does not answer; is its disk or network share connected?');
  expect(isSilence(paused ?? '')).toBe(true);
  expect([video('one.mp4')?.state, video('two.mp4')?.state]).toEqual(['queued', 'queued']);

  held.resolve();
  await until(() => expect(isSilence(paused ?? '')).toBe(false));
  // A busy disk may take longer than the short limit of this test too.
  await until(async () => {
    libraries.setPaused(library.id, null);
    expect(await dispatcher.lease('a', false)).toMatchObject({ path: 'one.mp4' });
  });
});
