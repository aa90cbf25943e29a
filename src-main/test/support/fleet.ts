/** Masters and workers as real processes, for the tests of whole fleets. */
import path from 'node:path';
import { expect } from 'vitest';
import type { Output } from '../../../src-shared/contract/index.ts';
import type { Stage } from '../../../src-shared/jobs/lease.ts';
import { type Flotilla, type RunOptions, start, TINY } from './cli.ts';
import { makeClip } from './clips.ts';
import { join as joinServer, type LeadingServer, lead as leadServer } from './server.ts';
import { tempFolder } from './temp.ts';
import { until } from './wait.ts';

/** Heartbeats, leases and retries in a fraction of their time: beat, suspect, expire and retry in ms. */
const SHORT_TERMS = '200,3000,10000,500';

/** A master that leads. */
export interface Master extends LeadingServer {
  data: string;
  media: string;
}

/** Starts a master, where `lan` was before if that is given; its own worker is paused, so that others do the work. */
export async function lead(
  home: { data: string; media: string; lan?: string },
  options: RunOptions = {},
): Promise<Master> {
  const more = ['--testing', ...TINY, '--lan-port', home.lan?.split(':').at(-1) ?? '0', '--name', 'master'];
  const env = { FLOTILLA_TERMS: SHORT_TERMS, ...options.env };
  const server = await leadServer(home.data, more, { ...options, env });
  await server.call('worker.pause', { worker: 'master' });
  return { ...server, data: home.data, media: home.media };
}

/** A library of `count` videos of a second each, which the master then knows. */
export async function addVideos(master: Master, count: number, seconds = 1): Promise<string[]> {
  const names = Array.from({ length: count }, (_, n) => `video ${n + 1}.mkv`);
  for (const name of names) makeClip(path.join(master.media, name), { seconds });
  const { library } = await master.call('library.add', { path: master.media });
  await master.call('library.scan', { library: library.id });
  return names;
}

/** A worker's process and data folder. */
export interface Member {
  data: string;
  flotilla: Flotilla;
}

/** Starts a worker that is invited. */
export async function join(master: Master, name: string, options: RunOptions = {}): Promise<Member> {
  const data = path.join(tempFolder(), 'data');
  const env = { FLOTILLA_TERMS: SHORT_TERMS, ...options.env };
  return { data, flotilla: await joinServer(master, { data, name }, [], { ...options, env }) };
}

/** Starts a worker that the master knows. */
export function restartMember({ data }: Member, env: Record<string, string> = {}): Member {
  return {
    data,
    flotilla: start(['worker', '--data', data], { env: { FLOTILLA_TERMS: SHORT_TERMS, ...env } }),
  };
}

/** How the master sees a worker. */
export async function viewOf(master: Master, name: string): Promise<Output<'worker.list'>[number]> {
  const view = (await master.call('worker.list')).find((worker) => worker.name === name);
  if (!view) throw new Error(`there is no worker ${name}`);
  return view;
}

/** Resolves when a worker is in a stage of a video. */
export async function inStage(master: Master, name: string, stage: Stage): Promise<void> {
  await until(async () => {
    const { running } = await viewOf(master, name);
    const stages = running.map(({ progress }) => progress.stage);
    if (!stages.includes(stage)) throw new Error(`${name} is ${stages.join() || 'idle'}, not ${stage}`);
  });
}

/** Resolves when an encode of a worker is under way. @param slow what notes its process */
export async function encoding(master: Master, name: string, slow: { pids: () => number[] }): Promise<void> {
  await inStage(master, name, 'encoding');
  await until(() => expect(slow.pids()).not.toEqual([]));
}

/** Resolves when so many videos are done and none is left to do. */
export async function allDone(master: Master, count: number): Promise<void> {
  await until(async () => {
    const { counts, running } = await master.call('queue.summary');
    if (counts.done !== count || running.length > 0) throw new Error(JSON.stringify({ counts, running }));
  }, 100_000);
}

/** The story of each video: `worker outcome` for each attempt. */
export async function attemptHistories(master: Master): Promise<string[][]> {
  const files = await master.call('file.list');
  return Promise.all(
    files.map(async ({ id }) => {
      const { attempts } = await master.call('file.get', { file: id });
      return attempts.map(({ worker, outcome }) => `${worker} ${outcome}`);
    }),
  );
}
