/** The worker against a master and an encoder that a test plays itself; its temporary files are real. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Caller, CONTRACT } from '../../src-shared/contract/index.ts';
import { WORKER_DEFAULTS } from '../../src-shared/fleet/worker-info.ts';
import type { Grant, Lease, Orders } from '../../src-shared/jobs/lease.ts';
import type { Probe, VideoStream } from '../../src-shared/media/probe.ts';
import { DEFAULT_TABLES } from '../../src-shared/media/quality.ts';
import { makePlan } from '../../src-shared/plan/plan.ts';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import { DiskSpace } from '../fs/disk-space.ts';
import type { DisturbanceSignals } from '../platform/activity-types.ts';
import { encoderThreads } from '../platform/processors.ts';
import { until } from '../test/support/wait.ts';
import type { Conversion, Converter, ConverterWork } from './encode/converter.ts';
import { Workspace } from './task/workspace.ts';
import type { Transfer } from './transfer/transfer.ts';
import { Worker } from './worker.ts';

const PROBE: Probe = {
  format: 'matroska,webm',
  streams: [{ index: 0, type: 'video', codec: 'h264', width: 640, height: 360, pixelFormat: 'yuv420p', frameRate: 24 }],
  chapters: 0,
};

function makeGrant(probe = PROBE): Grant {
  const plan = makePlan(probe, resolveSettings({ flags: { dynamicHdr: 'base-layer' } }).values, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  return {
    ...{ task: 1, epoch: 1, file: 1, library: 1, path: 'video.mkv', size: 1000, version: 'v', uselessAt: 1000 },
    ...{ plan, probe, priority: { nice: 0, ionice: 0 }, convertDamaged: false },
  };
}
const GRANT = makeGrant();

interface Encode {
  grant: Grant;
  work: ConverterWork;
  /** Ends it with a result, or otherwise. */
  end: (conversion?: Conversion) => void;
}

