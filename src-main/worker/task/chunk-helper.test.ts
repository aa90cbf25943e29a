/** A worker without videos that helps others, against a master and an encoder that a test plays; its temporary files are real. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { ChunkGrant, ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Orders } from '../../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { resolveSettings } from '../../../src-shared/settings/settings.ts';
import type { ByteRange } from '../../../src-shared/util/byte-ranges.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { DiskSpace } from '../../fs/disk-space.ts';
import { PROBE } from '../../test/support/context.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { until } from '../../test/support/wait.ts';
import type { ChunkConversion, ChunkConverter, ChunkConverterWork } from '../encode/chunk-converter.ts';
import type { Converter } from '../encode/converter.ts';
import type { ChunkTransfer } from '../transfer/chunk-transfer.ts';
import type { Transfer } from '../transfer/transfer.ts';
import { Worker } from '../worker.ts';
import { Workspace } from './workspace.ts';

const FACTS = { size: 1, sha256: '0'.repeat(64), first: 0, header: 'h', shapes: [] };

function grantOf(n: number, task = 1): ChunkGrant {
  const plan = makePlan(PROBE, resolveSettings({ flags: {} }).values, DEFAULT_TABLES);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  return {
    ...{ task, epoch: 1, file: 1, library: 1, path: 'video.mkv', size: 1000, version: 'v', uselessAt: 1000 },
    ...{ plan, probe: PROBE, priority: { nice: 0, ionice: 0 }, convertDamaged: false, from: n * 10, to: n * 10 + 10 },
  };
}

/** A chunk of a file of 1000 bytes whose place is known. */
function partOf(n: number, pictures: [number, number], task = 1): ChunkGrant {
  const ranges: [number, number][] = [[0, 100], pictures, [990, 1000]];
  return { ...grantOf(n, task), location: { begin: n, end: n + 1, ranges } };
}

const DAMAGE = { count: 1, first: 'Invalid data found.', lost: null };

/** A worker of a master that has no videos for it, and these chunks; its encodes end when the test says so. */
async function make(chunks: ChunkGrant[], jobs = 1) {
  const temp = path.join(tempFolder(), 'temp');
  const stage = {
    chunks,
    calls: [] as { name: string; input: Record<string, unknown> }[],
    encodes: [] as { grant: ChunkGrant; work: ChunkConverterWork; end: (conversion?: ChunkConversion) => void }[],
    fetched: [] as number[],
    /** What was fetched each time of videos whose chunks have a known place. */
    ranges: [] as (readonly ByteRange[])[],
    sent: [] as ChunkLease[],
    lost: [] as ChunkLease[],
    faults: new Map<string, Fault[]>(),
    orders: { settings: WORKER_DEFAULTS, mode: 'active', prove: false } as Orders,
    called: (name: string) => stage.calls.filter((call) => call.name === name).map(({ input }) => input),
    folders: () => (existsSync(temp) ? readdirSync(temp) : []),
  };
  const answers: Record<string, () => unknown> = {
    'job.attach': () => ({ ...stage.orders, lost: [] }),
    'job.beat': () => ({ ...stage.orders, lost: [] }),
    'job.lease': () => null,
    'chunk.lease': () => stage.chunks.shift() ?? null,
    'chunk.beat': () => ({ lost: stage.lost }),
  };
  const call = (async (name: string, input: Record<string, unknown>) => {
    stage.calls.push({ name, input });
    const fault = stage.faults.get(name)?.shift();
    if (fault) throw fault;
    const answer = answers[name];
    return answer ? answer() : {};
  }) as Caller;
  const converter = {
    convert: (grant: ChunkGrant, _source: string, work: ChunkConverterWork) => {
      const ended = Promise.withResolvers<ChunkConversion>();
      const file = path.join(work.folder, 'chunk');
      const end = (conversion: ChunkConversion = { file, outcome: { kind: 'done', ...FACTS } }) => {
        writeFileSync(file, 'chunk');
        ended.resolve(conversion);
      };
      work.signal.addEventListener('abort', () => ended.resolve({ outcome: { kind: 'released' } }));
      stage.encodes.push({ grant, work, end });
      return ended.promise;
    },
  } as unknown as ChunkConverter;
  const transfer = {
    ahead: 0,
    limit: () => undefined,
    needs: async () => 1,
    holds: async () => true,
    source: async ({ task, ...grant }, { folder }, part) => {
      stage.fetched.push(task);
      if (part && 'location' in grant) {
        const missing = part.fetched.missing(part.wanted);
        stage.ranges.push(missing);
        for (const range of missing) part.fetched.add(range);
      }
      writeFileSync(path.join(folder, 'source.mkv'), 'video');
      return path.join(folder, 'source.mkv');
    },
    sendChunk: async (lease) => void stage.sent.push(lease),
  } as Partial<Transfer & ChunkTransfer> as Transfer & ChunkTransfer;
  const memory = path.join(path.dirname(temp), 'temps.json');
  const workspace = new Workspace({ folder: temp, space: new DiskSpace(), memory, warn: () => undefined });
  const faults: unknown[] = [];
  const worker = new Worker({
    ...{ call, transfer, workspace, keeps: true, jobs, signals: {}, beatMs: 5 },
    converter: { test: async () => null } as unknown as Converter,
    chunks: { transfer, converter },
    pace: { tick: 5, rest: 5, clear: 20, hot: 20 },
    load: async () => ({ cpu: 0, memoryFree: 0, tempFree: 0, tempTotal: 0 }),
    onFault: (error) => void faults.push(error),
  });
  onTestFinished(() => worker.stop());
  await worker.start();
  /** Resolves with the n-th encode. */
  const encode = (n: number) =>
    until(() => {
      const found = stage.encodes[n];
      if (!found) throw new Error('it has not begun');
      return found;
    });
  return { stage, worker, encode, faults };
}

