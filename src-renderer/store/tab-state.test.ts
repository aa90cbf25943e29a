import { describe, expect, it } from 'vitest';
import type { Live } from '../../src-shared/contract/index.ts';
import type { Progress } from '../../src-shared/jobs/lease.ts';
import { tabStatus } from './tab-state.ts';

const task = (progress: Progress) => ({
  task: 1,
  file: 1,
  library: 1,
  path: 'a.mkv',
  worker: 'w',
  workerId: 'w',
  progress,
});
const live = (parts: Partial<Live>) =>
  ({ running: [], stages: {}, workers: [], problems: [], paused: null, ...parts }) as unknown as Live;

describe('the state in the tab', () => {
  it('is idle while nothing is known or runs, and asks for attention where there is a problem', () => {
    expect(tabStatus(null)).toEqual({ state: 'idle', percent: null });
    expect(tabStatus(live({}))).toEqual({ state: 'idle', percent: null });
    const problems = [{ id: 'queue' }] as unknown as Live['problems'];
    expect(tabStatus(live({ problems })).state).toBe('attention');
  });

  it('is the mean of all running conversions, each over all its stages', () => {
    const stages = { encoding: 50, checking: 50 };
    const running = [task({ stage: 'encoding', share: 0 }), task({ stage: 'replacing', share: 1 })];
    const { state, percent } = tabStatus(live({ running, stages }));
    expect(state).toBe('working');
    expect(percent).toBeGreaterThan(45);
    expect(percent).toBeLessThan(60);
  });

  it('says paused also while conversions run to their end', () => {
    const running = [task({ stage: 'encoding', share: 0.5 })];
    expect(tabStatus(live({ running, paused: 'Paused by you.' })).state).toBe('paused');
  });
});