/** A folder, a master that has `tasks` to give, and an encoder whose encodes end when the test says so. */
function makeStage({ tasks = 0, ahead = 0, keeps = true } = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-worker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const temp = path.join(folder, 'temp');
  const stage = {
    grant: GRANT,
    calls: [] as { name: string; input: unknown }[],
    encodes: [] as Encode[],
    delivered: [] as number[],
    /** Where false, no result gets through. */
    delivers: true,
    /** Where false, originals can no longer be read. */
    holds: true,
    orders: { settings: WORKER_DEFAULTS, mode: 'active', prove: false } as Orders,
    /** Videos whose originals do not come, or are not looked into, before the test lets them. */
    slow: new Map<string, PromiseWithResolvers<void>>(),
    asked: [] as string[],
    /** Why no result can be taken at present. */
    full: undefined as Fault | undefined,
    problem: null as string | null,
    load: undefined as Promise<void> | undefined,
    worker: undefined as Worker | undefined,
    workspace: undefined as Workspace | undefined,
    lost: [] as Lease[],
    /** Where set, every call and delivery fails with it. */
    cut: undefined as Fault | undefined,
    faults: [] as unknown[],
    told: [] as Orders[],
    left: tasks,
    signals: {} as DisturbanceSignals,
    /** How long the master takes for an answer, in ms. */
    answersIn: 0,
    unanswered: 0,
    mostUnanswered: 0,
    temp,
    folders: () => (existsSync(temp) ? readdirSync(temp).sort() : []),
    called: (name: string) => stage.calls.filter((call) => call.name === name).map(({ input }) => input),
    warnings: [] as string[],
    reopen: async () => {
      const workspace = new Workspace({
        folder: temp,
        space: new DiskSpace(),
        memory: path.join(folder, 'temp-folders.json'),
        warn: (text) => stage.warnings.push(text),
      });
      await workspace.recover();
      return workspace;
    },
    start,
  };
  let next = 1;
  const call = (async (name: string, input: { ahead?: boolean }) => {
    stage.calls.push({ name, input });
    if (name === 'job.beat') {
      stage.unanswered += 1;
      stage.mostUnanswered = Math.max(stage.mostUnanswered, stage.unanswered);
      await delay(stage.answersIn);
      stage.unanswered -= 1;
    }
    if (stage.cut) throw stage.cut;
    if (name === 'job.attach' || name === 'job.beat') return { ...stage.orders, lost: stage.lost };
    if (name !== 'job.lease') return {};
    if (stage.left === 0) return null;
    stage.left -= 1;
    return { ...stage.grant, task: next++ };
  }) as Caller;
  const converter = {
    prepare: async ({ task }: Grant) => stage.slow.get(`prepare ${task}`)?.promise,
    test: async () => stage.problem,
    convert: (grant: Grant, _source: string, work: ConverterWork) => {
      const ended = Promise.withResolvers<Conversion>();
      const file = path.join(work.folder, 'result.mkv');
      const result = { kind: 'result', file, damaged: false, log: 'log' } as const;
      const end = (conversion: Conversion = { ...result, decodedFrames: [1], captionLines: 0 }) => {
        if (conversion.kind === 'result') writeFileSync(file, `result of ${grant.task}`);
        ended.resolve(conversion);
      };
      work.signal.addEventListener('abort', () => ended.resolve({ kind: 'released' }));
      stage.encodes.push({ grant, work, end });
      return ended.promise;
    },
  } as unknown as Converter;
  const transfer: Transfer = {
    ahead,
    limit: () => undefined,
    holds: async () => stage.holds,
    needs: async () => 0,
    source: async ({ task }) => {
      stage.asked.push(`source ${task}`);
      await stage.slow.get(`source ${task}`)?.promise;
      return '/video.mkv';
    },
    deliver: async ({ task }) => {
      if (stage.full) throw stage.full;
      if (stage.cut || !stage.delivers) throw stage.cut ?? CUT;
      stage.delivered.push(task);
    },
  };
  async function start(jobs = 1): Promise<Worker> {
    const workspace = await stage.reopen();
    stage.workspace = workspace;
    const onFault = (error: unknown) => void stage.faults.push(error);
    const onOrders = (orders: Orders) => void stage.told.push(orders);
    const worker = new Worker({
      signals: stage.signals,
      pace: { tick: 5, rest: 5, clear: 20, hot: 20 },
      load: async () => {
        await stage.load;
        return { cpu: 0, memoryFree: 0, tempFree: 0, tempTotal: 0 };
      },
      call,
      transfer,
      converter,
      workspace,
      keeps,
      jobs,
      processors: () => 3,
      onFault,
      onOrders,
      beatMs: 5,
    });
    onTestFinished(() => worker.stop());
    stage.worker = worker;
    await worker.start();
    return worker;
  }
  return stage;
}

const settled = (check: () => void) => until(check);
const CUT = new Fault('node', 'The master cannot be reached.');

