/** The dispatcher with a real database and real files; only time is the test's own. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { Grant, Lease, Orders, Outcome } from '../../../src-shared/jobs/lease.ts';
import type { AudioStream, Stream } from '../../../src-shared/media/probe.ts';
import { SKIP_CODES } from '../../../src-shared/plan/skip.ts';
import { BulkUpdates } from '../../db/tables/bulk-updates.ts';
import { WorkerTable } from '../../db/tables/workers.ts';
import { makeContext } from '../../test/support/context.ts';
import { helloOf } from '../../test/support/hello.ts';
import { until } from '../../test/support/wait.ts';
import { Dispatcher } from './dispatcher.ts';
import { LEASE_TERMS } from './leases.ts';
import type { Member } from './member.ts';
import { overridesFor } from './overrides.ts';

const FAILED: Outcome = { kind: 'failed', reason: 'ffmpeg failed.', log: '' };
const leaseOf = ({ task, epoch }: Grant): Lease => ({ task, epoch });

/** A library of `videos`, and a master with the workers `a`, `b` and `here` (its own) that can be started anew. */
async function makeMaster(clips: string[], retryMs = 60_000) {
  const { ctx, db, root, library, files, jobs, video: clip, queue, eventsOf } = makeContext();
  for (const name of clips) await queue(name);
  const time = { monotonic: 0, wall: 0 };
  const member = (id: string): Member => ({
    ...{ id, name: id.toUpperCase(), local: id === 'here', mode: 'active', settings: WORKER_DEFAULTS },
    ...{ hello: null, addedAt: 0, seenAt: null },
  });
  const members = ['here', 'a', 'b'].map(member);
  const clock = { monotonic: () => time.monotonic, wall: () => time.wall };
  const start = () => {
    const dispatcher = new Dispatcher(ctx, { members: () => members, clock, retryMs });
    onTestFinished(() => dispatcher.stop());
    dispatcher.start();
    return dispatcher;
  };
  const dispatcher = start();
  /** The next task for a worker; there has to be one. */
  const lease = async (worker: string, from = dispatcher): Promise<Grant> => {
    const grant = await from.lease(worker, false);
    if (!grant) throw new Error('there is no work');
    return grant;
  };
  /** A worker fails at its next video, and can do its work nevertheless. */
  const fail = async (worker: string): Promise<Grant> => {
    const grant = await lease(worker);
    dispatcher.giveBack(leaseOf(grant), FAILED, worker);
    dispatcher.breaker.recordSelfTest(worker, null);
    return grant;
  };
  /** Silence for so long, in beats of a master that is awake. */
  const pass = (ms: number, on = dispatcher) => {
    for (let gone = 0; gone < ms; gone += LEASE_TERMS.beat) {
      time.monotonic += LEASE_TERMS.beat;
      time.wall += LEASE_TERMS.beat;
      on.tick();
    }
  };
  const state = (name: string) => clip(name)?.state;
  const attempts = (name: string) =>
    jobs.attempts(clip(name)?.id ?? 0).map(({ worker, outcome }) => `${worker} ${outcome}`);
  const asked = { dispatcher, start, lease, fail, pass, time, members };
  return { root, ctx, db, ...asked, library, jobs, files, state, attempts, eventsOf };
}

const FENCED = expect.objectContaining({ code: 'fenced' });

describe('a lease', () => {
  it('is given to one worker at a time', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4', 'two.mp4']);
    const [one, two] = await Promise.all([lease('a'), lease('b')]);
    expect(new Set([one.path, two.path])).toEqual(new Set(['one.mp4', 'two.mp4']));
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(dispatcher.running.map(({ worker, workerId }) => `${worker} ${workerId}`).sort()).toEqual(['A a', 'B b']);
  });

  it('of a silent worker passes to another one with a higher epoch, and every call of the first is fenced', async () => {
    const { dispatcher, lease, pass, attempts, eventsOf } = await makeMaster(['one.mp4']);
    const old = await lease('a');
    pass(LEASE_TERMS.expire - LEASE_TERMS.beat);
    expect(await dispatcher.lease('b', false)).toBeNull();
    pass(LEASE_TERMS.beat);
    const fresh = await lease('b');
    expect(fresh).toMatchObject({ task: old.task, epoch: old.epoch + 1 });
    expect(eventsOf('revoked')).toEqual([{ worker: 'a', ...leaseOf(old) }]);

    expect(() => dispatcher.progress(leaseOf(old), { stage: 'encoding' }, 'a')).toThrow(FENCED);
    expect(() => dispatcher.giveBack(leaseOf(old), FAILED, 'a')).toThrow(FENCED);
    expect(() => dispatcher.claim(leaseOf(old))).toThrow(FENCED);
    expect(dispatcher.beat('a', { held: [leaseOf(old)], yielding: null, load: null }, false).lost).toEqual([
      leaseOf(old),
    ]);
    expect(attempts('one.mp4')).toEqual(['A interrupted', 'B null']);
    // None of it touched the one that holds it now.
    dispatcher.progress(leaseOf(fresh), { stage: 'encoding', share: 0.5 }, 'b');
    expect(dispatcher.running).toMatchObject([{ workerId: 'b', progress: { share: 0.5 } }]);
  });

  it('cannot be used by another worker, or with another epoch', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4']);
    const grant = await lease('a');
    const next = { task: grant.task, epoch: grant.epoch + 1 };
    for (const [of, by] of [
      [leaseOf(grant), 'b'],
      [next, 'a'],
      [{ task: 99, epoch: 1 }, 'a'],
    ] as const) {
      expect(() => dispatcher.requireHeld(of, by)).toThrow(FENCED);
      expect(() => dispatcher.progress(of, { stage: 'encoding' }, by)).toThrow(FENCED);
      expect(() => dispatcher.giveBack(of, { kind: 'released' }, by)).toThrow(FENCED);
    }
    expect(dispatcher.requireHeld(leaseOf(grant), 'a')).toMatchObject({ id: grant.task, state: 'leased' });
  });

  it('that was granted twice, because the question was, goes back when its worker names only one', async () => {
    const { dispatcher, lease, state } = await makeMaster(['one.mp4', 'two.mp4']);
    const [heard, lost] = [await lease('a'), await lease('a')];
    const beat = () => dispatcher.beat('a', { held: [leaseOf(heard)], yielding: null, load: null }, false);
    beat();
    expect(state(lost.path)).toBe('running');
    beat();
    expect([state(heard.path), state(lost.path)]).toEqual(['running', 'queued']);
  });

  it('ends once: an outcome that comes twice is refused the second time', async () => {
    const { dispatcher, lease, attempts } = await makeMaster(['one.mp4']);
    const grant = await lease('a');
    dispatcher.giveBack(leaseOf(grant), FAILED, 'a');
    expect(() => dispatcher.giveBack(leaseOf(grant), FAILED, 'a')).toThrow(FENCED);
    expect(attempts('one.mp4')).toEqual(['A failed']);
  });

  it('is delivered once, and its late words do not take the result back', async () => {
    const { dispatcher, lease, pass, state } = await makeMaster(['one.mp4']);
    const grant = leaseOf(await lease('a'));
    const task = dispatcher.claim(grant);
    expect(() => dispatcher.claim(grant)).toThrow(FENCED);
    expect(() => dispatcher.giveBack(grant, { kind: 'released' }, 'a')).toThrow(FENCED);
    task.setStage('checking');
    dispatcher.progress(grant, { stage: 'encoding', share: 0.9 }, 'a');
    expect(dispatcher.running).toMatchObject([{ progress: { stage: 'checking' } }]);
    // While the master checks it, its worker may fall silent.
    pass(2 * LEASE_TERMS.expire);
    expect(state('one.mp4')).toBe('running');
    task.unclaim();
    dispatcher.claim(grant);
  });

  it('that is over touches nothing of the next one of the same task', async () => {
    const { dispatcher, lease, jobs, files } = await makeMaster(['one.mp4']);
    const old = await lease('a');
    const oldTask = dispatcher.claim(leaseOf(old));
    const inWork = oldTask.signal;
    dispatcher.cancel(old.file);
    expect(inWork.reason).toEqual(FENCED);
    jobs.apply(old.file, 'skip');
    const row = files.get(old.file);
    if (row) jobs.queue(row);
    const fresh = leaseOf(await lease('b'));
    const freshTask = dispatcher.claim(fresh);
    oldTask.unclaim();
    oldTask.release();
    expect(dispatcher.running).toMatchObject([{ task: old.task, workerId: 'b' }]);
    // Still in the master's hands.
    expect(() => dispatcher.giveBack(fresh, FAILED, 'b')).toThrow(FENCED);
    expect([inWork.aborted, freshTask.signal.aborted]).toEqual([true, false]);
  });

  it('ends at once where the user skips the video or removes the worker', async () => {
    const { dispatcher, lease, members, state, eventsOf } = await makeMaster(['one.mp4', 'two.mp4']);
    const [one, two] = [await lease('a'), await lease('b')];
    dispatcher.cancel(one.file);
    members.splice(1, 1);
    members.splice(1, 1);
    dispatcher.removeWorker('b');
    expect(eventsOf('revoked')).toEqual([
      { worker: 'a', ...leaseOf(one) },
      { worker: 'b', ...leaseOf(two) },
    ]);
    expect(state(two.path)).toBe('queued');
    expect(dispatcher.running).toEqual([]);
    expect(await dispatcher.lease('b', false)).toBeNull();
    expect(() => dispatcher.beat('b', { held: [leaseOf(two)], yielding: null, load: null }, true)).toThrow(
      expect.objectContaining({ code: 'denied' }),
    );
  });
});

