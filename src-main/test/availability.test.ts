/** Work that steps back for whoever uses the computer: real programs, whose ffmpeg stands still and goes on. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Output } from '../../src-shared/contract/index.ts';
import { DEFAULT_RULES } from '../../src-shared/fleet/availability.ts';
import { TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { slowEncodes } from './support/ffmpeg.ts';
import { probe } from './support/media-probe.ts';
import { join, lead, type Server, serve } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

/** Heartbeats, which are looks at the signals too, leases, and how long ffmpeg may be silent, in ms. */
const STALL_MS = 8000;
const TERMS = `150,20000,60000,300,${STALL_MS}`;

type Signals = { idleSeconds?: number; onBattery?: boolean; fullScreen?: boolean; cpuCelsius?: number };

/** Signals that a test gives, and a computer whose encodes take as long as the video. */
function makeComputer(first: Signals = {}) {
  const file = path.join(tempFolder(), 'signals.json');
  const tell = (signals: Signals) => {
    writeFileSync(`${file}.part`, JSON.stringify(signals));
    renameSync(`${file}.part`, file);
  };
  tell({ onBattery: false, ...first });
  const { env, pids } = slowEncodes();
  return { tell, pids, env: { ...env, FLOTILLA_SIGNALS: file, FLOTILLA_TERMS: TERMS } };
}

/** As the kernel says: S or R when it runs, T when it stands still. */
const stateOf = (pid: number) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/** Adds videos to a server; resolves when it looks after them. */
async function addVideos(server: Server, media: string, seconds: number[]): Promise<void> {
  for (const [i, length] of seconds.entries()) makeClip(path.join(media, `${i}.mp4`), { seconds: length });
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
}

const worker = async (server: Server, n = 0): Promise<Output<'worker.list'>[number]> => {
  const view = (await server.call('worker.list'))[n];
  if (!view) throw new Error('there is no such worker');
  return view;
};
const isState = (server: Server, state: string, n = 0) =>
  until(async () => expect((await worker(server, n)).state).toBe(state));
/** Resolves when an encode is under way; its process. */
async function encoding(server: Server, pids: () => number[], nth = 1): Promise<number> {
  await until(async () => {
    const { running } = await server.call('queue.summary');
    expect(running.map(({ progress }) => progress.stage)).toContain('encoding');
    expect(running.some(({ progress }) => (progress.frame ?? 0) > 0)).toBe(true);
    expect(pids()).toHaveLength(nth);
  });
  return pids().at(-1) ?? 0;
}
const isDone = (server: Server, count: number) =>
  until(async () => expect((await server.call('queue.summary')).counts).toMatchObject({ done: count, running: 0 }));
async function storyOf(server: Server, name: string) {
  const file = (await server.call('file.list')).find((view) => view.path === name);
  return (await server.call('file.get', { file: file?.id })).attempts;
}

const WITH_PROC = process.platform === 'linux';