describe('a worker', () => {
  it('holds as many videos as it may, asks on when one is done, and after a no only on a hint', async () => {
    const stage = makeStage({ tasks: 3 });
    const worker = await stage.start(2);
    await settled(() => expect(stage.encodes.map(({ grant }) => grant.task)).toEqual([1, 2]));
    stage.encodes[0]?.end();
    await settled(() => expect(stage.encodes.map(({ grant }) => grant.task)).toEqual([1, 2, 3]));
    stage.encodes[1]?.end();
    stage.encodes[2]?.end();
    await settled(() => expect(stage.delivered.sort()).toEqual([1, 2, 3]));
    await settled(() => expect(stage.called('job.beat').at(-1)).toMatchObject({ held: [] }));
    const asked = stage.called('job.lease').length;
    const beats = stage.called('job.beat').length;
    await settled(() => expect(stage.called('job.beat').length).toBeGreaterThan(beats + 2));
    expect(stage.called('job.lease')).toHaveLength(asked);
    stage.left = 1;
    worker.wake();
    await settled(() => expect(stage.encodes).toHaveLength(4));
  });

  it('shares its cores among the videos that it encodes at a time', async () => {
    const stage = makeStage({ tasks: 2 });
    await stage.start(2);
    await settled(() => expect(stage.encodes).toHaveLength(2));
    const threads = encoderThreads(2);
    expect(stage.encodes.map(({ work }) => work.threads)).toEqual([threads, threads]);
    const alone = makeStage({ tasks: 1 });
    await alone.start();
    await settled(() => expect(alone.encodes.map(({ work }) => work.threads)).toEqual([encoderThreads(1)]));
  });

  it('wants room for two results where the pictures are encoded apart, as for a base layer', async () => {
    const [video] = PROBE.streams;
    const dolbyVision = { profile: 7, compatibility: 6 };
    const colour = { transfer: 'smpte2084', primaries: 'bt2020', matrix: 'bt2020nc' };
    const apart = makeGrant({ ...PROBE, streams: [{ ...(video as VideoStream), dolbyVision, colour }] });
    const { bavail, bsize } = statfsSync(os.tmpdir());
    const uselessAt = Math.round(bavail * bsize * 0.6);
    const [once, twice] = [makeStage({ tasks: 1 }), makeStage({ tasks: 1 })];
    once.grant = { ...GRANT, uselessAt };
    twice.grant = { ...apart, uselessAt };
    await once.start();
    await settled(() => expect(once.encodes).toHaveLength(1));
    await twice.start();
    const outcome = {
      kind: 'node',
      reason: expect.stringMatching(/^The temporary folder .* free, but the next video/),
    };
    await settled(() => expect(twice.called('job.finish')).toMatchObject([{ outcome }]));
    expect(twice.encodes).toEqual([]);
  });

  it('takes one video ahead where videos travel, and encodes it when the other is done', async () => {
    const stage = makeStage({ tasks: 5, ahead: 2 });
    await stage.start();
    await settled(() => expect(stage.called('job.lease')).toEqual([{ ahead: false }, { ahead: true }]));
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.encodes[0]?.end();
    // Whichever was there first.
    await settled(() => expect(stage.encodes.map(({ grant }) => grant.task).sort()).toEqual([1, 2]));
    await settled(() => expect(stage.called('job.lease')).toHaveLength(3));
  });

  it('obeys its master: paused, draining, at other hours or with more jobs', async () => {
    const stage = makeStage({ tasks: 9 });
    stage.orders = { ...stage.orders, mode: 'paused' };
    const worker = await stage.start();
    worker.wake();
    worker.applyConfig({ ...stage.orders, mode: 'draining' });
    expect(stage.called('job.lease')).toEqual([]);
    const never = [{ days: [(new Date().getDay() + 3) % 7], from: '00:00', to: '00:01' }];
    worker.applyConfig({ ...stage.orders, mode: 'active', settings: { ...WORKER_DEFAULTS, schedule: never } });
    expect(stage.called('job.lease')).toEqual([]);
    stage.orders = { mode: 'active', settings: { ...WORKER_DEFAULTS, jobs: 64 }, prove: false };
    // As many as it has processors.
    await settled(() => expect(stage.encodes).toHaveLength(3));
    expect(stage.told.at(-1)).toEqual(stage.orders);
  });

  it('takes no work while it would disturb the user, suspends its jobs, and reports the reason to its master', async () => {
    const stage = makeStage({ tasks: 9 });
    let battery = true;
    stage.signals = { onBattery: () => battery };
    const worker = await stage.start();
    await settled(() =>
      expect(stage.called('job.beat').at(-1)).toMatchObject({ yielding: { cause: 'battery', held: true } }),
    );
    expect(stage.called('job.lease')).toEqual([]);
    battery = false;
    await settled(() => expect(stage.encodes).toHaveLength(1));
    await settled(() => expect(stage.called('job.beat').at(-1)).toMatchObject({ yielding: null }));
    // Its clock stands still as long as it is held.
    const { brake } = stage.encodes[0]?.work ?? {};
    const stands = () => {
      const then = brake?.now();
      return brake?.now() === then;
    };
    await settled(() => expect(stands()).toBe(false));
    battery = true;
    await settled(() => expect(stands()).toBe(true));
    const finish = { idleMinutes: null, battery: true, fullScreen: false, celsius: null, running: 'finish' } as const;
    stage.orders = { mode: 'active', settings: { ...WORKER_DEFAULTS, rules: finish }, prove: false };
    await settled(() => expect(stands()).toBe(false));
    expect(worker.yielding).toEqual({ cause: 'battery', held: false });
    stage.encodes[0]?.end();
    await settled(() => expect(stage.delivered).toEqual([1]));
    await settled(() => expect(stage.called('job.beat').at(-1)).toMatchObject({ held: [] }));
    expect(stage.encodes).toHaveLength(1);
    battery = false;
    await settled(() => expect(stage.encodes).toHaveLength(2));
    worker.pause({ held: true });
    expect(worker.yielding).toEqual({ cause: 'user', held: true });
  });

  it('asks for nothing before the master knows what it holds', async () => {
    const stage = makeStage({ tasks: 1 });
    stage.cut = CUT;
    const worker = await stage.start();
    worker.wake();
    expect(stage.called('job.lease')).toEqual([]);
    stage.cut = undefined;
    await worker.onConnected();
    await settled(() => expect(stage.encodes).toHaveLength(1));
  });

  it('continues its encode while disconnected, and reports it when it reconnects', async () => {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.cut = CUT;
    worker.onDisconnected();
    stage.encodes[0]?.work.report({ stage: 'encoding', share: 0.5 });
    await settled(() => expect(stage.faults.length).toBeGreaterThan(2));
    expect(stage.encodes[0]?.work.signal.aborted).toBe(false);
    stage.encodes[0]?.end();
    await settled(() => expect(stage.folders()).toEqual(['1-1']));
    stage.cut = undefined;
    await worker.onConnected();
    expect(stage.called('job.attach').at(-1)).toMatchObject({ held: [{ task: 1, epoch: 1 }] });
    await settled(() => expect(stage.delivered).toEqual([1]));
    await settled(() => expect(stage.folders()).toEqual([]));
  });

  it('says what it holds one word at a time, although the master answers slower than it beats', async () => {
    const stage = makeStage();
    stage.answersIn = 30;
    await stage.start();
    await settled(() => expect(stage.called('job.beat').length).toBeGreaterThan(3));
    expect(stage.mostUnanswered).toBe(1);
  });

  it('gives an outcome back as often as it takes, and holds the task until then', async () => {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.cut = CUT;
    worker.onDisconnected();
    stage.encodes[0]?.end({ kind: 'failed', reason: 'no', log: '' });
    await settled(() => expect(stage.called('job.finish')).toHaveLength(1));
    stage.cut = undefined;
    await worker.onConnected();
    expect(stage.called('job.attach').at(-1)).toMatchObject({ held: [{ task: 1, epoch: 1 }] });
    await settled(() =>
      expect(stage.called('job.finish').at(-1)).toMatchObject({ task: 1, epoch: 1, outcome: { kind: 'failed' } }),
    );
    await settled(() => expect(stage.called('job.beat').at(-1)).toMatchObject({ held: [] }));
    expect(stage.called('job.finish')).toHaveLength(2);
  });

  it('does not blame a video for storage that went away under it', async () => {
    const stage = makeStage({ tasks: 4 });
    await stage.start();
    const cut: Conversion[] = [
      { kind: 'skip', code: 'damaged', reason: 'The file is cut off.' },
      { kind: 'failed', reason: 'No such file', log: '' },
      { kind: 'result', file: '', decodedFrames: [1], captionLines: 0, damaged: true, log: '' },
    ];
    for (const [n, conversion] of cut.entries()) {
      await settled(() => expect(stage.encodes).toHaveLength(n + 1));
      stage.holds = false;
      stage.encodes[n]?.end(conversion);
      await settled(() => expect(stage.called('job.finish')).toHaveLength(n + 1));
      const reason = expect.stringMatching(/^\/video\.mkv can no longer be read/);
      expect(stage.called('job.finish').at(-1)).toMatchObject({ outcome: { kind: 'node', reason } });
      stage.holds = true;
    }
    await settled(() => expect(stage.encodes).toHaveLength(4));
    stage.encodes[3]?.end(cut[0]);
    await settled(() => expect(stage.called('job.finish').at(-1)).toMatchObject({ outcome: { code: 'damaged' } }));
  });

  it('sends no more of a log than its master accepts', async () => {
    const stage = makeStage({ tasks: 1 });
    await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.encodes[0]?.end({ kind: 'failed', reason: 'no', log: `${'x'.repeat(2_000_000)}the end` });
    await settled(() => expect(stage.called('job.finish')).toHaveLength(1));
    const { outcome } = CONTRACT['job.finish'].input.parse(stage.called('job.finish')[0]);
    expect(outcome).toMatchObject({ log: expect.stringMatching(/xthe end$/) });
  });

  it.for(['revoked', 'lost', 'refused'] as const)('ends what is %s without a word, and leaves nothing', async (how) => {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    const lease = { task: 1, epoch: 1 };
    if (how === 'revoked') worker.revoke(lease);
    if (how === 'lost') stage.lost = [lease];
    if (how === 'refused') {
      stage.cut = new Fault('fenced', 'This task was reassigned.');
      stage.encodes[0]?.work.report({ stage: 'encoding' });
    }
    await settled(() => expect(stage.encodes[0]?.work.signal.aborted).toBe(true));
    await settled(() => expect(stage.folders()).toEqual([]));
    stage.cut = undefined;
    stage.lost = [];
    await worker.stop();
    expect([stage.called('job.finish'), stage.delivered]).toEqual([[], []]);
  });

  it('does not mistake the lease of another epoch for its own', async () => {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    worker.revoke({ task: 1, epoch: 2 });
    expect(stage.encodes[0]?.work.signal.aborted).toBe(false);
  });

  it('stops: ends its encodes, gives them back and leaves nothing', async () => {
    const stage = makeStage({ tasks: 2 });
    const worker = await stage.start(2);
    await settled(() => expect(stage.encodes).toHaveLength(2));
    await worker.stop();
    expect(stage.called('job.finish')).toMatchObject([
      { outcome: { kind: 'released' } },
      { outcome: { kind: 'released' } },
    ]);
    expect(stage.folders()).toEqual([]);
  });
});