describe('a master that starts again', () => {
  it('gives workers a fresh term, and takes back tasks that its own worker no longer holds', async () => {
    const { start, lease, pass, state } = await makeMaster(['one.mp4', 'two.mp4']);
    const [theirs, own] = [await lease('a'), await lease('here')];
    const again = start();
    expect([state(theirs.path), state(own.path)]).toEqual(['running', 'running']);
    again.beat('here', { held: [], yielding: null, load: null }, true);
    expect([state(theirs.path), state(own.path)]).toEqual(['running', 'queued']);
    expect(again.running).toMatchObject([{ task: theirs.task, workerId: 'a', path: theirs.path }]);
    pass(LEASE_TERMS.expire / 2, again);
    expect(again.beat('a', { held: [leaseOf(theirs)], yielding: null, load: null }, true).lost).toEqual([]);
    again.progress(leaseOf(theirs), { stage: 'encoding' }, 'a');
    again.claim(leaseOf(theirs));
  });

  it('ends the term of those that do not come back', async () => {
    const { start, lease, pass, state } = await makeMaster(['one.mp4']);
    await lease('a');
    const again = start();
    pass(LEASE_TERMS.expire, again);
    expect(state('one.mp4')).toBe('queued');
  });

  it('takes a result again that it lost before it was verified', async () => {
    const { start, lease, jobs, state } = await makeMaster(['one.mp4']);
    const grant = await lease('a');
    jobs.apply(grant.file, 'deliver');
    const again = start();
    expect(state('one.mp4')).toBe('running');
    expect(again.beat('a', { held: [leaseOf(grant)], yielding: null, load: null }, true).lost).toEqual([]);
    expect(again.claim(leaseOf(grant)).requireHeld()).toMatchObject({ state: 'leased' });
  });

  it('takes back the tasks of a worker that was removed in the meantime', async () => {
    const { start, lease, members, state } = await makeMaster(['one.mp4']);
    await lease('a');
    members.splice(1, 1);
    start();
    expect(state('one.mp4')).toBe('queued');
  });
});

