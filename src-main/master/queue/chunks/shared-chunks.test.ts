import { describe, expect, it } from 'vitest';
import { SharedChunks } from './shared-chunks.ts';

const TERMS = { beat: 10, suspect: 60, expire: 300 };
const LEASE = { task: 1, epoch: 2 };
const CHUNKS = [0, 1, 2, 3].map((n) => ({ from: n * 10, to: n * 10 + 10 }));

/** The chunks of one video, under a clock that only a test moves. */
function make() {
  const time = { monotonic: 1000 };
  const told: unknown[] = [];
  const clock = { monotonic: () => time.monotonic, wall: () => time.monotonic };
  const shared = new SharedChunks(clock, TERMS, (event, payload) => told.push([event, payload]));
  const discarded: string[] = [];
  shared.onDiscarded(({ task, epoch }, { from }) => discarded.push(`${task}-${epoch} ${from}`));
  shared.offer(LEASE, 'holder', { chunks: CHUNKS, crf: 30 });
  const take = (worker: string) => {
    const board = shared.require(LEASE);
    const [chunk] = board.waitingFor(worker);
    if (!chunk) throw new Error('no chunk waits');
    shared.start(board, chunk, worker);
    return { ...LEASE, from: chunk.from, to: chunk.to };
  };
  /** Lets time go by in beats, as the timer of a master that is awake would. @returns whether a chunk was taken back */
  const pass = (ms: number) => {
    let some = false;
    for (let gone = 0; gone < ms; gone += TERMS.beat) {
      time.monotonic += TERMS.beat;
      some = shared.tick() || some;
    }
    return some;
  };
  return { shared, told, discarded, take, pass, time };
}

describe('the chunks of a shared video', () => {
  it('return to the queue when their helper is silent for the term of a lease', () => {
    const { shared, told, discarded, take, pass } = make();
    const lease = take('a');
    expect(pass(TERMS.expire - TERMS.beat)).toBe(false);
    expect(shared.isHelper(LEASE, 'a')).toBe(true);
    expect(pass(TERMS.beat)).toBe(true);
    expect(shared.isHelper(LEASE, 'a')).toBe(false);
    expect(told).toEqual([['revoked', { worker: 'a', ...LEASE }]]);
    expect(discarded).toEqual(['1-2 0']);
    expect(shared.beat('a', [lease])).toEqual([lease]);
  });

  it('stay with a helper that names them', () => {
    const { shared, take, pass } = make();
    const lease = take('a');
    for (let beats = 0; beats < 5; beats++) {
      expect(pass(TERMS.expire - TERMS.beat)).toBe(false);
      expect(shared.beat('a', [lease])).toEqual([]);
    }
    expect(shared.beat('b', [lease])).toEqual([lease]);
  });

  it('return to the queue when their helper is there, but names them no more', () => {
    const { shared, take } = make();
    const lease = take('a');
    expect([shared.countBeat('a'), shared.countBeat('b'), shared.countBeat('a')]).toEqual([false, false, false]);
    shared.beat('a', [lease]);
    expect([shared.countBeat('a'), shared.countBeat('a'), shared.countBeat('a')]).toEqual([false, false, true]);
    expect(shared.isHelper(LEASE, 'a')).toBe(false);
  });

  it('get a fresh term after the master slept', () => {
    const { shared, take, pass, time } = make();
    take('a');
    time.monotonic += 10 * TERMS.expire;
    expect(shared.tick()).toBe(false);
    expect(pass(TERMS.expire - TERMS.beat)).toBe(false);
    expect(pass(TERMS.beat)).toBe(true);
  });

  it('end with the lease of their video, and are fenced under another one', () => {
    const { shared, told, take } = make();
    take('a');
    const progress = { stage: 'encoding' as const, chunks: { done: 0, total: 3 } };
    expect(shared.withComputers(LEASE, progress)).toEqual({
      ...progress,
      chunks: { ...progress.chunks, computers: 2 },
    });
    expect(() => shared.require({ ...LEASE, epoch: 3 })).toThrow(expect.objectContaining({ code: 'fenced' }));
    shared.drop({ ...LEASE, epoch: 1 });
    expect(shared.helpOf('a')).toEqual([{ task: 1, chunk: CHUNKS[0] }]);
    shared.drop(LEASE);
    expect(told).toEqual([['revoked', { worker: 'a', ...LEASE }]]);
    expect(shared.helpOf('a')).toEqual([]);
    expect(shared.withComputers(LEASE, progress)).toBe(progress);
  });

  it('leave a worker that is removed', () => {
    const { shared, take } = make();
    take('a');
    take('b');
    expect(shared.revokeAll('a')).toBe(true);
    expect(shared.revokeAll('a')).toBe(false);
    expect(shared.isHelper(LEASE, 'b')).toBe(true);
  });

  it('are encoded by one worker alone after a result with chunks of helpers was refused', () => {
    const { shared, take } = make();
    const board = shared.require(LEASE);
    board.next([], [], { assign: true, now: 0 });
    const { from, to } = take('a');
    const facts = { size: 5, sha256: '', first: 0, header: '', shapes: [] };
    board.finish({ from, to }, 'a', { kind: 'done', ...facts }, 0);
    board.next([{ from, to, size: 5 }], [], { assign: true, now: 0 });
    shared.drop(LEASE);
    expect(shared.refuse(LEASE)).toBe(true);
    // Refused once more, it is the fault of whoever encoded all of it.
    expect(shared.refuse(LEASE)).toBe(false);
    const next = { task: LEASE.task, epoch: 3 };
    shared.offer(next, 'holder', { chunks: CHUNKS, crf: 30 });
    expect(shared.require(next).waitingFor('a')).toEqual([]);
    shared.forget(next);
    const last = { task: LEASE.task, epoch: 4 };
    shared.offer(last, 'holder', { chunks: CHUNKS, crf: 30 });
    expect(shared.require(last).waitingFor('a')).not.toEqual([]);
  });

  it('belong to the lease that was granted last', () => {
    const { shared, told, take } = make();
    take('a');
    shared.offer({ task: 1, epoch: 3 }, 'other', { chunks: CHUNKS, crf: 30 });
    expect(told).toEqual([['revoked', { worker: 'a', ...LEASE }]]);
    expect(shared.find(LEASE)).toBeUndefined();
    expect(shared.require({ task: 1, epoch: 3 }).holder).toBe('other');
  });
});
