import { describe, expect, it } from 'vitest';
import { type FileState, type JobEvent, type JobState, type TaskState, transition } from './job.ts';

type Three = [file: FileState, job: JobState, task: TaskState];
/** What a queued file, its job and its task are after the events; each event must be possible for all three. */
const walk = (...events: JobEvent[]): Three =>
  events.reduce<Three>(
    ([file, job, task], event) => [
      transition('file', file, event),
      transition('job', job, event),
      transition('task', task, event),
    ],
    ['queued', 'queued', 'ready'],
  );

describe('the way of a file', () => {
  it.each<[FileState, JobEvent, FileState]>([
    ['found', 'queue', 'queued'],
    ['found', 'skip', 'skipped'],
    ['found', 'block', 'blocked'],
    ['found', 'fail', 'failed'],
    ['found', 'change', 'found'],
  ])('before it has a job: %s, %s, %s', (state, event, next) => expect(transition('file', state, event)).toBe(next));

  it.each<[JobEvent[], Three]>([
    // One whole job's way, step by step.
    [[], ['queued', 'queued', 'ready']],
    [['lease'], ['running', 'leased', 'leased']],
    [
      ['lease', 'deliver'],
      ['running', 'leased', 'delivered'],
    ],
    [
      ['lease', 'deliver', 'swap'],
      ['running', 'swapping', 'delivered'],
    ],
    [
      ['lease', 'deliver', 'swap', 'complete'],
      ['done', 'done', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'complete', 'restore'],
      ['skipped', 'restored', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'complete', 'restore', 'skip'],
      ['skipped', 'restored', 'closed'],
    ],
    // Given back at each step, and leased again.
    [
      ['lease', 'release'],
      ['queued', 'queued', 'ready'],
    ],
    [
      ['lease', 'deliver', 'release'],
      ['queued', 'queued', 'ready'],
    ],
    [
      ['lease', 'deliver', 'swap', 'release'],
      ['queued', 'queued', 'ready'],
    ],
    [
      ['lease', 'release', 'lease', 'deliver'],
      ['running', 'leased', 'delivered'],
    ],
    // Delivered again, because the master lost the result.
    [
      ['lease', 'deliver', 'reopen', 'deliver'],
      ['running', 'leased', 'delivered'],
    ],
    // Ended otherwise.
    [['skip'], ['skipped', 'skipped', 'closed']],
    [['block'], ['blocked', 'blocked', 'closed']],
    [
      ['lease', 'skip'],
      ['skipped', 'skipped', 'closed'],
    ],
    [
      ['lease', 'block'],
      ['blocked', 'blocked', 'closed'],
    ],
    [
      ['lease', 'fail'],
      ['failed', 'failed', 'closed'],
    ],
    [
      ['lease', 'deliver', 'skip'],
      ['skipped', 'skipped', 'closed'],
    ],
    [
      ['lease', 'deliver', 'block'],
      ['blocked', 'blocked', 'closed'],
    ],
    [
      ['lease', 'deliver', 'fail'],
      ['failed', 'failed', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'block'],
      ['blocked', 'blocked', 'closed'],
    ],
    // The user's wish afterwards.
    [
      ['skip', 'skip'],
      ['skipped', 'skipped', 'closed'],
    ],
    [
      ['block', 'skip'],
      ['skipped', 'skipped', 'closed'],
    ],
    [
      ['lease', 'fail', 'skip'],
      ['skipped', 'skipped', 'closed'],
    ],
    [
      ['skip', 'queue'],
      ['queued', 'queued', 'ready'],
    ],
    [
      ['block', 'queue'],
      ['queued', 'queued', 'ready'],
    ],
    [
      ['lease', 'fail', 'queue', 'lease'],
      ['running', 'leased', 'leased'],
    ],
    // Another version of the file, at each step.
    [['change'], ['found', 'superseded', 'closed']],
    [
      ['lease', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['lease', 'deliver', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['skip', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['block', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['lease', 'fail', 'change'],
      ['found', 'superseded', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'complete', 'change'],
      ['found', 'done', 'closed'],
    ],
    [
      ['lease', 'deliver', 'swap', 'complete', 'restore', 'change'],
      ['found', 'restored', 'closed'],
    ],
  ])('%j', (events, states) => expect(walk(...events)).toEqual(states));
});

describe('refused', () => {
  const DONE: JobEvent[] = ['lease', 'deliver', 'swap', 'complete'];
  it.each<[string, JobEvent[], JobEvent]>([
    ['a second lease', ['lease'], 'lease'],
    ['a delivery without a lease', [], 'deliver'],
    ['a late delivery after a release', ['lease', 'release'], 'deliver'],
    ['a second delivery', ['lease', 'deliver'], 'deliver'],
    ['a swap without a result', ['lease'], 'swap'],
    ['a second swap', ['lease', 'deliver', 'swap'], 'swap'],
    ['a late delivery during a swap', ['lease', 'deliver', 'swap'], 'deliver'],
    ['the end of a swap that never began', ['lease', 'deliver'], 'complete'],
    ['a skip during a swap', ['lease', 'deliver', 'swap'], 'skip'],
    ['a failure during a swap', ['lease', 'deliver', 'swap'], 'fail'],
    ['a late delivery of what is done', DONE, 'deliver'],
    ['a late release of what is done', DONE, 'release'],
    ['a late failure of what is done', DONE, 'fail'],
    ['a lease of what is done', DONE, 'lease'],
    ['a second completion', DONE, 'complete'],
    ['a second restore', [...DONE, 'restore'], 'restore'],
    ['a restore before a swap', ['lease'], 'restore'],
    ['a late delivery of what was skipped', ['lease', 'skip'], 'deliver'],
    ['a late swap of what was skipped', ['lease', 'deliver', 'skip'], 'swap'],
    ['a late delivery of what failed', ['lease', 'fail'], 'deliver'],
    ['a late delivery of another version', ['lease', 'change'], 'deliver'],
    ['a late swap of another version', ['lease', 'deliver', 'change'], 'swap'],
    ['a lease of a blocked file', ['block'], 'lease'],
    ['queueing twice', [], 'queue'],
  ])('%s', (_, events, late) => {
    expect(() => walk(...events)).not.toThrow();
    expect(() => walk(...events, late)).toThrow(`${late} is not possible`);
  });

  it('with the kind, the state and the event', () => {
    expect(() => transition('task', 'ready', 'deliver')).toThrow('task is ready: deliver is not possible');
  });
});

it.each<JobEvent>(['queue', 'lease', 'deliver', 'release', 'swap', 'complete', 'skip', 'block', 'fail', 'restore'])(
  'no %s of a superseded job',
  (event) => expect(() => transition('job', 'superseded', event)).toThrow('job is superseded'),
);
