import { describe, expect, it } from 'vitest';
import type { ChunkFacts, ChunkOutcome } from '../../../../src-shared/jobs/chunk-lease.ts';
import type { Chunk } from '../../../../src-shared/plan/chunks.ts';
import { type BoardListener, ChunkBoard } from './chunk-board.ts';

const FENCED = expect.objectContaining({ code: 'fenced' });
const FACTS: ChunkFacts = { size: 9, sha256: 'a'.repeat(64), first: 0, header: 'h', shapes: [] };
const DONE: ChunkOutcome = { kind: 'done', ...FACTS };
const FAILED: ChunkOutcome = { kind: 'failed', reason: 'ffmpeg failed.', log: '' };
const chunk = (n: number): Chunk => ({ from: n * 10, to: n * 10 + 10 });
const stored = (n: number) => ({ ...chunk(n), size: 5 });

/** A board of `count` chunks of a video that `holder` converts, and what it told. */
function make(count: number, alone = false) {
  const told: string[] = [];
  const listener: BoardListener = {
    onRevoked: (worker, { from }) => told.push(`revoked ${worker} ${from}`),
    onDiscarded: ({ from }) => told.push(`discarded ${from}`),
  };
  const board = new ChunkBoard({ task: 1, epoch: 1 }, 'holder', { listener, alone });
  const offer = (chunks: Chunk[], crf = 30) => board.offer(chunks, crf);
  offer(Array.from({ length: count }, (_, n) => chunk(n)));
  let now = 0;
  /** Gives a helper what it may have. */
  const take = (worker: string) => {
    const [first] = board.waitingFor(worker);
    if (first) board.start(first, worker, now++);
    return first && { from: first.from, to: first.to };
  };
  const next = (done: number[] = [], refused: number[] = [], assign = true) =>
    board.next(
      done.map(stored),
      refused.map((n) => ({ ...chunk(n), reason: `${n} is wrong` })),
      { assign, now: now++ },
    );
  const finish = (of: Chunk, worker: string, outcome: ChunkOutcome) => board.finish(of, worker, outcome, now++);
  const states = () =>
    board.chunks.map(({ done, runs, upload }) =>
      done ? 'done' : runs.map(({ worker }) => worker).join() || (upload ? 'uploaded' : 'waiting'),
    );
  /** Lets time go by, in ms. */
  const pass = (ms: number) => {
    now += ms;
  };
  /** The first frame of the chunk that a worker with nothing else to do is given: one that nobody encodes, or one that is doubled. */
  const idle = (worker: string) => (board.freeFor(worker, now) ?? board.doubleFor(worker, now))?.from;
  /** Gives a worker that chunk. */
  const double = (worker: string) => {
    const given = board.freeFor(worker, now) ?? board.doubleFor(worker, now);
    if (given) board.start(given, worker, now);
    return given && { from: given.from, to: given.to };
  };
  return { board, told, pass, idle, double, offer, take, next, finish, states };
}

