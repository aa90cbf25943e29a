/** What a computer is to others changes while it runs: it begins to lead and ends it, joins a master and leaves it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { slowEncodes } from './support/ffmpeg.ts';
import { probe } from './support/media-probe.ts';
import { freePort, tryConnect } from './support/ports.ts';
import { type Server, serve } from './support/server.ts';
import { makeHome } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

const ENV = { FLOTILLA_TERMS: '150,20000,60000,300' };

const stateOf = (pid: number | undefined) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

it('a master opens its port only while it accepts workers; a worker joins, pauses, is configured, and leaves', async () => {
  const port = await freePort();
  const home = makeHome();
  const nas = await serve(home.data, ['--name', 'nas', '--lan-port', String(port), '--listen', '0.0.0.0', ...TINY], {
    env: ENV,
  });
  const encodes = slowEncodes();
  const attic = await serve(makeHome().data, ['--name', 'attic', ...TINY], { env: { ...ENV, ...encodes.env } });
  const viewOf = async () => (await nas.call('worker.list')).find(({ name }) => name === 'attic');
  const work = async () => (await attic.call('master.get'))?.work;
  const lead = (on: boolean, server: Server = nas) => server.call('settings.set', { values: { lead: on } });
  /** Resolves when the other computer is in the middle of an encode; its process. */
  const encoding = async (nth: number) => {
    await until(async () => {
      const [task] = (await work())?.running ?? [];
      expect([task?.path, task?.progress.stage, task?.worker]).toEqual(['video.mp4', 'encoding', 'attic']);
      expect(encodes.pids()).toHaveLength(nth);
    });
    return encodes.pids().at(-1) ?? 0;
  };

  expect(await tryConnect(port)).toBe('ECONNREFUSED');
  await lead(true);
  expect([await tryConnect(port), (await nas.call('hello')).lanPort]).toEqual(['open', port]);
  await nas.call('worker.pause', { worker: 'nas' });
  const { token } = await nas.call('invite.create');
  expect(await attic.call('master.get')).toBeNull();
  await attic.call('master.join', { address: `127.0.0.1:${port}`, token });
  await until(async () => expect((await viewOf())?.connected).toBe(true));
  await until(async () => expect((await work())?.page).toBe(`http://127.0.0.1:${new URL(nas.url).port}/`));

  makeClip(path.join(home.media, 'video.mp4'), { seconds: 20 });
  const { library } = await nas.call('library.add', { path: home.media });
  await nas.call('library.scan', { library: library.id });
  const first = await encoding(1);

  // Whoever pauses this computer means its work for others too, also after a restart of nothing but the pause.
  await attic.call('queue.pause', { now: true });
  await until(async () =>
    expect(await viewOf()).toMatchObject({ state: 'paused', problem: 'Paused on that computer.' }),
  );
  if (process.platform === 'linux') await until(() => expect(stateOf(first)).toBe('T'));
  await attic.call('queue.resume');
  await until(async () => expect((await viewOf())?.state).toBe('working'));

  const schedule = [{ days: [0, 1, 2, 3, 4, 5, 6], from: '00:00', to: '00:00' }];
  await attic.call('master.tune', { settings: { bandwidth: 5_000_000, schedule } });
  await until(async () => expect((await viewOf())?.settings).toMatchObject({ bandwidth: 5_000_000, schedule }));
  expect((await work())?.settings).toMatchObject({ bandwidth: 5_000_000, jobs: null });

  // No longer led, it is told to end what it does.
  await lead(false);
  expect(await tryConnect(port)).toBe('ECONNREFUSED');
  expect((await nas.call('queue.summary')).running).toEqual([]);
  expect((await nas.call('queue.summary')).counts.queued).toBe(1);
  await until(() => expect(isAlive(first)).toBe(false));
  await until(async () => expect((await attic.call('master.get'))?.state).toBe('offline'));

  // It comes back by itself, and gives its work back when it leaves.
  await lead(true);
  const second = await encoding(2);
  await attic.call('master.leave');
  expect(isAlive(second)).toBe(false);
  expect(await attic.call('master.get')).toBeNull();
  expect((await nas.call('queue.summary')).counts.queued).toBe(1);
  await until(async () => expect((await viewOf())?.state).toBe('offline'));
  await expect(attic.call('master.tune', { settings: { jobs: 2 } })).rejects.toThrow(/409.*doesn't work for a master/);

  await nas.call('worker.resume', { worker: 'nas' });
  await until(async () => expect((await nas.call('queue.summary')).counts.done).toBe(1));
  expect(probe(path.join(home.media, 'video.mkv')).streams[0]?.codec_name).toBe('av1');
  const { attempts } = await nas.call('file.get', { file: (await nas.call('file.list'))[0]?.id });
  expect(attempts.map(({ worker, outcome, reason }) => [worker, outcome, reason])).toEqual([
    ['attic', 'interrupted', 'attic was disconnected: the master stopped accepting workers.'],
    ['attic', 'released', null],
    ['nas', 'done', null],
  ]);
});
