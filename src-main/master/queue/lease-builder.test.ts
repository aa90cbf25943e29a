/** Grants with a real database and real files. */
import { expect, it, onTestFinished } from 'vitest';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { makeContext, PROBE } from '../../test/support/context.ts';
import type { MasterContext } from '../context.ts';
import { Dispatcher } from './dispatcher.ts';

/** What asks for work in a context. */
function makeDispatcher(ctx: MasterContext): Dispatcher {
  const members = ['a', 'b'].map((id) => ({
    ...{ id, name: id, local: false, mode: 'active' as const, settings: WORKER_DEFAULTS },
    ...{ hello: null, addedAt: 0, seenAt: null },
  }));
  const dispatcher = new Dispatcher(ctx, { members: () => members });
  onTestFinished(() => dispatcher.stop());
  return dispatcher;
}

it('two videos that would get one name are not converted at a time', async () => {
  const { ctx, video, queue } = makeContext();
  for (const name of ['video.avi', 'video.mp4', 'other.mp4']) await queue(name);
  const dispatcher = makeDispatcher(ctx);
  const [first, second] = [await dispatcher.lease('a', false), await dispatcher.lease('b', false)];
  expect([first?.path, second?.path]).toEqual(['video.avi', 'other.mp4']);
  expect(video('video.mp4')).toMatchObject({
    state: 'blocked',
    reason: 'video.avi is being converted to video.mkv too; rename one of the two.',
  });
});

it('a video that an older Flotilla analyzed is analyzed again before it is converted', async () => {
  const { ctx, files, video, queue } = makeContext();
  const [kept, lost] = [await queue('kept.mkv'), await queue('lost.mkv')];
  const { revision: _, ...old } = PROBE;
  for (const id of [kept, lost]) files.setProbe(id, files.get(id)?.hash ?? '', old);
  const probe = async (file: string): Promise<Probe> =>
    file.endsWith('lost.mkv') ? { ...PROBE, chapterFeatures: ['unlisted'] } : { ...PROBE, title: 'Seen now' };
  const dispatcher = makeDispatcher({ ...ctx, prober: { probe } as unknown as MasterContext['prober'] });
  expect(await dispatcher.lease('a', false)).toMatchObject({ path: 'kept.mkv', probe: { title: 'Seen now' } });
  expect(await dispatcher.lease('b', false)).toBeFalsy();
  expect(video('lost.mkv')).toMatchObject({ state: 'skipped', code: 'chapters' });
});