it('tells the master nothing more once it has stopped', async () => {
  const stage = makeStage();
  const looked = Promise.withResolvers<void>();
  stage.load = looked.promise;
  const starting = stage.start();
  await until(() => expect(stage.worker).toBeDefined());
  await stage.worker?.stop();
  looked.resolve();
  await starting;
  expect(stage.calls).toEqual([]);
});

describe('videos that are fetched ahead', () => {
  it('are fetched one after the other and encoded in the order of their grants', async () => {
    const stage = makeStage({ tasks: 3, ahead: 1 });
    const [fetched, prepared] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    stage.slow.set('source 1', fetched).set('prepare 1', prepared);
    await stage.start();
    await settled(() => expect(stage.called('job.lease')).toEqual([{ ahead: false }, { ahead: true }]));
    await settled(() => expect(stage.asked).toEqual(['source 1']));
    fetched.resolve();
    await settled(() => expect(stage.asked).toEqual(['source 1', 'source 2']));
    // The second one is ready before the first.
    await settled(() => expect(stage.folders()).toEqual(['1-1', '2-1']));
    expect(stage.encodes).toEqual([]);
    prepared.resolve();
    for (const n of [1, 2, 3]) {
      await settled(() => expect(stage.encodes.map(({ grant }) => grant.task)).toEqual([1, 2, 3].slice(0, n)));
      stage.encodes.at(-1)?.end();
    }
  });

  it('do not wait for one whose lease is lost', async () => {
    const stage = makeStage({ tasks: 2, ahead: 1 });
    stage.slow.set('source 1', Promise.withResolvers<void>());
    const worker = await stage.start();
    await settled(() => expect(stage.asked).toEqual(['source 1']));
    await settled(() => expect(stage.called('job.lease')).toHaveLength(2));
    worker.revoke({ task: 1, epoch: 1 });
    stage.slow.get('source 1')?.reject(new Error('aborted'));
    await settled(() => expect(stage.encodes.map(({ grant }) => grant.task)).toEqual([2]));
  });
});

