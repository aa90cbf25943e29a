import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Note, NotificationBatcher } from './notification-batcher.ts';

const done = { path: 'Videos/Night ferry.mkv', state: 'done', reason: null, sourceSize: 3e9, resultSize: 1e9 };
const failed = {
  path: 'Videos/Old tape.mpg',
  state: 'failed',
  reason: 'It is cut off.',
  sourceSize: null,
  resultSize: null,
};

describe('notifications', () => {
  let notes: Note[];
  let digest: NotificationBatcher;
  beforeEach(() => {
    vi.useFakeTimers();
    notes = [];
    digest = new NotificationBatcher((note) => notes.push(note));
  });
  afterEach(() => vi.useRealTimers());

  it('tell once that the queue is finished, with what it brought', () => {
    digest.note(done);
    digest.note(done);
    digest.finished();
    digest.finished();
    expect(notes).toEqual([
      { kind: 'finished', title: 'All videos are done', body: '2 videos converted, 4.00 GB saved.' },
    ]);
  });

  it('say nothing of a queue in which nothing was converted', () => {
    digest.note({ ...done, state: 'skipped' });
    digest.finished();
    expect(notes).toEqual([]);
  });

  it('tell all failures of a minute at once', () => {
    for (let n = 0; n < 3; n += 1) digest.note(failed);
    expect(notes).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(notes).toEqual([
      { kind: 'failed', title: '3 videos need attention', body: 'Latest: Old tape.mpg: It is cut off.' },
    ]);
    digest.note(failed);
    digest.finished();
    expect(notes[1]).toEqual({
      kind: 'failed',
      title: 'A video needs attention',
      body: 'Old tape.mpg: It is cut off.',
    });
  });
});