describe('a worker for which the queue has nothing', () => {
  it('encodes one chunk after the other, asks for a video before each, and keeps the source as long as it helps', async () => {
    const { stage, worker, encode } = await make([grantOf(0), grantOf(1), grantOf(0, 2)]);
    const first = await encode(0);
    expect(worker.work).toMatchObject([{ grant: { path: 'video.mkv' } }]);
    expect(worker.holding.videos).toBe(1);
    await until(() =>
      expect(stage.called('chunk.beat')[0]).toEqual({ held: [{ task: 1, epoch: 1, from: 0, to: 10 }] }),
    );
    expect(stage.called('chunk.lease')).toHaveLength(1);
    first.end();
    (await encode(1)).end();
    (await encode(2)).end();
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(3));
    expect(stage.sent.map(({ task, from }) => [task, from])).toEqual([
      [1, 0],
      [1, 10],
      [2, 0],
    ]);
    expect(stage.called('chunk.finish')[0]).toMatchObject({ task: 1, from: 0, outcome: { kind: 'done', ...FACTS } });
    expect(stage.fetched).toEqual([1, 2]);
    await until(() => expect(stage.folders()).toEqual([]));
    const asked = stage.calls.map(({ name }) => name).filter((name) => name.endsWith('.lease'));
    expect(asked.join()).toBe(Array.from({ length: 4 }, () => 'job.lease,chunk.lease').join());
  });

  it('encodes one chunk at a time, however many videos it may convert', async () => {
    const { stage, worker, encode } = await make([grantOf(0), grantOf(1)], 2);
    const first = await encode(0);
    const asked = stage.called('job.lease').length;
    worker.wake();
    await until(() => expect(stage.called('job.lease').length).toBeGreaterThan(asked));
    await until(() => expect(stage.called('chunk.beat').length).toBeGreaterThan(1));
    expect(stage.called('chunk.lease')).toHaveLength(1);
    first.end();
    (await encode(1)).end();
  });

  it('asks a master that does not share chunks once', async () => {
    const { stage, worker } = await make([]);
    await until(() => expect(stage.called('chunk.lease')).toHaveLength(1));
    stage.faults.set('chunk.lease', [new Fault('missing', 'Unknown call chunk.lease.')]);
    worker.wake();
    await until(() => expect(stage.called('chunk.lease')).toHaveLength(2));
    worker.wake();
    await until(() => expect(stage.called('job.lease').length).toBeGreaterThanOrEqual(3));
    expect(stage.called('chunk.lease')).toHaveLength(2);
  });

  it.for(['revoked', 'at a heartbeat'])('ends a chunk that it has lost (%s), and says no more of it', async (how) => {
    const { stage, worker, encode } = await make([grantOf(0), grantOf(0, 2)]);
    const { work } = await encode(0);
    if (how === 'revoked') worker.revoke({ task: 1, epoch: 1 });
    else stage.lost = [{ task: 1, epoch: 1, from: 0, to: 10 }];
    await until(() => expect(work.signal.aborted).toBe(true));
    (await encode(1)).end();
    await until(() => expect(stage.called('chunk.finish')).toMatchObject([{ task: 2 }]));
  });

  it('finishes its chunk when it drains, and returns it when it stops', async () => {
    const { stage, worker, encode } = await make([grantOf(0), grantOf(1)]);
    const drained = worker.drain();
    (await encode(0)).end();
    await drained;
    expect(stage.called('chunk.finish')).toMatchObject([{ outcome: { kind: 'done' } }]);
    expect(stage.encodes).toHaveLength(1);
    worker.resume();
    await encode(1);
    await worker.stop();
    expect(stage.called('chunk.finish')[1]).toMatchObject({ from: 10, outcome: { kind: 'released' } });
    expect(stage.folders()).toEqual([]);
  });

  it('takes no chunk while it is paused, and suspends what it encodes', async () => {
    const { stage, worker, encode } = await make([grantOf(0), grantOf(1)]);
    const { work, end } = await encode(0);
    stage.orders = { ...stage.orders, mode: 'paused' };
    const clock = () => work.brake?.now();
    await until(() => {
      const before = clock();
      expect(worker.orders.mode).toBe('paused');
      expect(clock()).toBe(before);
    });
    end();
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(1));
    await until(() => expect(stage.folders()).toEqual([]));
    expect(stage.encodes).toHaveLength(1);
    stage.orders = { ...stage.orders, mode: 'active' };
    await encode(1);
  });

  it('sends a chunk again that was damaged on its way, and gives it up in the end', async () => {
    const { stage, encode } = await make([grantOf(0)]);
    const damaged = () => new Fault('conflict', 'It was damaged.');
    stage.faults.set('chunk.finish', [damaged(), damaged(), damaged()]);
    (await encode(0)).end();
    await until(() => expect(stage.called('chunk.finish').at(-1)).toMatchObject({ outcome: { kind: 'failed' } }));
    expect(stage.sent).toHaveLength(3);
  });

  it('reports why it could not encode a chunk', async () => {
    const { stage, encode } = await make([grantOf(0), grantOf(1)]);
    (await encode(0)).end({ outcome: { kind: 'failed', reason: 'ffmpeg failed.', log: 'log' } });
    await until(() =>
      expect(stage.called('chunk.finish')).toMatchObject([{ outcome: { kind: 'failed', reason: 'ffmpeg failed.' } }]),
    );
    await encode(1);
    expect(stage.sent).toEqual([]);
  });
});

