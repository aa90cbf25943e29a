/** Chunks of videos that workers lease from a real dispatcher with a real database. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { WORKER_DEFAULTS } from '../../../../src-shared/fleet/worker-info.ts';
import type { ChunkGrant, ChunkLease, ChunkOutcome } from '../../../../src-shared/jobs/chunk-lease.ts';
import type { Grant, Lease } from '../../../../src-shared/jobs/lease.ts';
import { BulkUpdates } from '../../../db/tables/bulk-updates.ts';
import { makeContext } from '../../../test/support/context.ts';
import { helloOf } from '../../../test/support/hello.ts';
import { SourceFiles } from '../../transfer/source-files.ts';
import { Dispatcher } from '../dispatcher.ts';
import type { Clock } from '../leases.ts';
import type { Member } from '../member.ts';
import { ChunkDispatcher } from './chunk-dispatcher.ts';

const FENCED = expect.objectContaining({ code: 'fenced' });
const FAILED: ChunkOutcome = { kind: 'failed', reason: 'ffmpeg failed.', log: '' };
const CHUNKS = [0, 1, 2, 3, 4].map((n) => ({ from: n * 10, to: n * 10 + 10 }));
const leaseOf = ({ task, epoch }: Lease): Lease => ({ task, epoch });
const chunkOf = ({ task, epoch, from, to }: ChunkGrant): ChunkLease => ({ task, epoch, from, to });

/** No computer is faster than another one. */
const STILL: Clock = { monotonic: () => 0, wall: () => 0 };

/** A connected worker with this encoder. */
function memberOf(id: string, svtav1 = 'SVT-AV1 2.3.0', decoders = ['h264', 'hevc']): Member {
  const hello = helloOf(id);
  Object.assign(hello.computer.ffmpeg, { svtav1, decoders });
  return {
    ...{ id, name: id.toUpperCase(), local: false, mode: 'active', settings: WORKER_DEFAULTS },
    ...{ hello, addedAt: 0, seenAt: null },
  };
}

/** A master with queued videos, and workers; `holder` converts the first video and offers its chunks. */
async function make(names: string[], others: Member[], clock: Clock = STILL) {
  const { ctx, queue, eventsOf, video } = makeContext();
  for (const name of names) await queue(name);
  const members = [memberOf('holder'), ...others];
  const dispatcher = new Dispatcher(ctx, { members: () => members, clock });
  onTestFinished(() => dispatcher.stop());
  const chunks = new ChunkDispatcher(ctx, dispatcher);
  for (const { id } of members) dispatcher.onConnected(id, true);
  /** What a worker that has nothing to do gets: its path, or the frames of a chunk. */
  const ask = async (worker: string) => {
    const grant = await dispatcher.lease(worker, false);
    if (grant) return grant.path;
    const chunk = chunks.lease(worker);
    return chunk && `${chunk.path} ${chunk.from}-${chunk.to}`;
  };
  const convert = async (worker: string): Promise<Grant> => {
    const grant = await dispatcher.lease(worker, false);
    if (!grant) throw new Error('there is no work');
    return grant;
  };
  const share = async (worker: string): Promise<Grant> => {
    const grant = await convert(worker);
    chunks.offer({ ...leaseOf(grant), crf: 33, chunks: CHUNKS }, worker);
    return grant;
  };
  const grant = await share('holder');
  const next = (done: number[] = []) =>
    chunks.next(
      {
        ...leaseOf(grant),
        done: done.map((n) => ({ from: n * 10, to: n * 10 + 10, size: 1 })),
        refused: [],
        assign: true,
      },
      'holder',
    );
  const batches = new BulkUpdates(ctx.db);
  /** Has all computers work on a video, or no longer. */
  const setAll = (name: string, on = true) => {
    batches.setAllComputers([video(name)?.id ?? 0], on);
    dispatcher.matcher.rereadMarks();
  };
  return { ctx, dispatcher, chunks, grant, next, share, ask, eventsOf, video, setAll };
}

