import { describe, expect, it } from 'vitest';
import { Leases } from './leases.ts';

const TERMS = { beat: 10, suspect: 60, expire: 300 };

/** Leases under a clock that only a test moves. */
function make() {
  const time = { monotonic: 1000, wall: 5_000_000 };
  const leases = new Leases({ monotonic: () => time.monotonic, wall: () => time.wall }, TERMS);
  const add = (task: number, workerId = 'a') => {
    const view = { task, file: task, library: 1, path: `${task}.mkv`, worker: workerId, workerId };
    leases.add({ ...view, progress: { stage: 'preparing' } }, 1);
    const held = leases.get(task);
    if (!held) throw new Error('it is not held');
    return held;
  };
  /** Lets time go by in beats, as the timer of a master that is awake would. */
  const pass = (ms: number) => {
    const ended: number[] = [];
    for (let gone = 0; gone < ms; gone += TERMS.beat) {
      time.monotonic += TERMS.beat;
      time.wall += TERMS.beat;
      for (const { view } of leases.tick()) ended.push(view.task);
    }
    return [...new Set(ended)];
  };
  return { time, leases, add, pass };
}

describe('a lease', () => {
  it('is in doubt after its worker was silent for a while, and over later', () => {
    const { leases, add, pass } = make();
    const held = add(1);
    expect(pass(50)).toEqual([]);
    expect(leases.isSuspect(held)).toBe(false);
    expect(pass(10)).toEqual([]);
    expect(leases.isSuspect(held)).toBe(true);
    expect(pass(230)).toEqual([]);
    expect(pass(10)).toEqual([1]);
  });

  it('lasts as long as heartbeats name it', () => {
    const { leases, add, pass } = make();
    add(1);
    add(2);
    for (let i = 0; i < 100; i++) {
      expect(pass(50)).toEqual([]);
      expect(
        leases.renewNamed(
          'a',
          [
            { task: 1, epoch: 1 },
            { task: 2, epoch: 1 },
          ],
          false,
        ),
      ).toEqual([]);
    }
  });

  it('expires separately for each task, and is renewed only by its own worker', () => {
    const { leases, add, pass } = make();
    add(1, 'a');
    add(2, 'b');
    pass(200);
    leases.renewNamed(
      'a',
      [
        { task: 1, epoch: 1 },
        { task: 2, epoch: 1 },
      ],
      false,
    );
    expect(pass(100)).toEqual([2]);
  });

  it('does not end while the master has the result', () => {
    const { leases, add, pass } = make();
    const held = add(1);
    held.taken = true;
    expect(pass(1000)).toEqual([]);
    expect(leases.isSuspect(held)).toBe(false);
    expect(leases.renewNamed('a', [], true)).toEqual([]);
  });

  it('gets a fresh term after the master slept, on a clock that counts sleep', () => {
    const { time, leases, add, pass } = make();
    const held = add(1);
    pass(250);
    time.monotonic += 40_000;
    time.wall += 40_000;
    expect(leases.tick()).toEqual([]);
    expect(leases.isSuspect(held)).toBe(false);
    expect(pass(290)).toEqual([]);
    expect(pass(10)).toEqual([1]);
  });

  it('gets a fresh term after the master slept, on a clock that stops during sleep', () => {
    const { time, add, pass } = make();
    add(1);
    pass(250);
    time.wall += 40_000;
    expect(pass(290)).toEqual([]);
    expect(pass(20)).toEqual([1]);
  });

  it('is not ended by a wall clock that is set back or ahead', () => {
    const { time, add, pass } = make();
    add(1);
    time.wall += 86_400_000;
    expect(pass(200)).toEqual([]);
    time.wall -= 2 * 86_400_000;
    expect(pass(90)).toEqual([]);
  });
});

describe('a heartbeat', () => {
  it('that lacks a task may have crossed its grant; two that lack it forget it', () => {
    const { leases, add } = make();
    add(1);
    expect(leases.renewNamed('a', [], false)).toEqual([]);
    expect(leases.renewNamed('a', [], false).map(({ view }) => view.task)).toEqual([1]);
  });

  it('that names a task again makes up for one that lacked it', () => {
    const { leases, add } = make();
    add(1);
    leases.renewNamed('a', [], false);
    leases.renewNamed('a', [{ task: 1, epoch: 1 }], false);
    expect(leases.renewNamed('a', [], false)).toEqual([]);
  });

  it('forgets at once after a start or a cut', () => {
    const { leases, add } = make();
    add(1);
    add(2);
    add(3, 'b');
    expect(leases.renewNamed('a', [{ task: 2, epoch: 1 }], true).map(({ view }) => view.task)).toEqual([1]);
  });

  it('of another epoch is not one of this task', () => {
    const { leases, add } = make();
    add(1);
    expect(leases.renewNamed('a', [{ task: 1, epoch: 2 }], true)).toHaveLength(1);
  });
});

describe('the stages of a task', () => {
  it('add up in seconds, separately for each stage', () => {
    const { leases, add, pass } = make();
    const held = add(1);
    pass(2000);
    leases.setStage(held, { stage: 'encoding', share: 0 });
    pass(1000);
    leases.setStage(held, { stage: 'encoding', share: 0.5 });
    pass(500);
    expect(leases.stages({ task: 1, epoch: 1 })).toEqual({ preparing: 2, encoding: 1.5 });
    expect(leases.get(1)?.view.progress).toEqual({ stage: 'encoding', share: 0.5 });
    expect(leases.stages({ task: 2, epoch: 1 })).toEqual({});
  });
});