// There, files have no holes unless a program asks for them.
describe.skipIf(process.platform === 'win32')('a worker that helps with a video that it has to fetch', () => {
  it('fetches what each chunk needs and is not there yet', async () => {
    const { stage, encode } = await make([partOf(0, [200, 400]), partOf(1, [300, 500]), partOf(0, [200, 400], 2)]);
    for (const n of [0, 1, 2]) {
      const { end, work } = await encode(n);
      expect(work.isPartial).toBe(true);
      end();
    }
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(3));
    const first = [[0, 100] as const, [200, 400] as const, [990, 1000] as const];
    expect(stage.ranges).toEqual([first, [[400, 500]], first]);
  });

  const problems: [string, ChunkConversion | undefined][] = [
    ['fails', { outcome: { kind: 'failed', reason: 'It has 9 frames instead of 10.', log: '' } }],
    ['shows damage', { file: 'chunk', outcome: { kind: 'done', ...FACTS, damage: DAMAGE } }],
    ['looks like a fault of the computer', { outcome: { kind: 'node', reason: 'Its storage went away.' } }],
  ];
  it.for(problems)('fetches the rest once and encodes the chunk again when a part %s', async ([, conversion]) => {
    const { stage, encode } = await make([partOf(0, [200, 400]), partOf(1, [300, 500])]);
    (await encode(0)).end(conversion);
    const again = await encode(1);
    expect(again).toMatchObject({ grant: { from: 0 }, work: { isPartial: false } });
    again.end();
    const next = await encode(2);
    expect(next).toMatchObject({ grant: { from: 10 }, work: { isPartial: false } });
    next.end();
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(2));
    for (const { outcome } of stage.called('chunk.finish')) expect(outcome).toEqual({ kind: 'done', ...FACTS });
    expect(stage.ranges.at(-1)).toEqual([
      [100, 200],
      [400, 990],
    ]);
    expect(stage.ranges).toHaveLength(2);
  });

  it('reports a failure and damage that the whole video shows, too', async () => {
    const { stage, encode } = await make([partOf(0, [200, 400])]);
    const failed = { outcome: { kind: 'failed', reason: 'ffmpeg failed.', log: '' } } as const;
    (await encode(0)).end(failed);
    (await encode(1)).end(failed);
    await until(() => expect(stage.called('chunk.finish')).toMatchObject([{ outcome: failed.outcome }]));
    expect(stage.encodes).toHaveLength(2);
  });

  it('keeps what it has fetched of a video when it loses a chunk of it', async () => {
    const { stage, worker, encode } = await make([partOf(0, [200, 400]), partOf(1, [300, 500])]);
    await encode(0);
    worker.revoke({ task: 1, epoch: 1 });
    (await encode(1)).end();
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(1));
    expect(stage.ranges[1]).toEqual([[400, 500]]);
  });

  it('reads nothing beyond the end of the file, whatever it is told', async () => {
    const { stage, encode } = await make([
      partOf(0, [200, 5000]),
      partOf(0, [5000, 6000], 2),
      partOf(0, [400, 200], 3),
    ]);
    for (const n of [0, 1, 2]) (await encode(n)).end();
    await until(() => expect(stage.called('chunk.finish')).toHaveLength(3));
    const ends = [[0, 100] as const, [990, 1000] as const];
    expect(stage.ranges).toEqual([[[0, 100] as const, [200, 1000] as const], ends, ends]);
  });
});