describe('an idle worker', () => {
  it('gets a chunk with the plan of the video at its final CRF, and may read the video while it has it', async () => {
    const { ctx, dispatcher, chunks, grant, next } = await make(['one.mp4'], [memberOf('a'), memberOf('b')]);
    next();
    const chunk = chunks.lease('a');
    if (!chunk) throw new Error('there is no chunk');
    expect(chunk).toMatchObject({ ...leaseOf(grant), from: 10, to: 20, path: 'one.mp4', version: grant.version });
    expect(chunk.plan.streams[0]).toMatchObject({ ...grant.plan.streams[0], crf: 33 });
    const originals = new SourceFiles(ctx, dispatcher);
    expect(await originals.find(leaseOf(grant), 'a')).toMatchObject({ path: 'one.mp4' });
    await expect(originals.find(leaseOf(grant), 'b')).rejects.toThrow(FENCED);
    chunks.finish(chunkOf(chunk), { kind: 'released' }, 'a');
    await expect(originals.find(leaseOf(grant), 'a')).rejects.toThrow(FENCED);
    // None of it touched the worker that converts the video.
    expect(await originals.find(leaseOf(grant), 'holder')).toMatchObject({ path: 'one.mp4' });
  });

  it('is told where its chunk lies in the file, if the worker of the video has said so', async () => {
    const { chunks, grant, next } = await make(['one.mp4'], [memberOf('a'), memberOf('b')]);
    const location = { begin: 1, end: 2, ranges: [[0, 100] as const, [300, 400] as const] };
    const offered = CHUNKS.map((chunk) => (chunk.from === 10 ? { ...chunk, location } : chunk));
    chunks.offer({ ...leaseOf(grant), crf: 33, chunks: offered }, 'holder');
    next();
    expect(chunks.lease('a')).toMatchObject({ from: 10, location });
    expect(chunks.lease('b')?.location).toBeUndefined();
  });

  it('gets none with another encoder, without the decoder, paused, or of its own video', async () => {
    const paused: Member = { ...memberOf('paused'), mode: 'paused' };
    const others = [memberOf('old', 'SVT-AV1 1.4.1'), memberOf('blind', 'SVT-AV1 2.3.0', ['hevc']), paused];
    const { chunks, dispatcher, next } = await make(['one.mp4'], [...others, memberOf('a')]);
    next();
    for (const worker of ['old', 'blind', 'paused', 'holder', 'nobody']) expect(chunks.lease(worker)).toBeNull();
    dispatcher.pause.beginFor('The disk is full.');
    expect(chunks.lease('a')).toBeNull();
    dispatcher.resume();
    expect(chunks.lease('a')).not.toBeNull();
    expect(chunks.lease('a')).toBeNull();
  });

  it('helps the video that will end last', async () => {
    const { chunks, dispatcher, grant, share } = await make(['one.mp4', 'two.mp4'], [memberOf('a'), memberOf('b')]);
    const other = await share('b');
    const report = (of: Grant, worker: string, eta: number) =>
      dispatcher.progress(leaseOf(of), { stage: 'encoding', eta, chunks: { done: 0, total: 5 } }, worker);
    report(grant, 'holder', 100);
    report(other, 'b', 200);
    expect(chunks.lease('a')).toMatchObject({ task: other.task });
    expect(dispatcher.running.map(({ progress }) => progress.chunks?.computers)).toEqual([undefined, undefined]);
    report(other, 'b', 190);
    expect(dispatcher.running.find(({ task }) => task === other.task)?.progress.chunks?.computers).toBe(2);
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'working',
      running: [],
      helping: [{ task: other.task, path: other.path, worker: 'B' }],
    });
  });
});