describe('a proof', () => {
  it('is given once each time that it is asked for, with what is wrong', async () => {
    const stage = makeStage();
    const worker = await stage.start();
    worker.applyConfig({ ...stage.orders, prove: true });
    worker.applyConfig({ ...stage.orders, prove: true });
    await settled(() => expect(stage.called('worker.prove')).toEqual([{ problem: null }]));
    await settled(() => expect(stage.folders()).toEqual([]));
    stage.problem = 'Illegal instruction';
    worker.applyConfig({ ...stage.orders, prove: true });
    await settled(() => expect(stage.called('worker.prove').at(-1)).toEqual({ problem: 'Illegal instruction' }));
  });
});

describe('a finished result', () => {
  it('for which there is no room waits with its worker, also where results are not kept', async () => {
    const stage = makeStage({ tasks: 2, keeps: false });
    await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.full = new Fault('node', 'The disk is full.');
    const beats = stage.called('job.beat').length;
    stage.encodes[0]?.end();
    await settled(() => expect(stage.called('job.beat').length).toBeGreaterThan(beats + 3));
    expect([stage.folders(), stage.encodes.length, stage.called('job.finish')]).toEqual([['1-1'], 1, []]);
    stage.full = undefined;
    await settled(() => expect(stage.delivered).toEqual([1]));
  });

  /** One that the master could not be given before its worker stopped. */
  async function undelivered() {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.cut = CUT;
    stage.encodes[0]?.end();
    await settled(() => expect(stage.folders()).toEqual(['1-1']));
    await settled(() => expect(readdirSync(path.join(stage.temp, '1-1'))).toContain('kept.json'));
    await worker.stop();
    stage.calls = [];
    return stage;
  }

  it('is delivered after the next start', async () => {
    const stage = await undelivered();
    expect(stage.folders()).toEqual(['1-1']);
    await stage.start();
    for (const told of stage.called('job.attach')) expect(told).toMatchObject({ held: [{ task: 1, epoch: 1 }] });
    stage.cut = undefined;
    await settled(() => expect(stage.delivered).toEqual([1]));
    await settled(() => expect(stage.folders()).toEqual([]));
    expect(stage.called('job.finish')).toEqual([]);
  });

  it('is given up when its master is left', async () => {
    const stage = makeStage({ tasks: 1 });
    const worker = await stage.start();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.cut = CUT;
    stage.encodes[0]?.end();
    await settled(() => expect(stage.folders()).toEqual(['1-1']));
    stage.cut = undefined;
    stage.delivers = false;
    await worker.stop({ leaving: true });
    expect(stage.folders()).toEqual([]);
    expect(stage.called('job.finish')).toMatchObject([{ outcome: { kind: 'released' } }]);
  });

  it('is dropped after the next start when its lease is lost', async () => {
    const stage = await undelivered();
    stage.lost = [{ task: 1, epoch: 1 }];
    const worker = await stage.start();
    stage.cut = undefined;
    await worker.onConnected();
    await settled(() => expect(stage.folders()).toEqual([]));
  });

  it('is found where it was left, although its master names another folder now', async () => {
    const stage = await undelivered();
    const elsewhere = path.join(path.dirname(stage.temp), 'elsewhere');
    await (await stage.reopen()).moveTo(elsewhere);
    const workspace = await stage.reopen();
    expect(await workspace.kept()).toMatchObject([{ grant: { task: 1 } }]);
    const signal = AbortSignal.timeout(60_000);
    const places: string[] = [];
    await workspace.use({ name: '1-1', needed: 0, signal }, async (folder) => void places.push(folder));
    await workspace.use({ name: '2-1', needed: 0, signal }, async (folder) => void places.push(folder));
    expect(places).toEqual([path.join(stage.temp, '1-1'), path.join(elsewhere, '2-1')]);
    expect(existsSync(stage.temp)).toBe(false);
  });

  it('is found where it waited while its master named another folder', async () => {
    const stage = makeStage();
    const worker = await stage.start();
    const [first, second, memory] = ['first', 'second', 'temp-folders.json'].map((name) =>
      path.join(path.dirname(stage.temp), name),
    ) as [string, string, string];
    await stage.workspace?.moveTo(first);
    stage.left = 1;
    worker.wake();
    await settled(() => expect(stage.encodes).toHaveLength(1));
    stage.cut = CUT;
    stage.encodes[0]?.end();
    await settled(() => expect(readdirSync(path.join(first, '1-1'))).toContain('kept.json'));
    await stage.workspace?.moveTo(second);
    await worker.stop();
    expect(await (await stage.reopen()).kept()).toMatchObject([{ grant: { task: 1 } }]);
    // Its master is left for good.
    await Workspace.discard({ folder: stage.temp, memory });
    expect([existsSync(first), existsSync(memory)]).toEqual([false, false]);
  });

  it('whose note is damaged is removed with everything else that a crash left', async () => {
    const stage = await undelivered();
    writeFileSync(path.join(stage.temp, '1-1', 'kept.json'), '{"grant":');
    await stage.start();
    expect([stage.folders(), stage.delivered]).toEqual([[], []]);
  });
});