describe('the board of a video', () => {
  it('gives its worker and each helper another chunk, in order', () => {
    const { board, next, take, states } = make(5);
    expect(next().answer).toMatchObject({ encode: chunk(0), isDuplicate: false, uploaded: [], running: [] });
    expect(take('a')).toEqual(chunk(1));
    expect(take('b')).toEqual(chunk(2));
    // One at a time, and none of its own video.
    expect(board.waitingFor('a')).toEqual([]);
    expect(board.waitingFor('holder')).toEqual([]);
    expect(next([0]).answer).toMatchObject({ encode: chunk(3), running: [chunk(1), chunk(2)] });
    expect(states()).toEqual(['done', 'a', 'b', 'waiting', 'waiting']);
  });

  it('leaves its last waiting chunk to its worker', () => {
    const { next, take } = make(3);
    next();
    expect(take('a')).toEqual(chunk(1));
    expect(take('b')).toBeUndefined();
  });

  it('reports an uploaded chunk until its worker has it, and then has the upload removed', () => {
    const { board, next, take, told, finish } = make(4);
    next();
    take('a');
    finish(chunk(1), 'a', DONE);
    expect(next([], [], false).answer).toMatchObject({ encode: null, uploaded: [{ ...chunk(1), ...FACTS }] });
    expect(board.requireUpload(chunk(1)).upload.worker).toBe('a');
    expect(next([0, 1]).answer).toMatchObject({ encode: chunk(2), uploaded: [] });
    expect(told).toEqual(['discarded 10']);
    expect(board.chunks[1]).toMatchObject({ done: true, madeBy: 'a', size: 5 });
    expect(board.chunks[0]).toMatchObject({ done: true, madeBy: 'holder' });
  });

  it('has its worker encode the oldest chunk of a helper once nothing else is left, and the first result counts', () => {
    const { next, take, told, finish } = make(6);
    next();
    take('a');
    take('b');
    next([0]);
    next([0, 3]);
    next([0, 3, 4]);
    expect(next([0, 3, 4, 5]).answer).toMatchObject({ encode: chunk(1), isDuplicate: true });
    // The helper is first with one chunk, and too late with the other.
    finish(chunk(1), 'a', DONE);
    expect(next([0, 1, 3, 4, 5]).answer).toMatchObject({ encode: chunk(2), isDuplicate: true });
    expect(next([0, 1, 2, 3, 4, 5]).answer).toMatchObject({ encode: null });
    expect(told).toEqual(['discarded 10', 'revoked b 20', 'discarded 20']);
    expect(() => finish(chunk(2), 'b', DONE)).toThrow(FENCED);
  });

  it('gives its last waiting chunk to a helper that will have done it sooner than its worker', () => {
    const { board, next, take, finish, pass, idle } = make(7);
    next();
    take('a');
    take('slow');
    pass(1000);
    finish(chunk(1), 'a', DONE);
    next([0, 1]);
    take('a');
    pass(1000);
    finish(chunk(4), 'a', DONE);
    next([0, 1, 3, 4]);
    pass(200);
    expect(board.waitingFor('a')).toEqual([]);
    // A helper that has yet to get the video would take longer.
    expect([idle('a'), idle('unknown'), idle('holder')]).toEqual([60, undefined, undefined]);
    pass(3000);
    finish(chunk(2), 'slow', DONE);
    expect(idle('slow')).toBeUndefined();
  });

  it('has a chunk encoded by a second helper when the first takes longer than that one would, and the first result counts', () => {
    const { next, take, finish, told, pass, idle, double, states } = make(6);
    next();
    take('a');
    pass(500);
    take('b');
    pass(500);
    finish(chunk(1), 'a', DONE);
    next([0, 1]);
    take('a');
    pass(1000);
    finish(chunk(4), 'a', DONE);
    next([0, 1, 3, 4]);
    expect(idle('unknown')).toBeUndefined();
    expect(double('a')).toEqual(chunk(2));
    expect(states()).toEqual(['done', 'done', 'b,a', 'done', 'done', 'waiting']);
    // No third one; and its worker, too, leaves it to the two.
    pass(9000);
    expect(idle('unknown')).toBe(50);
    expect(next([0, 1, 3, 4, 5]).answer).toMatchObject({ encode: null, running: [chunk(2)] });
    told.splice(0);
    finish(chunk(2), 'a', DONE);
    expect(told).toEqual(['revoked b 20', 'discarded 20']);
    expect(() => finish(chunk(2), 'b', DONE)).toThrow(FENCED);
    expect(next([0, 1, 3, 4, 5]).answer).toMatchObject({ encode: null, uploaded: [chunk(2)], running: [] });
  });

  it('takes the place of a silent helper where two encode its last chunk', () => {
    const { next, take, told, pass, double, states } = make(4);
    next();
    take('a');
    next([0]);
    next([0, 2]);
    pass(70_000);
    // Nothing is known of how fast anyone is, but that one was not heard of for a minute.
    expect(double('b')).toEqual(chunk(1));
    expect(states()[1]).toBe('a,b');
    expect(next([0, 2, 3]).answer).toMatchObject({ encode: chunk(1), isDuplicate: true });
    expect(told).toEqual(['revoked a 10', 'discarded 10']);
    expect(states()[1]).toBe('b');
  });

  it('has a helper encode the chunk of its own worker too where that is slow', () => {
    const { next, take, finish, pass, idle, double, states } = make(4);
    next();
    take('a');
    pass(1000);
    finish(chunk(1), 'a', DONE);
    pass(9000);
    next([0, 1]);
    expect(double('a')).toEqual(chunk(3));
    pass(1000);
    finish(chunk(3), 'a', DONE);
    expect(double('a')).toEqual(chunk(2));
    expect(states()).toEqual(['done', 'done', 'a', 'uploaded']);
    expect(idle('b')).toBeUndefined();
    finish(chunk(2), 'a', DONE);
    expect(next([0, 1], [], false).answer.uploaded).toMatchObject([chunk(2), chunk(3)]);
    expect(next([0, 1, 2, 3]).answer.encode).toBeNull();
  });

  it('foretells when its computers will be done together', () => {
    const { board, next, take, finish, pass } = make(6);
    next();
    expect(board.timeLeft(0)).toBeUndefined();
    take('a');
    pass(1000);
    finish(chunk(1), 'a', DONE);
    next([0, 1]);
    take('a');
    // 40 frames at 10 a second each.
    expect(board.timeLeft(1005)).toBeCloseTo(2000, -2);
    expect(board.timeLeft(1505)).toBeCloseTo(1500, -2);
    pass(1000);
    finish(chunk(3), 'a', DONE);
    next([0, 1, 2]);
    // Its worker alone, until the helper asks for the next one.
    expect(board.timeLeft(2008)).toBeCloseTo(2000, -2);
  });

  it('refuses a message about a chunk that its sender does not hold', () => {
    const { board, take, finish } = make(4);
    take('a');
    for (const [of, by] of [
      [chunk(0), 'b'],
      [chunk(1), 'a'],
      [{ from: 0, to: 11 }, 'a'],
    ] as const) {
      expect(() => board.requireRun(of, by)).toThrow(FENCED);
      expect(() => finish(of, by, DONE)).toThrow(FENCED);
    }
    expect(() => board.requireUpload(chunk(0))).toThrow(FENCED);
    expect(board.requireRun(chunk(0), 'a')).toMatchObject(chunk(0));
  });

  it('gives a chunk that failed twice at a helper to another one, and after three times to no helper', () => {
    const { board, take, finish } = make(6);
    for (let times = 0; times < 2; times++) {
      expect(take('a')).toEqual(chunk(0));
      finish(chunk(0), 'a', FAILED);
    }
    expect(take('a')).toEqual(chunk(1));
    expect(take('b')).toEqual(chunk(0));
    finish(chunk(0), 'b', FAILED);
    expect(take('c')).toEqual(chunk(2));
    expect(board.waitingFor('d')[0]).toMatchObject(chunk(3));
  });

  it('gives no more chunks to a helper that keeps failing', () => {
    const { take, finish } = make(6);
    for (const n of [0, 0, 1, 1]) {
      expect(take('a')).toEqual(chunk(n));
      finish(chunk(n), 'a', FAILED);
    }
    expect(take('a')).toBeUndefined();
    expect(take('b')).toEqual(chunk(0));
  });

  it('does not count a chunk that a helper returns', () => {
    const { take, finish } = make(4);
    for (let times = 0; times < 5; times++) {
      expect(take('a')).toEqual(chunk(0));
      finish(chunk(0), 'a', { kind: 'released' });
    }
  });

  it('gives no more chunks to a computer that cannot work on the video, as for lack of room', () => {
    const { take, finish } = make(4);
    take('a');
    finish(chunk(0), 'a', { kind: 'node', reason: 'The disk is full.' });
    expect(take('a')).toBeUndefined();
    expect(take('b')).toEqual(chunk(0));
  });

  it('takes a refused chunk back, and gives its helper no more of the video', () => {
    const { board, next, take, told, states, finish } = make(5);
    next();
    take('a');
    finish(chunk(1), 'a', DONE);
    const { answer, blamed } = next([0], [1]);
    expect(blamed).toEqual([{ worker: 'a', reason: '1 is wrong' }]);
    expect(answer).toMatchObject({ encode: chunk(1), uploaded: [] });
    expect(told).toEqual(['discarded 10']);
    expect(board.waitingFor('a')).toEqual([]);
    expect(take('b')).toEqual(chunk(2));
    expect(states()).toEqual(['done', 'waiting', 'b', 'waiting', 'waiting']);
  });

  it('tells the reason of each refusal', () => {
    const { next, take, finish } = make(6);
    next();
    for (const [n, worker] of [
      [1, 'a'],
      [2, 'b'],
    ] as const) {
      take(worker);
      finish(chunk(n), worker, DONE);
    }
    expect(next([0], [1, 2]).blamed).toEqual([
      { worker: 'a', reason: '1 is wrong' },
      { worker: 'b', reason: '2 is wrong' },
    ]);
  });

  it('knows whether a chunk of a helper was taken', () => {
    const { board, next, take, finish } = make(5);
    next();
    take('a');
    finish(chunk(1), 'a', DONE);
    next([0]);
    expect(board.wasHelped).toBe(false);
    next([0, 1]);
    expect(board.wasHelped).toBe(true);
  });

  it('leaves all of its chunks to its worker where that encodes alone', () => {
    const { board, next } = make(5, true);
    expect(next().answer.encode).toEqual(chunk(0));
    expect(board.waitingFor('a')).toEqual([]);
  });

  it('keeps what stays the same in another split, and takes everything else from its helpers', () => {
    const { board, next, offer, take, told, states } = make(6);
    next();
    take('a');
    take('b');
    offer([chunk(0), chunk(1), { from: 20, to: 60 }]);
    expect(told).toEqual(['revoked b 20', 'discarded 20']);
    expect(states()).toEqual(['waiting', 'a', 'waiting']);
    expect(next([0]).answer.encode).toEqual({ from: 20, to: 60 });
    // Another CRF makes every chunk another one.
    offer([chunk(0), chunk(1)], 31);
    expect(board.runOf('a')).toBeUndefined();
  });

  it('refuses chunks that overlap', () => {
    const { offer } = make(2);
    const refused = expect.objectContaining({ code: 'usage' });
    expect(() => offer([chunk(0), { from: 5, to: 20 }])).toThrow(refused);
    expect(() => offer([{ from: 5, to: 5 }])).toThrow(refused);
  });

  it('believes its worker when that has lost a chunk', () => {
    const { next, states } = make(3);
    next();
    next([0, 1]);
    expect(next([0]).answer.encode).toEqual(chunk(1));
    expect(states()).toEqual(['done', 'waiting', 'waiting']);
  });
});