describe('a video that its user wants all computers on', () => {
  it('gets the help of computers that would begin another video without the mark, as long as it has free chunks', async () => {
    const names = ['one.mp4', 'two.mp4', 'three.mp4', 'four.mp4'];
    const { ask, next, setAll } = await make(names, [memberOf('a'), memberOf('b'), memberOf('c')]);
    next();
    expect(await ask('a')).toBe('two.mp4');
    setAll('one.mp4');
    expect([await ask('b'), await ask('c')]).toEqual(['one.mp4 10-20', 'one.mp4 20-30']);
    // The last waiting chunk is its own worker's.
    next([0]);
    expect(await ask('a')).toBe('three.mp4');
    setAll('one.mp4', false);
    expect(await ask('a')).toBe('four.mp4');
  });

  it('is helped before the one that will end last', async () => {
    const { ask, chunks, dispatcher, grant, next, setAll, share } = await make(
      ['one.mp4', 'two.mp4'],
      [memberOf('a'), memberOf('b')],
    );
    const other = await share('b');
    dispatcher.progress(leaseOf(other), { stage: 'encoding', eta: 200, chunks: { done: 0, total: 5 } }, 'b');
    next();
    setAll('one.mp4');
    expect(await ask('a')).toBe('one.mp4 10-20');
    expect(dispatcher.running.map(({ allComputers }) => allComputers)).toEqual([true, undefined]);
    setAll('one.mp4', false);
    chunks.finish({ ...leaseOf(grant), from: 10, to: 20 }, { kind: 'released' }, 'a');
    expect(await ask('a')).toBe('two.mp4 0-10');
  });

  it('gets no help of computers that cannot, nor of those that encode a chunk already: they begin other videos', async () => {
    const old = memberOf('old', 'SVT-AV1 1.4.1');
    const twice: Member = { ...memberOf('twice'), settings: { ...WORKER_DEFAULTS, jobs: 2 } };
    const { ask, chunks, dispatcher, next, setAll } = await make(['one.mp4', 'two.mp4', 'three.mp4'], [old, twice]);
    next();
    setAll('one.mp4');
    expect([await ask('old'), await ask('twice')]).toEqual(['two.mp4', 'one.mp4 10-20']);
    expect(await dispatcher.lease('twice', false)).toMatchObject({ path: 'three.mp4' });
    expect(chunks.lease('holder')).toBeNull();
  });

  it('keeps no computer waiting that never asks for chunks, or whose chunk another one took', async () => {
    const { chunks, dispatcher, next, setAll, eventsOf } = await make(
      ['one.mp4', 'two.mp4', 'three.mp4'],
      [memberOf('a'), memberOf('b'), memberOf('c')],
    );
    next();
    setAll('one.mp4');
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(await dispatcher.lease('a', false)).toMatchObject({ path: 'two.mp4' });
    expect(await dispatcher.lease('b', false)).toBeNull();
    next([0, 1, 2]);
    const before = eventsOf('work').length;
    expect(chunks.lease('b')).toBeNull();
    expect(eventsOf('work')).toHaveLength(before + 1);
    expect(await dispatcher.lease('b', false)).toMatchObject({ path: 'three.mp4' });
    // It has no work for a computer that has nothing to do anyway.
    expect([chunks.lease('c'), eventsOf('work').length]).toEqual([null, before + 1]);
  });

  it('has computers wait until its chunks are known, unless it turns out to have none', async () => {
    const { ask, dispatcher, grant, setAll, ctx, eventsOf, next } = await make(
      ['one.mp4', 'two.mp4', 'three.mp4'],
      [memberOf('a'), memberOf('b')],
    );
    next();
    ctx.jobs.queued.move(
      [ctx.files.list({ after: 0, limit: 9 }).find(({ path }) => path === 'three.mp4')?.id ?? 0],
      null,
      'oldest',
    );
    setAll('three.mp4');
    expect(await ask('a')).toBe('three.mp4');
    // It fetches no video ahead either, which it would begin at once.
    expect(await dispatcher.lease('b', true)).toBeNull();
    expect(await dispatcher.lease('b', false)).toBeNull();
    const before = eventsOf('work').length;
    dispatcher.tick();
    expect(eventsOf('work')).toHaveLength(before + 1);
    const three = dispatcher.running.find(({ path }) => path === 'three.mp4');
    dispatcher.progress({ task: three?.task ?? 0, epoch: grant.epoch }, { stage: 'encoding', share: 0 }, 'a');
    expect(eventsOf('work')).toHaveLength(before + 2);
    expect(dispatcher.matcher.mayWait).toBe(false);
    expect(await ask('b')).toBe('two.mp4');
  });

  it('loses the mark when its conversion ends, and keeps it when only its lease does', async () => {
    const { ctx, dispatcher, grant, setAll, video } = await make(['one.mp4'], [memberOf('a')]);
    const { id } = video('one.mp4') ?? { id: 0 };
    const isMarked = () => ctx.files.view(id)?.allComputers;
    setAll('one.mp4');
    dispatcher.giveBack(leaseOf(grant), { kind: 'released' }, 'holder');
    expect(isMarked()).toBe(true);
    const again = await dispatcher.lease('a', false);
    expect(dispatcher.running).toMatchObject([{ allComputers: true }]);
    // A master that starts anew knows it from the database.
    const restarted = new Dispatcher(ctx, { members: () => [memberOf('a')] });
    restarted.start();
    onTestFinished(() => restarted.stop());
    expect(restarted.running).toMatchObject([{ allComputers: true }]);
    dispatcher.giveBack(leaseOf(again ?? grant), { kind: 'skip', code: 'no-savings', reason: 'Nothing saved.' }, 'a');
    expect(isMarked()).toBe(false);
    const row = ctx.files.get(id);
    if (row) ctx.jobs.queue(row);
    expect(isMarked()).toBe(false);
    setAll('one.mp4');
    new BulkUpdates(ctx.db).apply([id], 'skip', { code: 'user', reason: 'Skipped by you.' });
    expect(isMarked()).toBe(false);
    setAll('one.mp4');
    expect(isMarked()).toBe(false);
  });
});

