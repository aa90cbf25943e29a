/** Grants with a real database and real files. */
import { expect, it, onTestFinished } from 'vitest';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import { makeContext } from '../../test/support/context.ts';
import { Dispatcher } from './dispatcher.ts';

it('two videos that would get one name are not converted at a time', async () => {
  const { ctx, video, queue } = makeContext();
  for (const name of ['video.avi', 'video.mp4', 'other.mp4']) await queue(name);
  const members = ['a', 'b'].map((id) => ({
    ...{ id, name: id, local: false, mode: 'active' as const, settings: WORKER_DEFAULTS },
    ...{ hello: null, addedAt: 0, seenAt: null },
  }));
  const dispatcher = new Dispatcher(ctx, { members: () => members });
  onTestFinished(() => dispatcher.stop());
  const [first, second] = [await dispatcher.lease('a', false), await dispatcher.lease('b', false)];
  expect([first?.path, second?.path]).toEqual(['video.avi', 'other.mp4']);
  expect(video('video.mp4')).toMatchObject({
    state: 'blocked',
    reason: 'video.avi is being converted to video.mkv too; rename one of the two.',
  });
});
