/** Looking into videos while users and scans go on: what they say meanwhile counts. */
import { expect, it, onTestFinished } from 'vitest';
import { ProcessManager } from '../../media/ffmpeg/process-manager.ts';
import { Prober } from '../../media/probe/ffprobe.ts';
import { makeContext, PROBE } from '../../test/support/context.ts';
import { which, wrap } from '../../test/support/ffmpeg.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { until } from '../../test/support/wait.ts';
import { ProbeQueue } from './probe-queue.ts';

it('the analysis of a video does not overwrite a state that changed in the meantime', async () => {
  const { ctx, at, video, find, files, jobs } = makeContext();
  const names = ['first', 'decided', 'skipped', 'forgotten', 'rewritten', 'removed', 'last'].map((n) => `${n}.mp4`);
  const ids = new Map(names.map((name) => [at(name), find(name)]));
  const id = (name: string) => ids.get(at(`${name}.mp4`)) ?? Number.NaN;
  const skip = (name: string) => jobs.apply(id(name), 'skip', { code: 'user', reason: 'Skipped by you.' });
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
  const probing = new ProbeQueue(ctx);
  onTestFinished(() => probing.stop());
  const looked = probing.run();
  // It is known to be worth converting, and waits for its turn behind the first one.
  await until(() => expect(video('decided.mp4')?.probe).toBeTruthy());
  skip('decided');
  held.resolve();
  await looked;
  expect(names.map((name) => `${name} ${video(name)?.state}`)).toEqual([
    'first.mp4 queued',
    'decided.mp4 skipped',
    'skipped.mp4 skipped',
    'forgotten.mp4 undefined',
    'rewritten.mp4 found',
    'removed.mp4 undefined',
    'last.mp4 queued',
  ]);
  expect(video('rewritten.mp4')).toMatchObject({ version: '7:7', hash: null, probe: null });
  expect(video('skipped.mp4')).toMatchObject({ reason: 'Skipped by you.', probe: null });
});

it('takes an ffprobe that waits for its disk for no verdict, and asks again at the next scan', async () => {
  const { ctx, video, find, files } = makeContext();
  find('video.mp4');
  const { PATH } = wrap('ffprobe', 'exec sleep 60');
  const tools = { ffmpeg: which('ffmpeg'), ffprobe: which('ffprobe', PATH) };
  ctx.prober = new Prober(await ProcessManager.create(tempFolder()), tools, ctx.caps, 200);
  const probing = new ProbeQueue(ctx);
  onTestFinished(() => probing.stop());
  await probing.run();
  const reason = expect.stringMatching(/^Couldn.t analyze the file \(ffprobe got no answer in 0\.2 seconds/);
  expect(video('video.mp4')).toMatchObject({ state: 'blocked', code: 'not-probed', reason });
  expect(files.blocked({ library: video('video.mp4')?.library ?? 0, prefix: '' }).map(({ path }) => path)).toEqual([
    'video.mp4',
  ]);
});