describe('the last chunks of a video', () => {
  it('go to a second idle worker too where the first is slow, which then loses its own to the first result', async () => {
    const time = { monotonic: 0 };
    const { ask, chunks, dispatcher, grant, next, eventsOf } = await make(['one.mp4'], [memberOf('a'), memberOf('b')], {
      monotonic: () => time.monotonic,
      wall: () => 0,
    });
    next();
    expect([await ask('a'), await ask('b')]).toEqual(['one.mp4 10-20', 'one.mp4 20-30']);
    const done = { kind: 'done' as const, size: 1, sha256: '0'.repeat(64), first: 0, header: '', shapes: [] };
    time.monotonic = 10_000;
    chunks.finish({ ...leaseOf(grant), from: 10, to: 20 }, done, 'a');
    next([0, 1]);
    // What its worker reports is how long it would take alone.
    dispatcher.progress(leaseOf(grant), { stage: 'encoding', eta: 30, chunks: { done: 2, total: 5 } }, 'holder');
    expect(dispatcher.running[0]?.progress).toMatchObject({ eta: expect.closeTo(50 / 3, 5), chunks: { computers: 2 } });
    next([0, 1, 3]);
    expect(await ask('a')).toBeNull();
    const heard = () => eventsOf('work').length;
    const before = heard();
    dispatcher.tick();
    expect(heard()).toBe(before);
    // What the video's worker and the other helper have begun would have been done by now.
    time.monotonic = 26_000;
    dispatcher.tick();
    expect(heard()).toBe(before + 1);
    expect(await ask('a')).toBe('one.mp4 20-30');
    expect(dispatcher.workers.view('a')).toMatchObject({ state: 'working', helping: [{ path: 'one.mp4' }] });
    chunks.finish({ ...leaseOf(grant), from: 20, to: 30 }, done, 'a');
    expect(eventsOf('revoked')).toEqual([{ worker: 'b', ...leaseOf(grant) }]);
    expect(() => chunks.finish({ ...leaseOf(grant), from: 20, to: 30 }, done, 'b')).toThrow(FENCED);
  });
});