// They wait more than they work.
describe.skipIf(!WITH_PROC)(
  'a conversion on a computer that its user needs (needs /proc)',
  { concurrent: true },
  () => {
    it('a conversion is suspended for longer than the stall limit, and ends with a valid result', async () => {
      const { tell, pids, env } = makeComputer();
      const { data, media } = makeHome();
      const server = await serve(data, TINY, { env });
      const began = performance.now();
      await addVideos(server, media, [7]);
      const pid = await encoding(server, pids);
      expect(stateOf(pid)).toMatch(/[RSD]/);
      tell({ onBattery: true });
      await isState(server, 'yielding');
      const held = performance.now();
      expect(await worker(server)).toMatchObject({ problem: 'Waiting: on battery.', running: [{ path: '0.mp4' }] });
      await until(() => expect(stateOf(pid)).toBe('T'));
      expect(await server.call('live.snapshot')).toMatchObject({ eta: null, paused: null });
      await until(() => expect(performance.now() - held).toBeGreaterThan(STALL_MS + 1500));
      expect(stateOf(pid)).toBe('T');
      const stood = performance.now() - held;
      tell({ onBattery: false });
      await isDone(server, 1);
      const all = performance.now() - began;
      expect(pids()).toEqual([pid]);
      expect(probe(path.join(media, '0.mkv')).streams[0]?.codec_name).toBe('av1');
      const [attempt, ...more] = await storyOf(server, '0.mkv');
      expect([attempt?.outcome, more]).toEqual(['done', []]);
      // The time that it stood counts for no stage, and so for no speed.
      const worked = Object.values(attempt?.stages ?? {}).reduce((sum, seconds) => sum + seconds, 0);
      expect(worked * 1000).toBeLessThan(all - stood);
      expect((await worker(server)).state).toBe('idle');
    });

    it('a conversion is finished first if the rules say so, and no other one starts', async () => {
      const { tell, pids, env } = makeComputer();
      const { data, media } = makeHome();
      const server = await serve(data, TINY, { env });
      const { id } = await worker(server);
      await server.call('worker.set', { worker: id, settings: { rules: { ...DEFAULT_RULES, running: 'finish' } } });
      await addVideos(server, media, [8, 1]);
      await encoding(server, pids);
      tell({ fullScreen: true });
      await until(async () =>
        expect(await worker(server)).toMatchObject({
          state: 'working',
          problem: 'Finishing current work, then pausing: full-screen app.',
        }),
      );
      await isDone(server, 1);
      expect(await worker(server)).toMatchObject({
        state: 'yielding',
        problem: 'Waiting: full-screen app.',
      });
      expect(pids()).toHaveLength(1);
      // Other rules count at once.
      await server.call('worker.set', { worker: id, settings: { rules: { ...DEFAULT_RULES, fullScreen: false } } });
      await isDone(server, 2);
    });

    it('a suspended conversion can be canceled, and ends with its node', async () => {
      const { tell, pids, env } = makeComputer();
      const { data, media } = makeHome();
      const server = await serve(data, TINY, { env });
      await addVideos(server, media, [40, 40]);
      const first = await encoding(server, pids);
      tell({ onBattery: true });
      await until(() => expect(stateOf(first)).toBe('T'));
      const [running] = (await server.call('queue.summary')).running;
      await server.call('file.cancel', { files: [running?.file] });
      await until(() => expect(isAlive(first)).toBe(false));
      tell({ onBattery: false });
      const second = await encoding(server, pids, 2);
      tell({ onBattery: true });
      await until(() => expect(stateOf(second)).toBe('T'));
      server.flotilla.kill('SIGTERM');
      expect((await server.flotilla.end()).code).toBe(0);
      expect(isAlive(second)).toBe(false);
    });

    it("a suspended ffmpeg doesn't outlive its node, or is cleaned up at the next start", async () => {
      const { tell, pids, env } = makeComputer();
      // Without this program the kernel is not asked to end children with their parent.
      const tools = tempFolder();
      writeFileSync(path.join(tools, 'setpriv'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const without = { ...env, PATH: `${tools}${path.delimiter}${env.PATH}` };
      const { data, media } = makeHome();
      const server = await serve(data, TINY, { env: without });
      await addVideos(server, media, [7]);
      const pid = await encoding(server, pids);
      tell({ onBattery: true });
      await until(() => expect(stateOf(pid)).toBe('T'));
      server.flotilla.kill('SIGKILL');
      await server.flotilla.end();
      expect(stateOf(pid)).toBe('T');
      const again = await serve(data, TINY, { env: without });
      await until(() => expect(isAlive(pid)).toBe(false));
      await isState(again, 'yielding');
      expect(pids()).toHaveLength(1);
      tell({ onBattery: false });
      await isDone(again, 1);
      expect((await storyOf(again, '0.mkv')).map(({ outcome }) => outcome)).toEqual(['interrupted', 'done']);
    });

    it('a worker without a screen suspends its conversion too, and the master says why', async () => {
      const { tell, pids, env } = makeComputer({ cpuCelsius: 50 });
      const { data, media } = makeHome();
      const nas = await lead(data, TINY, { env: { FLOTILLA_TERMS: TERMS } });
      await nas.call('worker.pause', { worker: 'nas' });
      const attic = await join(
        nas,
        { data: path.join(tempFolder(), 'data'), name: 'attic' },
        ['--rules', 'celsius=80,battery'],
        { env },
      );
      expect((await worker(nas, 1)).hello?.computer.senses).toEqual(['battery', 'celsius']);
      const rules = { ...DEFAULT_RULES, fullScreen: false, celsius: 80 };
      await until(async () => expect((await worker(nas, 1)).settings.rules).toEqual(rules));
      await addVideos(nas, media, [6]);
      const pid = await encoding(nas, pids);
      tell({ cpuCelsius: 90 });
      await isState(nas, 'yielding', 1);
      expect((await worker(nas, 1)).problem).toBe('Waiting: the CPU is too hot.');
      await until(() => expect(stateOf(pid)).toBe('T'));
      expect(attic.errors).toMatch(/Waiting: the CPU is too hot\./);
      tell({ cpuCelsius: 60 });
      await isDone(nas, 1);
      expect(pids()).toEqual([pid]);
    });
  },
);