describe('three attempts', () => {
  it('fail a video, on two workers where there are two', async () => {
    const { dispatcher, fail, state, attempts } = await makeMaster(['one.mp4']);
    dispatcher.workers.onConnected('a', true);
    dispatcher.workers.onConnected('b', true);
    for (let n = 0; n < 2; n++) await fail('a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(state('one.mp4')).toBe('queued');
    await fail('b');
    expect(state('one.mp4')).toBe('failed');
    expect(attempts('one.mp4')).toEqual(['A failed', 'A failed', 'B failed']);
  });

  it('may all be those of one worker where no other can take it', async () => {
    const { dispatcher, fail, members, state } = await makeMaster(['one.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    for (let n = 0; n < 2; n++) await fail('a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    const b = members[2];
    if (b) b.mode = 'paused';
    await fail('a');
    expect(state('one.mp4')).toBe('failed');
  });

  it('leave other videos to the worker that failed one', async () => {
    const { dispatcher, lease, fail } = await makeMaster(['one.mp4', 'two.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    const first = await fail('a');
    await fail('a');
    expect((await lease('a')).path).not.toBe(first.path);
    expect((await lease('b')).path).toBe(first.path);
  });

  it('start over when the user retries a failed video', async () => {
    const { dispatcher, fail, files, jobs, state } = await makeMaster(['one.mp4']);
    for (let n = 0; n < 3; n++) await fail('a');
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    const row = files.get(1);
    if (row) jobs.queue(row);
    await fail('a');
    expect(state('one.mp4')).toBe('queued');
  });
});

describe('wasted conversions', () => {
  const word = (held: Lease[]) => ({ held, yielding: null, load: null });
  /** A Flotilla that converts something ends without a word, and starts again. */
  const crash = async (master: Awaited<ReturnType<typeof makeMaster>>, from: Dispatcher): Promise<Dispatcher> => {
    await master.lease('here', from);
    const again = master.start();
    again.beat('here', word([]), true);
    return again;
  };

  it('that end together with their Flotilla are not begun a fourth time until the user asks for it', async () => {
    const master = await makeMaster(['one.mp4']);
    const { ctx, files, attempts } = master;
    let running = master.dispatcher;
    for (let n = 0; n < 3; n++) running = await crash(master, running);
    expect(await running.lease('here', false)).toBeNull();
    expect(files.get(1)).toMatchObject({
      state: 'blocked',
      code: 'wasted',
      reason: /^Flotilla stopped unexpectedly on HERE during the last 3 conversions/,
    });
    expect(attempts('one.mp4')).toEqual(['HERE interrupted', 'HERE interrupted', 'HERE interrupted']);
    new BulkUpdates(ctx.db).queue([1]);
    await crash(master, running);
    await crash(master, running);
    expect(files.get(1)?.state).toBe('queued');
  });

  it('do not count where it was ended in order in between, nor where a grant got lost on its way', async () => {
    const master = await makeMaster(['one.mp4']);
    const { lease, time } = master;
    let running = master.dispatcher;
    for (let n = 0; n < 4; n++) {
      for (let m = 0; m < 2; m++) running = await crash(master, running);
      running.giveBack(leaseOf(await lease('here', running)), { kind: 'released' }, 'here');
    }
    for (let n = 0; n < 4; n++) {
      await lease('a', running);
      running.beat('a', word([]), true);
      // What comes back at once rests for a while.
      time.monotonic += 900_000;
    }
    const held = [leaseOf(await lease('a', running))];
    running.beat('a', word(held), false);
  });

  it('on other computers count where these had begun', async () => {
    const { dispatcher, lease, pass, state } = await makeMaster(['one.mp4']);
    for (const worker of ['a', 'b', 'a']) {
      const grant = await lease(worker);
      dispatcher.progress(leaseOf(grant), { stage: 'encoding' }, worker);
      pass(LEASE_TERMS.suspect);
      dispatcher.beat(worker, word([]), true);
    }
    expect(await dispatcher.lease('b', false)).toBeNull();
    expect(state('one.mp4')).toBe('blocked');
  });

  it('that faults of their computer end after a while of work count, those that end at once do not', async () => {
    const { dispatcher, lease, time, files } = await makeMaster(['one.mp4']);
    const fail = async (seconds: number) => {
      const grant = leaseOf(await lease('a'));
      dispatcher.progress(grant, { stage: 'encoding' }, 'a');
      time.monotonic += 1000 * seconds;
      dispatcher.giveBack(grant, { kind: 'node', reason: 'The disk reports errors.' }, 'a');
      dispatcher.breaker.reset('a');
    };
    for (let n = 0; n < 12; n++) await fail(1);
    for (let n = 0; n < 10; n++) await fail(61);
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(files.get(1)).toMatchObject({
      state: 'blocked',
      reason: /interrupted, most recently on A: The disk reports errors/,
    });
  });

  it('whose computers fall silent end after ten', async () => {
    const { dispatcher, lease, pass, files } = await makeMaster(['one.mp4']);
    for (let n = 0; n < 10; n++) {
      await lease(n % 2 ? 'a' : 'b');
      pass(LEASE_TERMS.expire);
    }
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(files.get(1)?.reason).toMatch(
      /^The last 10 conversions of this video were interrupted, most recently on A: A stopped responding/,
    );
  });
});

describe('a result that is refused', () => {
  const refused: Outcome = { kind: 'failed', reason: 'It shows another picture.', log: '', refused: true };

  it('is not made again by the same computer, nor after a restart of the master, until the user retries', async () => {
    const { dispatcher, start, lease, files, jobs, state } = await makeMaster(['one.mp4']);
    const link = (to: Dispatcher) => ['a', 'b'].map((id) => to.workers.onConnected(id, true));
    link(dispatcher);
    dispatcher.finish(leaseOf(await lease('a')), refused);
    expect(await dispatcher.lease('a', false)).toBeNull();
    const again = start();
    link(again);
    expect(await again.lease('a', false)).toBeNull();
    again.finish(leaseOf(await lease('b', again)), refused);
    expect(state('one.mp4')).toBe('failed');
    const row = files.get(1);
    if (row) jobs.queue(row);
    again.finish(leaseOf(await lease('a', again)), refused);
    expect(state('one.mp4')).toBe('queued');
    await lease('b', again);
  });

  it('does not count where its computer turns out to be at fault', async () => {
    const { dispatcher, lease, jobs } = await makeMaster(['one.mp4', 'two.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    for (let n = 0; n < 2; n++) dispatcher.finish(leaseOf(await lease('a')), refused);
    expect(jobs.tries.refusedOf(1)).toEqual(['a']);
    dispatcher.breaker.recordSelfTest('a', 'No.');
    expect([jobs.tries.refusedOf(1), jobs.tries.refusedOf(2)]).toEqual([[], []]);
  });
});

describe('a worker on which videos fail in a row', () => {
  async function failing() {
    const master = await makeMaster(['one.mp4', 'two.mp4', 'three.mp4']);
    const { dispatcher, lease } = master;
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    for (let n = 0; n < 2; n++) dispatcher.giveBack(leaseOf(await lease('a')), FAILED, 'a');
    return master;
  }

  it('is asked to prove what it can, and given no video before it has', async () => {
    const { dispatcher, lease, eventsOf, jobs } = await failing();
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'waiting',
      problem: expect.stringMatching(/^2 attempts in a row failed on A\. Running a self-test/),
    });
    expect(eventsOf('orders').at(-1)).toMatchObject({ worker: 'a', prove: true });
    expect(dispatcher.beat('a', { held: [], yielding: null, load: null }, true).prove).toBe(true);
    expect([dispatcher.workers.isTesting, dispatcher.pause.reason]).toEqual([true, null]);
    dispatcher.breaker.recordSelfTest('a', null);
    expect(dispatcher.workers.isTesting).toBe(false);
    expect(dispatcher.beat('a', { held: [], yielding: null, load: null }, true).prove).toBe(false);
    await lease('a');
    // The videos are at fault: their attempts count.
    expect(jobs.get(1)?.attempts).toBe(2);
  });

  it('and that fails at a test picture too pauses with the reason, and its failures do not count', async () => {
    const { dispatcher, lease, jobs, attempts } = await failing();
    dispatcher.breaker.recordSelfTest('a', 'Illegal instruction.');
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'waiting',
      problem: expect.stringMatching(
        /^A failed its self-test \(Illegal instruction\)\. .* Flotilla retries automatically\.$/,
      ),
    });
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(jobs.get(1)?.attempts).toBe(0);
    expect(attempts('one.mp4')).toEqual(['A node', 'A node']);
    await lease('b');
  });

  it('takes back also what was given up because of it', async () => {
    const { dispatcher, fail, lease, state, jobs } = await makeMaster(['one.mp4']);
    await fail('b');
    for (let n = 0; n < 2; n++) dispatcher.giveBack(leaseOf(await lease('a')), FAILED, 'a');
    expect(state('one.mp4')).toBe('failed');
    dispatcher.breaker.recordSelfTest('a', 'No.');
    expect([state('one.mp4'), jobs.get(1)?.attempts]).toEqual(['queued', 1]);
  });

  it('is tried again by a test picture, not by a video', async () => {
    const { dispatcher, lease, eventsOf, jobs } = await makeMaster(['one.mp4'], 1);
    dispatcher.workers.onConnected('a', true);
    for (let n = 0; n < 2; n++) dispatcher.giveBack(leaseOf(await lease('a')), FAILED, 'a');
    dispatcher.breaker.recordSelfTest('a', 'No.');
    await until(() => expect(eventsOf('orders').filter((orders) => (orders as Orders).prove)).toHaveLength(2));
    expect(await dispatcher.lease('a', false)).toBeNull();
    dispatcher.breaker.recordSelfTest('a', null);
    expect([jobs.get(1)?.attempts, dispatcher.pause.reason]).toEqual([0, null]);
    await lease('a');
  });

  it('but not in a row is not doubted', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4', 'two.mp4', 'three.mp4']);
    const skip: Outcome = { kind: 'skip', code: 'no-savings', reason: 'No savings.' };
    for (const outcome of [FAILED, skip, FAILED]) dispatcher.giveBack(leaseOf(await lease('a')), outcome, 'a');
    await lease('a');
  });
});

describe('a fault of a worker', () => {
  const full: Outcome = { kind: 'node', reason: 'The temporary folder /tmp is full.' };

  it('pauses only that worker, uses up no attempt, and ends automatically', async () => {
    const { dispatcher, lease, attempts, jobs } = await makeMaster(['one.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    dispatcher.giveBack(leaseOf(await lease('a')), full, 'a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(dispatcher.workers.view('a')).toMatchObject({ state: 'waiting', problem: full.reason });
    expect(dispatcher.pause.reason).toBeNull();
    const grant = await lease('b');
    expect(attempts(grant.path)).toEqual(['A node', 'B null']);
    expect(jobs.get(1)?.attempts).toBe(0);
    dispatcher.breaker.reset('a');
    expect(dispatcher.workers.view('a')).toMatchObject({ state: 'idle', problem: null });
  });

  it('is over when a later try goes well, however often it came', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4'], 1);
    dispatcher.workers.onConnected('a', true);
    for (let n = 0; n < 3; n++) {
      dispatcher.giveBack(leaseOf(await lease('a')), full, 'a');
      await until(() => expect(dispatcher.workers.view('a')?.state).toBe('idle'));
    }
    await lease('a');
  });

  it('of the only connected worker is reported as a pause of all work, and so is its end', async () => {
    const { dispatcher, lease, eventsOf } = await makeMaster(['one.mp4']);
    dispatcher.workers.onConnected('here', true);
    dispatcher.giveBack(leaseOf(await lease('here')), full, 'here');
    expect(dispatcher.pause.reason).toBe(full.reason);
    dispatcher.resume();
    expect(dispatcher.pause.reason).toBeNull();
    expect(eventsOf('paused')).toEqual([{ reason: full.reason }, { reason: null }]);
    await lease('here');
  });
});

describe('a pause', () => {
  it('for a fault of the master ends automatically, and so does one for a fault of the only worker', async () => {
    const { dispatcher, lease, eventsOf } = await makeMaster(['one.mp4'], 1);
    dispatcher.workers.onConnected('here', true);
    dispatcher.pause.beginFor('The disk is full.');
    expect(await dispatcher.lease('here', false)).toBeNull();
    await until(() => expect(dispatcher.pause.reason).toBeNull());
    dispatcher.giveBack(leaseOf(await lease('here')), { kind: 'node', reason: 'No room.' }, 'here');
    await until(() => expect(dispatcher.pause.reason).toBeNull());
    expect(eventsOf('paused').map((told) => (told as { reason: string | null }).reason)).toEqual([
      'The disk is full.',
      null,
      'No room.',
      null,
    ]);
  });

  it('of the user ends by the user only', async () => {
    const { dispatcher } = await makeMaster(['one.mp4'], 1);
    dispatcher.pause.begin({ reason: 'Paused by you.', byUser: true, held: false, until: null });
    dispatcher.pause.beginFor('The disk is full.');
    expect(dispatcher.pause.reason).toBe('Paused by you.');
    expect(await dispatcher.lease('a', false)).toBeNull();
    dispatcher.resume();
    expect(await dispatcher.lease('a', false)).not.toBeNull();
  });
});

describe('a worker', () => {
  it('that is gone is offline also while its result waits for the verification', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4']);
    dispatcher.workers.onConnected('a', true);
    dispatcher.claim(leaseOf(await lease('a')));
    expect(dispatcher.running).toMatchObject([{ delivered: true }]);
    expect(dispatcher.workers.view('a')?.state).toBe('working');
    dispatcher.workers.onConnected('a', false);
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'offline',
      problem: 'Its result is being verified here.',
    });
  });

  it('is shown as what it is', async () => {
    const { dispatcher, lease, pass, members } = await makeMaster(['one.mp4']);
    const state = () => dispatcher.workers.view('a')?.state;
    expect(state()).toBe('offline');
    dispatcher.workers.onConnected('a', true);
    expect(state()).toBe('idle');
    const grant = await lease('a');
    expect(state()).toBe('working');
    dispatcher.workers.onConnected('a', false);
    expect(state()).toBe('working');
    pass(20_000);
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'offline',
      problem: '1 video will be reassigned if it stays offline.',
    });
    dispatcher.workers.onConnected('a', true);
    expect(state()).toBe('working');
    pass(LEASE_TERMS.suspect);
    expect(state()).toBe('suspect');
    dispatcher.beat('a', { held: [leaseOf(grant)], yielding: null, load: null }, true);
    expect(state()).toBe('working');
    dispatcher.giveBack(leaseOf(grant), { kind: 'released' }, 'a');
    dispatcher.beat('a', { held: [], yielding: { cause: 'hours', held: true }, load: null }, false);
    expect(dispatcher.workers.view('a')).toMatchObject({
      state: 'yielding',
      problem: 'Waiting: outside working hours.',
    });
    const a = members[1];
    if (a) a.mode = 'paused';
    expect(dispatcher.workers.view('a')).toMatchObject({ state: 'paused', problem: 'Paused by you.' });
    expect(await dispatcher.lease('a', false)).toBeNull();
  });

  it('tells its users once about each change, and its worker what it wants', async () => {
    const { dispatcher, members, eventsOf } = await makeMaster([]);
    dispatcher.workers.onConnected('a', true);
    dispatcher.workers.onConnected('a', true);
    dispatcher.tick();
    expect(eventsOf('worker')).toMatchObject([{ id: 'a', state: 'idle' }, { id: 'here' }, { id: 'b' }]);
    const a = members[1];
    if (a) a.mode = 'draining';
    dispatcher.workers.changed('a');
    expect(eventsOf('orders')).toEqual([{ worker: 'a', settings: WORKER_DEFAULTS, mode: 'draining', prove: false }]);
    expect(eventsOf('worker').at(-1)).toMatchObject({ id: 'a', mode: 'draining', state: 'paused' });
  });

  it('gets a video to fetch ahead only while the others have enough to do', async () => {
    const { dispatcher, lease } = await makeMaster(['1.mp4', '2.mp4', '3.mp4', '4.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    await lease('a');
    expect(await dispatcher.lease('a', true)).not.toBeNull();
    await lease('b');
    expect(await dispatcher.lease('a', true)).toBeNull();
    await lease('b');
  });

  it('gets no video ahead that it reads in place', async () => {
    const { dispatcher, lease, ctx, library } = await makeMaster(['1.mp4', '2.mp4', '3.mp4', '4.mp4']);
    dispatcher.workers.onConnected('a', true);
    await lease('a');
    new WorkerTable(ctx.db, 'here').add({ id: 'a', fingerprint: 'a', name: 'a' });
    ctx.storage.set('a', library.id, '/shared');
    expect(await dispatcher.lease('a', true)).toBeNull();
    ctx.storage.set('a', library.id, null);
    expect(await dispatcher.lease('a', true)).not.toBeNull();
  });
});

