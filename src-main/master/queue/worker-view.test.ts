import { describe, expect, it } from 'vitest';
import type { WorkerView } from '../../../src-shared/contract/fleet-view.ts';
import { WORKER_DEFAULTS } from '../../../src-shared/fleet/worker-info.ts';
import type { Member } from './member.ts';
import { type WorkerStatus, workerState, workerView } from './worker-view.ts';

const MEMBER: Member = {
  id: 'a',
  name: 'attic',
  local: false,
  mode: 'active',
  settings: WORKER_DEFAULTS,
  hello: null,
  addedAt: 1,
  seenAt: null,
};
const TASK = { task: 1, file: 1, library: 1, path: 'one.mp4' } as WorkerView['running'][number];

/** A connected worker without work, but for these differences. */
const status = (differences: Partial<WorkerStatus> = {}): WorkerStatus => ({
  member: MEMBER,
  connected: true,
  yielding: null,
  load: null,
  fault: undefined,
  allPaused: false,
  gone: false,
  suspect: false,
  running: [],
  helping: [],
  ...differences,
});
const busy = { running: [TASK] };
const paused = { member: { ...MEMBER, mode: 'paused' as const } };
const draining = { member: { ...MEMBER, mode: 'draining' as const } };
const onBattery = { yielding: { cause: 'battery', held: false } as const };
const held = { yielding: { cause: 'battery', held: true } as const };
const restedByUser = { yielding: { cause: 'user', held: true } as const };
const atFault = { fault: 'Its disk is full.' };

describe('workerState', () => {
  it.each([
    ['idle', 'is connected and has no work', {}],
    ['working', 'has work', busy],
    ['offline', 'is not connected and holds nothing', { connected: false, gone: true }],
    ['offline', 'is not connected and was silent for some heartbeats', { connected: false, gone: true, ...busy }],
    ['working', 'is not connected but its lease is fresh', { connected: false, ...busy }],
    ['suspect', 'has not renewed its lease, whatever else', { suspect: true, ...busy, ...paused, ...atFault }],
    ['paused', 'is paused by a user', { ...paused, ...busy }],
    ['paused', 'is paused with all others', { allPaused: true, ...busy }],
    ['paused', 'is paused, which hides its fault', { ...paused, ...atFault }],
    ['waiting', 'is at fault', atFault],
    ['waiting', 'is at fault and yields', { ...atFault, ...onBattery }],
    ['yielding', 'yields without work', onBattery],
    ['working', 'yields after its current work', { ...onBattery, ...busy }],
    ['yielding', 'yields with its work suspended', { ...held, ...busy }],
    ['paused', 'rests as its own user wishes', { ...restedByUser, ...busy }],
    ['working', 'drains and has work', { ...draining, ...busy }],
    ['paused', 'has drained', draining],
  ] as const)('is %s when a worker %s', (state, _, differences) => {
    expect(workerState(status(differences as Partial<WorkerStatus>))).toBe(state);
  });
});

describe('workerView', () => {
  const problemOf = (differences: Partial<WorkerStatus>) =>
    workerView(status(differences), { storage: [], done: 2, failed: 1 }).problem;

  it('gives the reason that belongs to the state', () => {
    expect(problemOf({})).toBeNull();
    expect(problemOf({ connected: false })).toBeNull();
    expect(problemOf(atFault)).toBe('Its disk is full.');
    expect(problemOf({ ...paused, ...atFault })).toBe('Paused by you.');
    expect(problemOf({ allPaused: true })).toBe('Paused by you.');
    expect(problemOf({ ...draining, ...busy })).toBe('Draining at your request.');
    expect(problemOf({ suspect: true, ...busy })).toMatch(/^attic isn't responding\./);
    expect(problemOf(onBattery)).toMatch(/battery/);
  });

  it('leaves out the decoders of a computer, and keeps everything else', () => {
    const hello = { name: 'attic', computer: { cores: 4, ffmpeg: { version: '7.1', decoders: ['h264', 'hevc'] } } };
    const member = { ...MEMBER, hello: hello as unknown as Member['hello'] };
    const view = workerView(status({ member, ...busy }), { storage: [], done: 2, failed: 1 });
    expect(view.hello).toEqual({ name: 'attic', computer: { cores: 4, ffmpeg: { version: '7.1' } } });
    expect(view).toMatchObject({ id: 'a', connected: true, done: 2, failed: 1, running: [TASK] });
  });
});