describe('the chunks of a video', () => {
  it('are lost to helpers when its lease ends or its worker delivers it', async () => {
    const { chunks, dispatcher, grant, next, share, eventsOf } = await make(['one.mp4'], [memberOf('a')]);
    next();
    const first = chunks.lease('a');
    dispatcher.giveBack(leaseOf(grant), { kind: 'released' }, 'holder');
    expect(eventsOf('revoked')).toEqual([{ worker: 'a', ...leaseOf(grant) }]);
    expect(() => next()).toThrow(FENCED);
    if (!first) throw new Error('there is no chunk');
    expect(chunks.beat([chunkOf(first)], 'a')).toEqual([chunkOf(first)]);
    expect(() => chunks.finish(chunkOf(first), FAILED, 'a')).toThrow(FENCED);

    // Another one gets what comes back at once.
    const again = await share('a');
    expect(chunks.lease('holder')).toMatchObject({ ...leaseOf(grant), epoch: again.epoch });
    dispatcher.claim(leaseOf(again));
    expect(dispatcher.chunks.helpOf('holder')).toEqual([]);
  });

  it('are not shared any more when the video turns out to be encoded in one piece', async () => {
    const { chunks, dispatcher, grant, next } = await make(['one.mp4'], [memberOf('a')]);
    next();
    chunks.lease('a');
    dispatcher.progress(leaseOf(grant), { stage: 'encoding', share: 0 }, 'holder');
    expect(dispatcher.chunks.helpOf('a')).toEqual([]);
    expect(() => next()).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  it('can be offered and asked for by the worker of the video alone', async () => {
    const { chunks, grant } = await make(['one.mp4'], [memberOf('a')]);
    const asked = { ...leaseOf(grant), done: [], refused: [], assign: true };
    expect(() => chunks.next(asked, 'a')).toThrow(FENCED);
    expect(() => chunks.offer({ ...leaseOf(grant), crf: 33, chunks: CHUNKS }, 'a')).toThrow(FENCED);
    expect(() => chunks.next({ ...asked, epoch: grant.epoch + 1 }, 'holder')).toThrow(FENCED);
    expect(chunks.next(asked, 'holder').encode).toEqual(CHUNKS[0]);
  });

  it('name a helper whose chunk was wrong to the users', async () => {
    const { chunks, grant, next, eventsOf } = await make(['one.mp4'], [memberOf('a')]);
    next();
    const chunk = chunks.lease('a');
    if (!chunk) throw new Error('there is no chunk');
    const facts = { size: 1, sha256: '0'.repeat(64), first: 0, header: '', shapes: [] };
    chunks.finish(chunkOf(chunk), { kind: 'done', ...facts }, 'a');
    const refused = [{ from: chunk.from, to: chunk.to, reason: 'It has 9 frames instead of 10.' }];
    chunks.next({ ...leaseOf(grant), done: [], refused, assign: true }, 'holder');
    expect(eventsOf('notice')).toMatchObject([
      { level: 'warn', text: expect.stringMatching(/^A .*one\.mp4.*9 frames/) },
    ]);
    expect(chunks.lease('a')).toBeNull();
  });

  it('are listed with their states and computers', async () => {
    const { chunks, next, video } = await make(['one.mp4'], [memberOf('a')]);
    next();
    chunks.lease('a');
    next([0]);
    const file = video('one.mp4')?.id ?? 0;
    const list = chunks.list(file);
    expect(list).toMatchObject({ file, path: 'one.mp4', worker: 'HOLDER' });
    expect(list.chunks.map(({ state, computers, size }) => [state, computers.join(), size])).toEqual([
      ['done', 'HOLDER', 1],
      ['running', 'A', null],
      ['running', 'HOLDER', null],
      ['waiting', '', null],
      ['waiting', '', null],
    ]);
    expect(() => chunks.list(99)).toThrow(expect.objectContaining({ code: 'missing' }));
  });
});