describe('before a grant', () => {
  it('a video that has changed, and a library that has gone, are left out', async () => {
    const { dispatcher, root, state, lease, library, ctx } = await makeMaster(['one.mp4', 'two.mp4']);
    writeFileSync(path.join(root, 'one.mp4'), 'another video');
    expect((await lease('a')).path).toBe('two.mp4');
    expect(state('one.mp4')).toBe('found');
    dispatcher.cancel(2);
    ctx.jobs.apply(2, 'release');
    renameSync(root, `${root}-gone`);
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(ctx.libraries.get(library.id)?.paused).toMatch(/cannot be read/);
    expect(state('two.mp4')).toBe('queued');
  });

  it('a video that cannot be read is blocked with the reason, and others are assigned', async () => {
    const { dispatcher, root, state, lease, library, ctx, files } = await makeMaster(['sub/one.mp4', 'two.mp4']);
    rmSync(path.join(root, 'sub'), { recursive: true });
    writeFileSync(path.join(root, 'sub'), 'no folder any more');
    expect((await lease('a')).path).toBe('two.mp4');
    expect(files.at(library.id, 'sub/one.mp4')).toMatchObject({
      state: 'blocked',
      code: 'not-replaceable',
      reason: expect.stringMatching(/^Couldn.t replace the file \(ENOTDIR: .*\)\. Fix this, then retry\.$/),
    });
    // The same of the root is no fault of a video.
    dispatcher.cancel(2);
    ctx.jobs.apply(2, 'release');
    rmSync(root, { recursive: true });
    writeFileSync(root, 'no folder any more', { mode: 0o600 });
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(ctx.libraries.get(library.id)?.paused).toMatch(/cannot be read/);
    expect(state('two.mp4')).toBe('queued');
  });

  it('a verdict that a computer at fault comes to as well counts when another one comes to it too', async () => {
    const { dispatcher, lease, state, attempts } = await makeMaster(['one.mp4', 'two.mp4']);
    const damaged: Outcome = { kind: 'skip', code: 'damaged', reason: 'The video is damaged.' };
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    const first = await lease('a');
    dispatcher.giveBack(leaseOf(first), damaged, 'a');
    expect(state(first.path)).toBe('queued');
    const other = await lease('a');
    expect(other.path).not.toBe(first.path);
    const second = await lease('b');
    expect(second.path).toBe(first.path);
    dispatcher.giveBack(leaseOf(second), damaged, 'b');
    expect(state(first.path)).toBe('skipped');
    expect(attempts(first.path)).toEqual(['A unconfirmed', 'B skip']);
    // With nobody else to ask, its word has to do.
    dispatcher.workers.onConnected('b', false);
    dispatcher.giveBack(leaseOf(other), damaged, 'a');
    expect(state(other.path)).toBe('skipped');
  });

  it('a worker that leaves video after video for one reason has to prove itself', async () => {
    const { dispatcher, lease } = await makeMaster(['1.mp4', '2.mp4', '3.mp4', '4.mp4']);
    const damaged: Outcome = { kind: 'skip', code: 'damaged', reason: 'The video is damaged.' };
    for (let n = 0; n < 3; n++) dispatcher.giveBack(leaseOf(await lease('a')), damaged, 'a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    dispatcher.breaker.recordSelfTest('a', null);
    expect(await dispatcher.lease('a', false)).not.toBeNull();
  });

  it('a worker that finds video after video too large is believed again when another one has come to the same', async () => {
    const clips = ['1.mp4', '2.mp4', '3.mp4', '4.mp4', '5.mp4', '6.mp4'];
    const { dispatcher, lease, state, attempts } = await makeMaster(clips);
    const useless: Outcome = { kind: 'skip', code: 'no-savings', reason: 'Not enough savings.' };
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    const judge = async (worker: string) => {
      const grant = await lease(worker);
      dispatcher.giveBack(leaseOf(grant), useless, worker);
      return grant.path;
    };
    for (let n = 0; n < 3; n++) expect(state(await judge('a'))).toBe('skipped');
    expect(dispatcher.workers.view('a')?.problem).toMatch(
      /^A skipped 3 videos in a row for the same reason \(no-savings\)/,
    );
    expect(await dispatcher.lease('a', false)).toBeNull();
    dispatcher.breaker.recordSelfTest('a', null);
    const fourth = await judge('a');
    expect([state(fourth), attempts(fourth)]).toEqual(['queued', ['A unconfirmed']]);
    expect(await judge('b')).toBe(fourth);
    expect([state(fourth), attempts(fourth)]).toEqual(['skipped', ['A unconfirmed', 'B skip']]);
    expect(state(await judge('a'))).toBe('skipped');
    // Where there is nobody to ask, its word has to do.
    dispatcher.workers.onConnected('b', false);
    expect(state(await judge('a'))).toBe('skipped');
  });

  it.each(['changes', 'old-ffmpeg', 'dolby-vision'] as const)('a second opinion is asked for on %s', async (code) => {
    const { dispatcher, lease, attempts, state } = await makeMaster(['1.mp4']);
    for (const id of ['a', 'b']) dispatcher.workers.onConnected(id, true);
    for (const worker of ['a', 'b'])
      dispatcher.giveBack(leaseOf(await lease(worker)), { kind: 'skip', code, reason: 'So it is.' }, worker);
    expect([attempts('1.mp4'), state('1.mp4')]).toEqual([['A unconfirmed', 'B skip'], 'skipped']);
  });

  it('a video that the user skips or forgets in the meantime counts as no fault', async () => {
    const { lease, ctx, state, files } = await makeMaster(['1.mp4', '2.mp4', '3.mp4']);
    const wishes = [() => ctx.jobs.apply(1, 'skip', { code: 'user' }), () => files.remove(2)];
    const { tables } = ctx;
    // Asked for before the video is looked at, which takes its time.
    ctx.tables = () => {
      const wish = wishes.shift();
      if (wish) queueMicrotask(wish);
      return tables();
    };
    expect((await lease('a')).path).toBe('3.mp4');
    expect([state('1.mp4'), state('2.mp4')]).toEqual(['skipped', undefined]);
  });
});

describe('a worker that means ill', () => {
  it('cannot leave a video alone for a reason that no worker can know, nor have it given up as refused', async () => {
    const { ctx, dispatcher, lease, state, attempts, jobs } = await makeMaster(['one.mp4']);
    const known =
      'captions changes container-refuses damaged data dolby-vision no-savings old-ffmpeg too-damaged'.split(' ');
    const others = SKIP_CODES.filter((code) => !known.includes(code));
    expect(others).toHaveLength(SKIP_CODES.length - known.length);
    for (const code of others) {
      dispatcher.giveBack(leaseOf(await lease('a')), { kind: 'skip', code, reason: 'It is so.' }, 'a');
      expect([code, attempts('one.mp4').at(-1)]).toEqual([code, 'A failed']);
      expect(state('one.mp4')).not.toBe('skipped');
      dispatcher.breaker.recordSelfTest('a', null);
      if (state('one.mp4') === 'failed') new BulkUpdates(ctx.db).queue([1]);
    }
    dispatcher.giveBack(leaseOf(await lease('a')), { ...FAILED, refused: true } as Outcome, 'a');
    expect(jobs.tries.refusedOf(1)).toEqual([]);
  });

  it("cannot end another worker's lease with any call", async () => {
    const { dispatcher, lease, state } = await makeMaster(['one.mp4']);
    const grant = leaseOf(await lease('a'));
    for (const call of [
      () => dispatcher.requireHeld(grant, 'b'),
      () => dispatcher.progress(grant, { stage: 'encoding' }, 'b'),
      () => dispatcher.giveBack(grant, FAILED, 'b'),
    ]) {
      expect(call).toThrow(FENCED);
      expect(dispatcher.running).toMatchObject([{ task: grant.task, workerId: 'a' }]);
    }
    // Nor does claiming to hold it.
    expect(dispatcher.beat('b', { held: [grant], yielding: null, load: null }, true).lost).toEqual([grant]);
    expect(dispatcher.claim(grant).signal.aborted).toBe(false);
    expect(state('one.mp4')).toBe('running');
  });

  it('holds at most the videos that it converts, one being fetched, and one being delivered', async () => {
    const { dispatcher, lease, members } = await makeMaster(['1.mp4', '2.mp4', '3.mp4', '4.mp4', '5.mp4', '6.mp4']);
    for (let n = 0; n < 3; n++) await lease('a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(await dispatcher.lease('a', true)).toBeNull();
    const a = members.find(({ id }) => id === 'a');
    if (a) a.settings = { ...a.settings, jobs: 2 };
    await lease('a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    // By its own word it may be set to as many as it likes, but it has two processors.
    if (a) Object.assign(a, { settings: { ...a.settings, jobs: 64 }, hello: helloOf('a') });
    expect(await dispatcher.lease('a', false)).toBeNull();
    await lease('b');
  });

  it('does not get again at once what it returned, while others are there; others do', async () => {
    const { dispatcher, lease } = await makeMaster(['one.mp4']);
    dispatcher.workers.onConnected('b', true);
    dispatcher.giveBack(leaseOf(await lease('a')), { kind: 'released' }, 'a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    await lease('b');
  });

  it('that keeps returning one video makes it rest, the longer the more often', async () => {
    const { dispatcher, lease, pass, time, eventsOf } = await makeMaster(['one.mp4']);
    const giveBack = async () => dispatcher.giveBack(leaseOf(await lease('a')), { kind: 'released' }, 'a');
    for (let n = 0; n < 3; n++) await giveBack();
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(await dispatcher.lease('b', false)).toBeNull();
    pass(60_000);
    expect(eventsOf('work').length).toBeGreaterThan(3);
    await giveBack();
    pass(60_000);
    expect(await dispatcher.lease('a', false)).toBeNull();
    pass(60_000);
    // What was worked on is no return at once.
    const grant = leaseOf(await lease('a'));
    time.monotonic += 10_001;
    dispatcher.giveBack(grant, { kind: 'released' }, 'a');
    await lease('a');
  });

  it('that returns one video after the other is halted, and the history stays short', async () => {
    const { dispatcher, lease, state, attempts, pass } = await makeMaster(['1.mp4', '2.mp4', '3.mp4', '4.mp4']);
    dispatcher.workers.onConnected('a', true);
    for (let n = 0; n < 8; n++) dispatcher.giveBack(leaseOf(await lease('a')), { kind: 'released' }, 'a');
    expect(await dispatcher.lease('a', false)).toBeNull();
    expect(dispatcher.workers.view('a')?.problem).toMatch(
      /^A keeps returning videos without converting them\..*device\.pem/,
    );
    for (let n = 0; n < 60; n++) {
      const grant = await lease('b');
      pass(20_000);
      dispatcher.giveBack(leaseOf(grant), { kind: 'released' }, 'b');
    }
    const kept = ['1.mp4', '2.mp4', '3.mp4', '4.mp4'].map((name) => attempts(name).length);
    expect(Math.max(...kept)).toBe(30);
    expect(state('1.mp4')).toBe('queued');
  });
});

it('tells how many results wait while another one is checked', async () => {
  const { dispatcher, lease, eventsOf } = await makeMaster(['1.mp4', '2.mp4', '3.mp4']);
  const grants = [leaseOf(await lease('a')), leaseOf(await lease('a')), leaseOf(await lease('b'))] as const;
  dispatcher.claim(grants[0]).setStage('checking');
  expect(dispatcher.awaitingCheck).toBe(0);
  const before = eventsOf('progress').length;
  const waiting = grants.slice(1).map((grant) => dispatcher.claim(grant));
  expect(dispatcher.awaitingCheck).toBe(2);
  expect(eventsOf('progress')).toHaveLength(before + 2);
  waiting[0]?.unclaim();
  expect(dispatcher.awaitingCheck).toBe(1);
});

describe('a task that is open without being held', () => {
  it('gets a fresh term at the next beat, and is lost like any other', async () => {
    const { dispatcher, lease, pass, attempts, state } = await makeMaster(['one.mp4']);
    const grant = leaseOf(await lease('a'));
    dispatcher.release(grant);
    expect(dispatcher.running).toEqual([]);
    pass(LEASE_TERMS.beat);
    expect(dispatcher.running).toMatchObject([{ task: grant.task, workerId: 'a' }]);
    pass(LEASE_TERMS.expire);
    expect([state('one.mp4'), attempts('one.mp4')]).toEqual(['queued', ['A interrupted']]);
  });

  it('of a worker that is gone, or whose result was lost here, is given out or wanted again', async () => {
    const { dispatcher, lease, pass, jobs, members, state } = await makeMaster(['one.mp4', 'two.mp4']);
    const [one, two] = [await lease('a'), await lease('b')];
    jobs.apply(one.file, 'deliver');
    for (const grant of [one, two]) dispatcher.release(leaseOf(grant));
    members.splice(2, 1);
    pass(LEASE_TERMS.beat);
    expect(state(two.path)).toBe('queued');
    expect(dispatcher.claim(leaseOf(one)).requireHeld()).toMatchObject({ state: 'leased', worker: 'a' });
  });
});

it('keeps with each attempt by which encoder it was made', async () => {
  const { dispatcher, lease, jobs, members } = await makeMaster(['one.mp4']);
  const [, a, b] = members;
  for (const [member, svtav1] of [
    [a, 'SVT-AV1 1.4.1'],
    [b, 'SVT-AV1 4.2.0'],
  ] as const) {
    if (!member) throw new Error('no worker');
    member.hello = helloOf(member.id);
    member.hello.computer.ffmpeg.svtav1 = svtav1;
    dispatcher.giveBack(leaseOf(await lease(member.id)), FAILED, member.id);
  }
  const { file } = await lease('here');
  expect(jobs.attempts(file).map(({ encoder }) => encoder)).toEqual(['SVT-AV1 1.4.1', 'SVT-AV1 4.2.0', null]);
});

describe('a video that its user wants to be converted despite a rule', () => {
  it('is granted without that rule, until it changes', async () => {
    const { ctx, lease, files } = await makeMaster(['one.mp4', 'two.mp4', 'three.mp4']);
    const batches = new BulkUpdates(ctx.db);
    batches.setOverrides(1, ['damaged']);
    batches.setOverrides(2, ['no-savings']);
    const grants = [await lease('a'), await lease('b'), await lease('here')];
    const wishes = new Map(grants.map((grant) => [grant.file, grant]));
    expect([1, 2, 3].map((id) => wishes.get(id)?.convertDamaged)).toEqual([true, false, false]);
    const isUseless = (id: number) => (wishes.get(id)?.uselessAt ?? 0) <= (wishes.get(id)?.size ?? 0);
    expect([1, 2, 3].map(isUseless)).toEqual([true, false, true]);
    files.setVersion(1, { path: 'one.mp4', inode: '1', version: 'another', size: 1, mtime: 1, settles: null });
    expect(files.get(1)?.overrides).toEqual([]);
  });

  it('needs every rule overruled that would skip it, and is not offered what was tried', async () => {
    const { ctx, files, jobs, library } = await makeMaster(['one.mp4', 'two.mp4']);
    const batches = new BulkUpdates(ctx.db);
    const row = () => {
      const found = files.at(library.id, 'one.mp4');
      if (!found?.probe) throw new Error('no video');
      return { ...found, probe: found.probe };
    };
    const { hash, probe } = row();
    const streams = probe.streams.map((s) => (s.type === 'video' ? { ...s, hdr10Plus: true as const } : s));
    files.setProbe(row().id, hash ?? '', { ...probe, streams });
    expect(overridesFor(ctx, row())).toBeNull();
    jobs.apply(row().id, 'skip', { code: 'hard-linked', reason: 'The file has 2 hard links.' });
    expect(overridesFor(ctx, row())).toEqual(['hard-linked', 'hdr10-plus']);
    batches.setOverrides(row().id, ['hard-linked', 'hdr10-plus']);
    expect(overridesFor(ctx, row())).toBeNull();
    jobs.apply(row().id, 'skip', { code: 'unreadable', reason: 'There is nothing to see.' });
    expect(overridesFor(ctx, row())).toBeNull();
  });
});

describe('a video with teletext', () => {
  /** Of two videos the first has teletext, which `b` alone can read. */
  async function makeFleet() {
    const master = await makeMaster(['told.ts', 'plain.mkv']);
    const { files, library, members, dispatcher } = master;
    const row = files.at(library.id, 'told.ts');
    if (!row?.hash || !row.probe) throw new Error('no video');
    const text: Stream = { index: 9, type: 'subtitle', codec: 'dvb_teletext', teletext: [{ page: '888' }] };
    files.setProbe(row.id, row.hash, { ...row.probe, streams: [...row.probe.streams, text] });
    for (const member of members) {
      member.hello = helloOf(member.id);
      member.hello.computer.ffmpeg.teletext = member.id === 'b';
    }
    for (const id of ['here', 'a']) dispatcher.onConnected(id, true);
    return master;
  }

  it('is left to the worker that can read it', async () => {
    const { dispatcher, lease } = await makeFleet();
    dispatcher.onConnected('b', true);
    expect((await lease('a')).path).toBe('plain.mkv');
    expect((await lease('b')).plan.streams.at(-1)).toMatchObject({ action: 'teletext', page: '888' });
  });

  it('is skipped where none can, with the reason, and queued again when one comes that can', async () => {
    const { dispatcher, files, library, lease, state } = await makeFleet();
    expect((await lease('a')).path).toBe('plain.mkv');
    const { code, reason } = files.at(library.id, 'told.ts') ?? {};
    expect([code, reason]).toEqual(['old-ffmpeg', expect.stringContaining('libzvbi')]);
    dispatcher.onConnected('a', true);
    expect(state('told.ts')).toBe('skipped');
    dispatcher.onConnected('b', true);
    expect((await lease('b')).path).toBe('told.ts');
  });
});

describe('a video in a codec that not every ffmpeg decodes', () => {
  /** Of three videos one is H.265 with AAC and one H.264 with DTS; each worker decodes what is listed. */
  async function makeFleet(decoders: Record<string, string[] | undefined>) {
    const master = await makeMaster(['hevc.mkv', 'dts.mkv', 'plain.mkv']);
    const { files, library, members } = master;
    const change = (name: string, codec: string, sound: Partial<AudioStream>) => {
      const row = files.at(library.id, name);
      const [video] = row?.probe?.streams ?? [];
      if (!row?.hash || !row.probe || video?.type !== 'video') throw new Error('no video');
      const audio: AudioStream = { index: 1, type: 'audio', channels: 2, ...sound };
      files.setProbe(row.id, row.hash, { ...row.probe, streams: [{ ...video, codec }, audio] });
    };
    change('hevc.mkv', 'hevc', { codec: 'aac' });
    change('dts.mkv', 'h264', { codec: 'dts' });
    for (const member of members) {
      member.hello = helloOf(member.id);
      const told = decoders[member.id];
      if (told) member.hello.computer.ffmpeg.decoders = told;
      else delete member.hello.computer.ffmpeg.decoders;
    }
    return master;
  }
  const FEW = ['aac', 'h264'];

  it('is left to the worker that can, or does not tell, while that one is there', async () => {
    for (const all of [['aac', 'dts', 'h264', 'hevc'], undefined]) {
      const { dispatcher, lease } = await makeFleet({ here: FEW, a: FEW, b: all });
      for (const id of ['here', 'a', 'b']) dispatcher.onConnected(id, true);
      expect((await lease('a')).path).toBe('plain.mkv');
      expect(await dispatcher.lease('here', false)).toBeNull();
      expect([(await lease('b')).path, (await lease('b')).path].sort()).toEqual(['dts.mkv', 'hevc.mkv']);
    }
  });

  it('is skipped where none can, by the name of the codec, and queued again when one comes that can', async () => {
    const { dispatcher, files, library, lease, state } = await makeFleet({ here: FEW, a: FEW, b: ['h264', 'dts'] });
    for (const id of ['here', 'a']) dispatcher.onConnected(id, true);
    expect((await lease('a')).path).toBe('plain.mkv');
    const told = ['hevc.mkv', 'dts.mkv'].map((name) => files.at(library.id, name)?.reason);
    const rest = 'which ffmpeg 5.1 of A cannot decode; install a full build of ffmpeg and retry it.';
    expect(told).toEqual([`The video is HEVC, ${rest}`, `Audio track 1 is DTS, ${rest}`]);
    expect(files.at(library.id, 'hevc.mkv')?.code).toBe('old-ffmpeg');
    dispatcher.onConnected('b', true);
    expect([state('hevc.mkv'), state('dts.mkv')]).toEqual(['skipped', 'queued']);
    expect((await lease('b')).path).toBe('dts.mkv');
  });

  it('is left by none of two that lack something, where each has what the other lacks', async () => {
    const { dispatcher, files, library, lease } = await makeFleet({ here: ['h264'], a: ['hevc', 'h264'], b: FEW });
    const hevc = files.at(library.id, 'hevc.mkv');
    for (const id of ['here', 'a', 'b']) dispatcher.onConnected(id, true);
    expect((await lease('b')).path).toBe('plain.mkv');
    expect(files.at(library.id, 'hevc.mkv')).toMatchObject({ state: 'skipped', code: 'old-ffmpeg', id: hevc?.id });
  });

  it('goes to the one that can where what the others have more of is not decoded for it', async () => {
    const { dispatcher, ctx, lease } = await makeFleet({ here: ['h264'], a: ['aac', 'h264'], b: ['hevc', 'h264'] });
    for (const id of ['here', 'a', 'b']) dispatcher.onConnected(id, true);
    const settings = { ...ctx.settings(), skipAudioTranscode: true };
    vi.spyOn(ctx, 'settings').mockReturnValue(settings);
    expect((await lease('a')).path).toBe('dts.mkv');
    expect((await lease('b')).path).toBe('hevc.mkv');
  });

  it('is skipped where the master itself cannot decode it, and so not prove it', async () => {
    const { dispatcher, ctx, files, library, lease } = await makeFleet({});
    for (const id of ['here', 'a', 'b']) dispatcher.onConnected(id, true);
    const caps = { ...(await ctx.caps()), version: '7.1', decoders: FEW };
    vi.spyOn(ctx, 'caps').mockResolvedValue(caps);
    expect((await lease('b')).path).toBe('plain.mkv');
    expect(files.at(library.id, 'hevc.mkv')?.reason).toMatch(/^The video is HEVC, which ffmpeg 7\.1 of this computer/);
  });

  it('is left to the worker that can, even if an older Flotilla analyzed it', async () => {
    const { dispatcher, db, lease } = await makeFleet({ a: FEW });
    for (const id of ['here', 'a', 'b']) dispatcher.onConnected(id, true);
    db.exec('UPDATE files SET needs = NULL');
    expect((await lease('a')).path).toBe('plain.mkv');
    expect((await lease('b')).path).toBe('hevc.mkv');
  });
});

describe('a video whose Dolby Vision is to be kept', () => {
  const colour = { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084' };
  const dolbyVision = { profile: 8, compatibility: 1 };

  /** Of two videos the first is Dolby Vision, and `a` has an old ffmpeg, `b` a new one. */
  async function makeFleet() {
    const master = await makeMaster(['dolby.mkv', 'plain.mkv']);
    const { files, library, members, dispatcher } = master;
    const row = files.at(library.id, 'dolby.mkv');
    const [video] = row?.probe?.streams ?? [];
    if (!row?.hash || !row.probe || video?.type !== 'video') throw new Error('no video');
    files.setProbe(row.id, row.hash, { ...row.probe, streams: [{ ...video, colour, dolbyVision }] });
    for (const member of members) {
      member.hello = helloOf(member.id);
      member.hello.computer.ffmpeg.dolbyVisionCoding = member.id === 'b';
    }
    for (const id of ['here', 'a']) dispatcher.onConnected(id, true);
    return master;
  }

  it('is left to the worker that can while that one is connected, and others get other videos', async () => {
    const { dispatcher, lease, state } = await makeFleet();
    dispatcher.onConnected('b', true);
    expect((await lease('a')).path).toBe('plain.mkv');
    expect(await dispatcher.lease('here', false)).toBeNull();
    expect(state('dolby.mkv')).toBe('queued');
    const grant = await lease('b');
    expect(grant).toMatchObject({ path: 'dolby.mkv', plan: { streams: [{ dolbyVision: 1 }] } });
  });

  it('is skipped where none can, with the reason, and queued again when one comes that can', async () => {
    const { dispatcher, lease, state, files, library } = await makeFleet();
    expect((await lease('a')).path).toBe('plain.mkv');
    const { code, reason } = files.at(library.id, 'dolby.mkv') ?? {};
    expect([code, reason]).toEqual(['old-ffmpeg', expect.stringMatching(/Dolby Vision.*ffmpeg 7\.1 or newer/)]);
    dispatcher.onConnected('a', true);
    expect(state('dolby.mkv')).toBe('skipped');
    dispatcher.onConnected('b', true);
    expect((await lease('b')).path).toBe('dolby.mkv');
  });

  it('goes to any worker where its base layer alone is kept', async () => {
    const { dispatcher, lease, ctx } = await makeFleet();
    dispatcher.onConnected('b', true);
    const settings = { ...ctx.settings(), dynamicHdr: 'base-layer' as const };
    vi.spyOn(ctx, 'settings').mockReturnValue(settings);
    expect(await lease('a')).toMatchObject({ path: 'dolby.mkv', plan: { streams: [{ baseLayer: true }] } });
  });
});
